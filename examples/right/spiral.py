"""Two spirals, told apart by a small network: one list for both calls.

The mended twin of `examples/stuck/spiral.py`.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras


class SpiralNet(keras.Model):
    """Fourier features, two blocks of the same size, and a head."""

    def __init__(self, width=32):
        super().__init__()
        self.frequencies = 6.0 * tf.random.stateless_normal((2, width // 2), seed=(1, 2))
        self.outer = keras.layers.Dense(width, activation="tanh", name="outer")
        self.inner = keras.layers.Dense(width, activation="tanh", name="inner")
        self.head = keras.layers.Dense(1, name="head")

    def call(self, points):
        angles = tf.matmul(points, self.frequencies)
        features = tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
        return self.head(self.outer(self.inner(features)))

    def in_forward_order(self):
        """The variables from the input to the loss."""
        blocks = [self.inner, self.outer, self.head]
        return [variable for block in blocks for variable in block.trainable_variables]


def two_spirals(count, seed):
    random = np.random.default_rng(seed)
    turn = np.sqrt(random.uniform(0.05, 1.0, count)) * 3 * np.pi
    arm = random.integers(0, 2, count)
    angle = turn + np.pi * arm
    points = turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1) / (3 * np.pi)
    points += random.normal(0.0, 0.02, points.shape)
    return points.astype("float32"), arm[:, None].astype("float32")


class Trainer:
    def __init__(self, model, learning_rate=1e-2):
        self.model = model
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.loss_of = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def step(self, points, arm):
        with tf.GradientTape() as tape:
            loss = self.loss_of(arm, self.model(points, training=True))
        gradients = tape.gradient(loss, self.model.in_forward_order())
        gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
        self.optimizer.apply_gradients(zip(gradients, self.model.in_forward_order()))
        return loss

    def fit(self, batches, epochs):
        for epoch in range(epochs):
            losses = [float(self.step(points, arm)) for points, arm in batches]
            print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")


keras.utils.set_random_seed(7)
points, arm = two_spirals(512, seed=7)
batches = tf.data.Dataset.from_tensor_slices((points, arm)).shuffle(512, seed=7).batch(64)
Trainer(SpiralNet()).fit(batches, epochs=10)
