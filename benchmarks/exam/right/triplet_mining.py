"""Triplets mined in the batch: a matrix of all distances is meant here."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(89)
embed = keras.Sequential([keras.layers.Input((10,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(8)])
opt = keras.optimizers.Adam(3e-3)


def pairwise(e):
    sq = tf.reduce_sum(e**2, axis=1)
    d = sq[:, None] - 2 * tf.matmul(e, e, transpose_b=True) + sq[None, :]
    return tf.sqrt(tf.maximum(d, 0.0) + 1e-9)


@tf.function
def step(x, y, margin=0.5):
    same = tf.cast(y[:, None] == y[None, :], tf.float32)
    with tf.GradientTape() as tape:
        d = pairwise(embed(x, training=True))
        hardest_positive = tf.reduce_max(d * same, axis=1)
        hardest_negative = tf.reduce_min(d + 1e3 * same, axis=1)
        loss = tf.reduce_mean(tf.nn.softplus(hardest_positive - hardest_negative + margin))
    g = tape.gradient(loss, embed.trainable_variables)
    opt.apply_gradients(zip(g, embed.trainable_variables))
    return loss


rng = np.random.default_rng(89)
centers = rng.normal(size=(6, 10))
losses = []
for i in range(120):
    y = rng.integers(0, 6, 48)
    x = (centers[y] + 0.5 * rng.normal(size=(48, 10))).astype("float32")
    losses.append(float(step(tf.constant(x), tf.constant(y))))
print("loss", np.mean(losses[:10]))
print("loss", np.mean(losses[-10:]))
