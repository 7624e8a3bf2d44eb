"""A variational autoencoder with a train_step of its own, trained by fit."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(11)

    def call(self, inputs):
        mean, log_var = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(0.5 * log_var) * noise


class Scale(layers.Layer):
    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones", name="gain")

    def call(self, inputs):
        return inputs * self.gain


class VAE(keras.Model):
    def __init__(self, latent=2, beta=0.1):
        super().__init__()
        self.beta = beta
        self.encoder = layers.Dense(16, activation="relu")
        self.scale = Scale()
        self.mean = layers.Dense(latent)
        self.log_var = layers.Dense(latent)
        self.sampling = Sampling()
        self.decoders = [layers.Dense(16, activation="relu"), layers.Dense(8)]
        self.total = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.total]

    def encode(self, x):
        hidden = self.scale(self.encoder(x))
        return self.mean(hidden), self.log_var(hidden)

    def decode(self, z):
        for layer in self.decoders:
            z = layer(z)
        return z

    def call(self, x, training=False):
        mean, log_var = self.encode(x)
        return self.decode(self.sampling((mean, log_var)) if training else mean)

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as tape:
            mean, log_var = self.encode(x)
            rebuilt = self.decode(self.sampling((mean, log_var)))
            fit = ops.mean(ops.sum(ops.square(x - rebuilt), axis=-1))
            divergence = -0.5 * ops.mean(
                ops.sum(1.0 + log_var - ops.square(mean) - ops.exp(log_var), axis=-1)
            )
            loss = fit + self.beta * divergence
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.total.update_state(loss)
        return {"loss": self.total.result()}


keras.utils.set_random_seed(5)
x = np.random.rand(128, 8).astype("float32")
vae = VAE()
vae.compile(optimizer=keras.optimizers.Adam(3e-3))
vae.fit(x, epochs=3, batch_size=32, verbose=2)
