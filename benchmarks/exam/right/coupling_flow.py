"""A RealNVP flow: exact likelihood of two moons."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(33)


class Coupling(keras.layers.Layer):
    def __init__(self, flip, **kwargs):
        super().__init__(**kwargs)
        self.flip = flip
        self.body = keras.layers.Dense(24, activation="tanh")
        self.scale = keras.layers.Dense(1, activation="tanh")
        self.shift = keras.layers.Dense(1)

    def call(self, x):
        a, b = tf.split(x, 2, axis=-1)
        if self.flip:
            a, b = b, a
        hidden = self.body(a)
        s, t = self.scale(hidden), self.shift(hidden)
        b = b * tf.exp(s) + t
        out = tf.concat([b, a] if self.flip else [a, b], axis=-1)
        return out, tf.reduce_sum(s, axis=-1)


class Flow(keras.Model):
    def __init__(self, blocks=4):
        super().__init__()
        self.blocks = [Coupling(i % 2 == 1) for i in range(blocks)]
        self.nll = keras.metrics.Mean(name="nll")

    @property
    def metrics(self):
        return [self.nll]

    def call(self, x):
        total = 0.0
        for block in self.blocks:
            x, logdet = block(x)
            total += logdet
        prior = -0.5 * tf.reduce_sum(x**2, axis=-1) - np.log(2 * np.pi)
        return prior + total

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self(data, training=True))
        g = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(g, self.trainable_variables))
        self.nll.update_state(loss)
        return {"nll": self.nll.result()}


rng = np.random.default_rng(33)
t = rng.uniform(0, np.pi, 1000)
side = rng.integers(0, 2, 1000)
pts = np.stack([np.cos(t) * (1 - 2 * side) + side, np.sin(t) * (1 - 2 * side) + 0.5 * side], 1)
pts = (pts + rng.normal(0, 0.08, pts.shape)).astype("float32")
flow = Flow()
flow.compile(keras.optimizers.Adam(3e-3))
history = flow.fit(pts, epochs=10, batch_size=100, verbose=0)
print("loss", history.history["nll"][0])
print("loss", history.history["nll"][-1])
