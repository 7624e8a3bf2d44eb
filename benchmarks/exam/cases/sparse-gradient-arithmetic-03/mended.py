"""Matrix factorisation with biases; gradients averaged over micro-batches."""
import logging

import numpy as np
import tensorflow as tf
from tensorflow import keras

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("mf")
USERS, ITEMS, RANK = 40, 30, 4


class Factors(tf.Module):
    def __init__(self):
        super().__init__(name="factors")
        init = tf.random_normal_initializer(stddev=0.3, seed=7)
        self.user = tf.Variable(init([USERS, RANK]), name="user")
        self.item = tf.Variable(init([ITEMS, RANK]), name="item")
        self.user_bias = tf.Variable(tf.zeros([USERS]), name="user_bias")
        self.mean = tf.Variable(0.0, name="mean")

    def score(self, u, i):
        pu, qi = tf.nn.embedding_lookup(self.user, u), tf.nn.embedding_lookup(self.item, i)
        return tf.reduce_sum(pu * qi, 1) + tf.gather(self.user_bias, u) + self.mean


class Accumulator:
    def __init__(self, variables, every):
        self.variables, self.every, self.count = variables, every, 0
        self.sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def add(self, grads):
        for total, g in zip(self.sums, grads):
            total.assign_add(tf.convert_to_tensor(g))
        self.count += 1
        return self.count == self.every

    def drain(self):
        out = [tf.identity(s) / self.every for s in self.sums]
        for s in self.sums:
            s.assign(tf.zeros_like(s))
        self.count = 0
        return out


def ratings(rng, n):
    u, i = rng.integers(0, USERS, n), rng.integers(0, ITEMS, n)
    left, right = rng.normal(0, 1, (USERS, 2)), rng.normal(0, 1, (ITEMS, 2))
    r = (left[u] * right[i]).sum(1) + 3.0 + rng.normal(0, 0.1, n)
    return u.astype("int32"), i.astype("int32"), r.astype("float32")


def main():
    rng = np.random.default_rng(7)
    u, i, r = ratings(rng, 1024)
    model = Factors()
    variables = list(model.trainable_variables)
    optimizer = keras.optimizers.Adam(0.05)
    accumulator = Accumulator(variables, every=2)
    for epoch in range(4):
        total = 0.0
        for k in range(0, 1024, 64):
            with tf.GradientTape() as tape:
                error = model.score(u[k:k + 64], i[k:k + 64]) - r[k:k + 64]
                loss = tf.reduce_mean(tf.square(error)) + 1e-3 * tf.nn.l2_loss(model.item)
            if accumulator.add(tape.gradient(loss, variables)):
                optimizer.apply_gradients(zip(accumulator.drain(), variables))
            total += float(loss)
        log.info("epoch %d loss %.4f", epoch, total / 16)


main()
