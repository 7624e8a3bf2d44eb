import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)
X = rng.normal(size=(320, 4)).astype("float32")
Y = (X @ np.array([[1.0], [2.0], [3.0], [-1.0]])).astype("float32")


def batches(size):
    order = rng.permutation(len(X))
    for i in range(0, len(X), size):
        yield X[order[i : i + size]], Y[order[i : i + size]]


model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.02)
loss_fn = tf.keras.losses.MeanSquaredError()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


def fit(data, epochs):
    for epoch in range(epochs):
        mean = tf.keras.metrics.Mean()
        for x, y in data:
            mean.update_state(train_step(x, y))
        print("epoch", epoch, "loss", float(mean.result()))


fit(batches(32), epochs=6)
