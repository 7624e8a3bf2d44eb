import numpy as np
import tensorflow as tf
from tensorflow import keras


class Coupling(keras.layers.Layer):
    def __init__(self, hidden, flip, **kwargs):
        super().__init__(**kwargs)
        self.flip = flip
        self.hidden = keras.layers.Dense(hidden, activation="tanh")
        self.out = keras.layers.Dense(2)

    def build(self, shape):
        self.limit = tf.Variable(1.0, name="limit")
        self.hidden.build((None, 1))
        self.out.build((None, self.hidden.units))
        super().build(shape)

    def call(self, x):
        kept, moved = (x[:, 1:], x[:, :1]) if self.flip else (x[:, :1], x[:, 1:])
        shift, raw = tf.split(self.out(self.hidden(kept)), 2, axis=-1)
        log_scale = self.limit * tf.tanh(raw)
        moved = moved * tf.exp(log_scale) + shift
        pair = [moved, kept] if self.flip else [kept, moved]
        return tf.concat(pair, axis=-1), tf.reduce_sum(log_scale, axis=-1)


class Flow(keras.Model):
    def __init__(self, depth=4):
        super().__init__()
        self.steps = [Coupling(16, i % 2 == 1, name=f"coupling_{i}") for i in range(depth)]

    def log_prob(self, x):
        total = 0.0
        for step in self.steps:
            x, log_det = step(x)
            total += log_det
        base = -0.5 * tf.reduce_sum(tf.square(x) + np.log(2 * np.pi), axis=-1)
        return base + total

    def call(self, x):
        return self.log_prob(x)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            nll = -tf.reduce_mean(self.log_prob(data))
        weights = self.trainable_variables
        grads = tape.gradient(nll, weights)
        self.optimizer.apply_gradients(zip(grads, weights))
        return {"nll": nll}


keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
angle = rng.uniform(0, np.pi, 512)
moons = np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.1, (512, 2))
flow = Flow()
flow.compile(optimizer=keras.optimizers.Adam(2e-3))
data = tf.data.Dataset.from_tensor_slices(moons.astype("float32")).shuffle(512, seed=0).batch(64)
history = flow.fit(data, epochs=3, verbose=0)
print("nll", history.history["nll"][-1])
