import numpy as np
import tensorflow as tf


class Learner:
    def __init__(self, rate=0.01):
        self.enc = tf.keras.Sequential(
            [tf.keras.layers.Input((6,)), tf.keras.layers.Dense(12, activation="tanh", name="enc")]
        )
        self.head = tf.keras.Sequential([tf.keras.layers.Input((12,)), tf.keras.layers.Dense(1, name="head")])
        self.enc.trainable = False
        self.params = self.collect()
        self.rate = rate
        self.velocity = {}

    def collect(self):
        return self.enc.trainable_variables + self.head.trainable_variables

    def unfreeze(self):
        self.enc.trainable = True

    def momentum_step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.head(self.enc(x)) - y) ** 2)
        for p, g in zip(self.params, tape.gradient(loss, self.params)):
            v = 0.9 * self.velocity.get(id(p), tf.zeros_like(g)) + g
            self.velocity[id(p)] = v
            p.assign_sub(self.rate * v)
        return loss


def main():
    tf.keras.utils.set_random_seed(21)
    x = np.random.randn(128, 6).astype("float32")
    y = np.maximum(x[:, :1], 0) - 0.5 * x[:, 1:2]
    learner = Learner()
    for epoch in range(6):
        if epoch == 3:
            learner.unfreeze()
        for half in range(4):
            rows = slice(32 * half, 32 * half + 32)
            loss = learner.momentum_step(x[rows], y[rows])
        print(f"{epoch} {float(loss):.4f}")


main()
