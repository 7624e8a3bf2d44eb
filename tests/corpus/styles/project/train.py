"""Puts the parts together."""

import keras
import numpy as np
import tensorflow as tf

from project.networks import build
from project.objectives import apply_update, squared


class Experiment:
    def __init__(self, rate=1e-2):
        self.model = build(widths=(12,))
        self.optimizer = keras.optimizers.Adam(rate)
        self.loss_metric = keras.metrics.Mean()

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = squared(self.model, x, y, training=True)
        apply_update(self.optimizer, tape, loss, self.model.trainable_variables)
        self.loss_metric.update_state(loss)

    def run(self, data, epochs=3):
        for epoch in range(epochs):
            self.loss_metric.reset_state()
            for x, y in data:
                self.step(x, y)
            print(epoch, float(self.loss_metric.result()))


if __name__ == "__main__":
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = x[:, :1] * 2.0
    Experiment().run(tf.data.Dataset.from_tensor_slices((x, y)).batch(16))
