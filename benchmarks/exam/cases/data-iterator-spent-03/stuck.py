import numpy as np
import tensorflow as tf


def batches(x, y, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        rows = order[start:start + size]
        yield tf.constant(x[rows]), tf.constant(y[rows])


class Matrix(tf.Module):
    def __init__(self, users, items, rank):
        super().__init__()
        self.u = tf.Variable(tf.random.normal((users, rank), stddev=0.1), name="u")
        self.v = tf.Variable(tf.random.normal((items, rank), stddev=0.1), name="v")

    def __call__(self, pairs):
        return tf.reduce_sum(tf.gather(self.u, pairs[:, 0]) * tf.gather(self.v, pairs[:, 1]), axis=-1)


def train(matrix, source, epochs):
    optimizer = tf.keras.optimizers.Adam(2e-2)
    mean = tf.keras.metrics.Mean()
    for epoch in range(epochs):
        mean.reset_state()
        for pairs, rating in source:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((matrix(pairs) - rating) ** 2)
            optimizer.apply_gradients(zip(tape.gradient(loss, matrix.trainable_variables), matrix.trainable_variables))
            mean.update_state(loss)
        print(epoch, float(mean.result()))


tf.random.set_seed(19)
rng = np.random.default_rng(19)
pairs = rng.integers(0, 20, (400, 2)).astype("int32")
rating = np.cos(pairs[:, 0] * 0.3).astype("float32") * np.sin(pairs[:, 1] * 0.3).astype("float32")
train(Matrix(20, 20, 4), batches(pairs, rating, 80, rng), 5)
