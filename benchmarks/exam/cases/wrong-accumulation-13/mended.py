import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(16)
model = tf.keras.Sequential([tf.keras.layers.Input((6,)), tf.keras.layers.Dense(12, activation="tanh", name="tower_in"), tf.keras.layers.Dense(2, name="tower_out")])
optimizer = tf.keras.optimizers.Adam(0.01)
x = np.random.randn(256, 6).astype("float32")
y = np.stack([x[:, 0] - x[:, 1], np.sin(x[:, 2])], axis=1).astype("float32")


def tower_gradients(xb, yb):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(xb) - yb))
    return loss, tape.gradient(loss, model.trainable_variables)


def average_gradients(tower_grads):
    averaged = []
    for grads in zip(*tower_grads):
        averaged.append(tf.reduce_mean(tf.stack(grads), axis=0))
    return averaged


for step in range(120):
    idx = np.random.permutation(256)[:128]
    losses, grads = zip(*[tower_gradients(x[part], y[part]) for part in np.split(idx, 4)])
    optimizer.apply_gradients(zip(average_gradients(grads), model.trainable_variables))
    if step % 30 == 0:
        print(step, float(tf.reduce_mean(losses)))
