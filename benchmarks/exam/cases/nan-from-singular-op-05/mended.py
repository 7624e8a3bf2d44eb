"""Siamese network with a contrastive margin, compile and fit."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(40)


class Distance(layers.Layer):
    """Euclidean distance, stretched by a learned temperature."""

    def __init__(self, eps=1e-7, **kw):
        super().__init__(**kw)
        self.eps = eps

    def build(self, shape):
        self.stretch = self.add_weight(shape=(1,), initializer="ones", name="stretch")
        self.built = True

    def call(self, pair):
        a, b = pair
        d = tf.sqrt(tf.reduce_sum(tf.square(a - b), axis=1, keepdims=True) + self.eps)
        return self.stretch * d


def contrastive(margin=1.0):
    def loss(same, distance):
        same = tf.cast(same, distance.dtype)
        near = same * distance
        far = (1.0 - same) * tf.square(tf.maximum(margin - distance, 0.0))
        return tf.reduce_mean(near + far)
    return loss


def build(width):
    tower = keras.Sequential([layers.Dense(width, activation="relu", name="t1"), layers.Dense(width, activation="relu", name="t2"),
                              layers.Dense(8, name="embed")], name="tower")
    left, right = keras.Input((12,), name="left"), keras.Input((12,), name="right")
    out = Distance(name="distance")([tower(left), tower(right)])
    return keras.Model([left, right], out), tower


def pairs(n, rng):
    centre = rng.normal(0, 1, (6, 12))
    a = rng.integers(0, 6, n)
    same = rng.integers(0, 2, n)
    b = np.where(same == 1, a, (a + rng.integers(1, 6, n)) % 6)
    left = centre[a] + rng.normal(0, 0.2, (n, 12))
    right = centre[b] + rng.normal(0, 0.2, (n, 12))
    twins = rng.random(n) < 0.05
    right[twins] = left[twins]
    same[twins] = 1
    return left.astype("float32"), right.astype("float32"), same.astype("float32")[:, None]


left, right, same = pairs(512, np.random.default_rng(40))
model, tower = build(24)
model.compile(optimizer=keras.optimizers.Adam(0.003), loss=contrastive(1.0))
log = model.fit([left, right], same, batch_size=32, epochs=4, verbose=0, validation_split=0.1,
                callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: print(e, {k: round(float(v), 4) for k, v in logs.items()}))])
anchor = tower.predict(left[:4], verbose=0)
print("embedding norm", round(float(np.linalg.norm(anchor, axis=1).mean()), 3))
