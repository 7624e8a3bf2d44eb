import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(93)
x = np.random.randn(90, 4).astype("float32")
y = x.prod(axis=1, keepdims=True)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(12, activation="relu", name="c1"),
                             tf.keras.layers.Dense(1, name="c2")])
optimizer = tf.keras.optimizers.Adam(0.01)
losses = []


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(10):
    losses.append(train_step(x, y).numpy())
    print("epoch", epoch, "loss", losses[-1])
