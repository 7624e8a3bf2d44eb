import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(3)
rng = np.random.default_rng(0)


class VAE(tf.keras.Model):
    def __init__(self, latent):
        super().__init__()
        self.latent = latent
        self.enc = tf.keras.layers.Dense(2 * latent, name="enc")
        self.dec = tf.keras.layers.Dense(12, name="dec")

    def encode(self, x):
        return tf.split(self.enc(x), 2, axis=1)

    def sample(self, mean, logvar):
        z = rng.normal(mean, np.exp(0.5 * logvar))
        return tf.cast(z, tf.float32)

    def elbo(self, x):
        mean, logvar = self.encode(x)
        rec = self.dec(self.sample(mean, logvar))
        rec_loss = tf.reduce_mean(tf.reduce_sum(tf.square(rec - x), axis=1))
        kl = -0.5 * tf.reduce_mean(tf.reduce_sum(1 + logvar - mean**2 - tf.exp(logvar), axis=1))
        return rec_loss + 0.1 * kl


vae = VAE(3)
opt = tf.keras.optimizers.Adam(0.01)
x = tf.constant(rng.normal(size=(64, 3)) @ rng.normal(size=(3, 12)), tf.float32)
for epoch in range(12):
    with tf.GradientTape() as tape:
        loss = vae.elbo(x)
    grads = tape.gradient(loss, vae.trainable_variables)
    opt.apply_gradients(zip(grads, vae.trainable_variables))
print("elbo", float(loss))
