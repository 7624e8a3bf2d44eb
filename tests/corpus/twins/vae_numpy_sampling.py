import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


class SamplingMixin:
    def reparameterize(self, mean, logvar):
        eps = np.random.normal(size=mean.shape).astype("float32")
        return mean.numpy() + np.exp(logvar.numpy() / 2) * eps  # stuck
        return mean + tf.exp(logvar / 2) * eps  # mended


class VAE(SamplingMixin, tf.keras.Model):
    def __init__(self, dim=2):
        super().__init__()
        self.enc = tf.keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(2 * dim)])
        self.dec = tf.keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(10)])

    def call(self, x, training=False):
        mean, logvar = tf.split(self.enc(x), 2, axis=-1)
        z = self.reparameterize(mean, logvar)
        return self.dec(z), mean, logvar


def elbo(x, outputs):
    recon, mean, logvar = outputs
    kl = -0.5 * tf.reduce_sum(1 + logvar - tf.square(mean) - tf.exp(logvar), -1)
    return tf.reduce_mean(tf.reduce_sum(tf.square(x - recon), -1) + kl)


vae = VAE()
adam = tf.keras.optimizers.Adam()
for epoch in range(3):
    for x in tf.data.Dataset.from_tensor_slices(tf.random.normal((128, 10))).batch(32):
        with tf.GradientTape() as tape:
            loss = elbo(x, vae(x, training=True))
        variables = vae.trainable_variables
        adam.apply_gradients(list(zip(tape.gradient(loss, variables), variables)))
    print(epoch, loss.numpy())
