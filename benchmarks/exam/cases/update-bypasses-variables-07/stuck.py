"""Reptile on sine waves: a few steps of SGD a task, then a move towards what the task found."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)


class Reptile:
    def __init__(self, inner_lr=0.02, meta_lr=0.5, inner_steps=6):
        self.model = tf.keras.Sequential([
            tf.keras.layers.Input((1,)), tf.keras.layers.Dense(32, activation="tanh"), tf.keras.layers.Dense(1)])
        self.inner_lr, self.meta_lr, self.inner_steps = inner_lr, meta_lr, inner_steps

    def sample_task(self):
        amplitude, phase = rng.uniform(1.0, 2.0), rng.uniform(0, 0.5)
        x = rng.uniform(-3, 3, (20, 1)).astype("float32")
        return x, (amplitude * np.sin(x + phase)).astype("float32")

    def loss(self, x, y):
        return tf.reduce_mean(tf.square(self.model(x) - y))

    def adapt(self, x, y):
        for _ in range(self.inner_steps):
            with tf.GradientTape() as tape:
                loss = self.loss(x, y)
            for v, g in zip(self.model.trainable_variables, tape.gradient(loss, self.model.trainable_variables)):
                v.assign_sub(self.inner_lr * g)
        return loss

    def meta_step(self):
        before = self.model.get_weights()
        x, y = self.sample_task()
        loss = self.adapt(x, y)
        after = self.model.get_weights()
        self.model.set_weights(before)
        for i, (old, new) in enumerate(zip(before, after)):
            before[i] = old + self.meta_lr * (new - old)
        return float(loss)


meta = Reptile()
for i in range(12):
    print("iteration", i, "loss", np.mean([meta.meta_step() for _ in range(4)]))
