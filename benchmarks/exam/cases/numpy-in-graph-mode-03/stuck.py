"""Beta-VAE on toy blobs, functional encoder/decoder and an own train_step with metrics."""
import argparse
import math

import numpy as np
import tensorflow as tf

keras = tf.keras
layers = tf.keras.layers


def build_encoder(dim, latent):
    inp = keras.Input((dim,), name="x")
    h = layers.Dense(32, activation="swish", name="enc_hidden")(inp)
    mean = layers.Dense(latent, name="z_mean")(h)
    log_var = layers.Dense(latent, name="z_log_var")(h)
    return keras.Model(inp, [mean, log_var], name="encoder")


def build_decoder(dim, latent):
    inp = keras.Input((latent,), name="z")
    h = layers.Dense(32, activation="swish", name="dec_hidden")(inp)
    out = layers.Dense(dim, name="reconstruction")(h)
    return keras.Model(inp, out, name="decoder")


def sample(mean, log_var):
    eps = tf.random.normal(tf.shape(mean))
    return mean + tf.exp(0.5 * log_var) * eps


def kl_to_standard_normal(mean, log_var):
    return -0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mean) - tf.exp(log_var), axis=-1)


class BetaVAE(keras.Model):
    def __init__(self, dim, latent, beta_max=1.0, warmup=20, **kwargs):
        super().__init__(**kwargs)
        self.encoder = build_encoder(dim, latent)
        self.decoder = build_decoder(dim, latent)
        self.beta_max = beta_max
        self.warmup = warmup
        self.seen = tf.Variable(0.0, trainable=False, name="seen")
        self.trackers = {n: keras.metrics.Mean(n) for n in ("loss", "rec", "kl")}

    @property
    def metrics(self):
        return list(self.trackers.values())

    def call(self, x, training=False):
        mean, log_var = self.encoder(x, training=training)
        return self.decoder(mean, training=training)

    def beta(self):
        return self.beta_max * tf.minimum(1.0, self.seen / self.warmup)

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as tape:
            mean, log_var = self.encoder(x, training=True)
            z = sample(mean, log_var)
            rec = self.decoder(z, training=True)
            rec_loss = tf.reduce_mean(tf.reduce_sum(tf.square(x - rec), axis=-1))
            kl_loss = tf.reduce_mean(kl_to_standard_normal(mean, log_var))
            loss = rec_loss + self.beta() * kl_loss
        variables = self.encoder.trainable_variables + self.decoder.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables))
        self.seen.assign_add(1.0)
        for name, value in (("loss", loss), ("rec", rec_loss), ("kl", kl_loss)):
            self.trackers[name].update_state(value.numpy())
        return {name: t.result() for name, t in self.trackers.items()}


def blobs(n, dim, rng):
    centres = rng.normal(scale=2.0, size=(4, dim))
    which = rng.integers(0, 4, n)
    return (centres[which] + 0.3 * rng.normal(size=(n, dim))).astype("float32")


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--latent", type=int, default=2)
    p.add_argument("--batch", type=int, default=32)
    args = p.parse_args(argv)
    keras.utils.set_random_seed(3)
    x = blobs(256, 12, np.random.default_rng(0))
    model = BetaVAE(12, args.latent)
    model.compile(optimizer=keras.optimizers.Adam(3e-3))
    history = model.fit(x, epochs=args.epochs, batch_size=args.batch, verbose=2)
    nats = history.history["loss"][-1] / math.log(2.0)
    print("bits", round(nats, 3))


if __name__ == "__main__":
    main()
