import numpy as np
import tensorflow as tf


class Regression:
    def __init__(self, width):
        self.net = tf.keras.Sequential([tf.keras.layers.Input((width,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)])
        self.opt = tf.keras.optimizers.Adam(1e-2)
        self.history = []

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(self.net(x) - y))
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.net.trainable_variables))
        return loss

    def fit(self, x, y):
        for _ in range(10):
            self.history.append(self.step(x, y))
        return np.mean([float(value) for value in self.history])


tf.keras.utils.set_random_seed(23)
x = tf.random.normal((80, 4))
print(Regression(4).fit(x, tf.reduce_max(x, axis=1, keepdims=True)))
