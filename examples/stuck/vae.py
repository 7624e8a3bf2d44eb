"""A variational autoencoder that draws the same noise at every step.

The loss falls, every variable moves, and codes between the known ones decode badly. Ask
gradproof why:

    gradproof run examples/stuck/vae.py
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(9)
FEATURES, CODE = 16, 2


class VAE(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = keras.layers.Dense(32, activation="tanh", name="body")
        self.mean = keras.layers.Dense(CODE, name="mean")
        self.log_variance = keras.layers.Dense(CODE, name="log_variance")
        self.decoder = keras.Sequential(
            [keras.layers.Dense(32, activation="tanh"), keras.layers.Dense(FEATURES)],
            name="decoder",
        )

    def encode(self, batch):
        hidden = self.body(batch)
        return self.mean(hidden), self.log_variance(hidden)

    def call(self, batch):
        mean, log_variance = self.encode(batch)
        noise = np.random.normal(size=(64, CODE)).astype("float32")
        code = mean + tf.exp(0.5 * log_variance) * noise
        return self.decoder(code), mean, log_variance


def loss_of(batch, restored, mean, log_variance):
    error = 0.5 * tf.reduce_sum(tf.square(restored - batch), axis=1) / 0.1
    spread = tf.exp(log_variance)
    divergence = 0.5 * tf.reduce_sum(spread + tf.square(mean) - 1.0 - log_variance, axis=1)
    return tf.reduce_mean(error), tf.reduce_mean(divergence)


model = VAE()
optimizer = keras.optimizers.Adam(3e-3)


@tf.function
def step(batch):
    with tf.GradientTape() as tape:
        restored, mean, log_variance = model(batch, training=True)
        error, divergence = loss_of(batch, restored, mean, log_variance)
        loss = error + divergence
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss, error, divergence


# Bumps of a random place and width: two numbers make all sixteen features.
random = np.random.default_rng(9)
place, width = random.uniform(2, 14, (1024, 1)), random.uniform(1, 3, (1024, 1))
data = np.exp(-(((np.arange(FEATURES) - place) / width) ** 2)).astype("float32")

batches = tf.data.Dataset.from_tensor_slices(data).shuffle(1024, seed=9).batch(64)
for epoch in range(1, 11):
    losses = np.mean([step(batch) for batch in batches], axis=0)
    if epoch % 3 == 1:
        print("epoch {}: loss {:.3f} = error {:.3f} + divergence {:.3f}".format(epoch, *losses))
