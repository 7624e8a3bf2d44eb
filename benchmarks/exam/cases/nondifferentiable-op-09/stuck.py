"""Quantisation-aware training: fake-quantised dense layers, learned step sizes, callbacks."""
from __future__ import annotations

import math
from typing import Any, Callable, Mapping

import numpy as np
import tensorflow as tf

L = tf.keras.layers


def straight_through_round(x):
    return tf.round(x)


def fake_quant(x, step, bits=4):
    low, high = -2 ** (bits - 1), 2 ** (bits - 1) - 1
    scaled = tf.clip_by_value(x / step, float(low), float(high))
    return straight_through_round(scaled) * step


class QuantDense(L.Layer):
    def __init__(self, units: int, bits: int = 4, activation: str | Callable | None = None, **kw: Any):
        super().__init__(**kw)
        self.units, self.bits = units, bits
        self.activation = tf.keras.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(int(input_shape[-1]), self.units), initializer="he_normal")
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros")
        self.step = self.add_weight(name="step", shape=(), initializer=tf.keras.initializers.Constant(0.1))
        super().build(input_shape)

    def call(self, x):
        return self.activation(tf.matmul(x, fake_quant(self.w, self.step, self.bits)) + self.b)

    def get_config(self) -> Mapping[str, Any]:
        return {**super().get_config(), "units": self.units, "bits": self.bits}


def spirals(n=240, seed=0):
    rng = np.random.default_rng(seed)
    t = rng.uniform(0.5, 3.0, n)
    label = rng.integers(0, 2, n)
    angle = t * 2.0 + math.pi * label
    x = np.stack([t * np.cos(angle), t * np.sin(angle)], 1) + 0.05 * rng.normal(size=(n, 2))
    return x.astype("float32"), label.astype("int32")


def build(bits: int) -> tf.keras.Model:
    inputs = tf.keras.Input((2,))
    h = QuantDense(32, bits, "relu", name="q1")(inputs)
    h = QuantDense(32, bits, "relu", name="q2")(h)
    return tf.keras.Model(inputs, QuantDense(2, bits, name="q3")(h))


class Loop:
    def __init__(self, model, optimizer, *, on_epoch: Callable[[int, dict], None] = lambda *_: None):
        self.model, self.optimizer, self.on_epoch = model, optimizer, on_epoch
        self.loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.metric = tf.keras.metrics.SparseCategoricalAccuracy()

    @tf.function
    def batch(self, x, y):
        with tf.GradientTape() as tape:
            logits = self.model(x, training=True)
            loss = self.loss_fn(y, logits)
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        self.metric.update_state(y, logits)
        return loss

    def run(self, data, epochs):
        for e in range(epochs):
            losses = [float(self.batch(x, y)) for x, y in data]
            self.on_epoch(e, {"loss": np.mean(losses), "acc": float(self.metric.result())})


def main():
    tf.keras.utils.set_random_seed(17)
    data = tf.data.Dataset.from_tensor_slices(spirals()).shuffle(240, seed=0).batch(24)
    model = build(bits=4)
    Loop(model, tf.keras.optimizers.Adam(1e-2), on_epoch=lambda e, logs: print(e, logs)).run(data, 2)


if __name__ == "__main__":
    main()
