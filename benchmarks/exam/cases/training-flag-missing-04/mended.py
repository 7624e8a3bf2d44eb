import dataclasses

import numpy as np
import tensorflow as tf
from tensorflow import keras


@dataclasses.dataclass
class Settings:
    latent: int = 2
    width: int = 24
    rate: float = 3e-3
    beta: float = 0.05
    decay: float = 1e-3


class Sampler(keras.layers.Layer):
    def call(self, inputs):
        mean, logvar = inputs
        return mean + tf.exp(0.5 * logvar) * tf.random.normal(tf.shape(mean))


class Autoencoder(keras.Model):
    def __init__(self, cfg, features):
        super().__init__()
        self.cfg = cfg
        penalty = keras.regularizers.l2(cfg.decay)
        self.hidden = keras.layers.Dense(cfg.width, activation="relu", kernel_regularizer=penalty)
        self.norm = keras.layers.BatchNormalization()
        self.mean = keras.layers.Dense(cfg.latent)
        self.logvar = keras.layers.Dense(cfg.latent)
        self.sampler = Sampler()
        self.decoder = keras.Sequential([keras.layers.Dense(cfg.width, activation="relu", kernel_regularizer=penalty),
                                         keras.layers.Dense(features)])

    def encode(self, x, training=False):
        h = self.norm(self.hidden(x), training=training)
        return self.mean(h), self.logvar(h)

    def call(self, x, training=False):
        mean, logvar = self.encode(x, training=training)
        return self.decoder(self.sampler([mean, logvar])), mean, logvar

    def objective(self, x, training):
        out, mean, logvar = self(x, training=training)
        rebuilt = tf.reduce_mean(tf.reduce_sum(tf.square(out - x), axis=-1))
        divergence = -0.5 * tf.reduce_mean(tf.reduce_sum(1.0 + logvar - tf.square(mean) - tf.exp(logvar), axis=-1))
        return rebuilt + self.cfg.beta * divergence + tf.add_n(self.losses)

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as tape:
            loss = self.objective(x, training=True)
        wanted = self.trainable_variables
        slopes = tape.gradient(loss, wanted)
        slopes, size = tf.clip_by_global_norm(slopes, 5.0)
        self.optimizer.apply_gradients(zip(slopes, wanted))
        return {"loss": loss, "size": size}


keras.utils.set_random_seed(11)
cfg = Settings()
z = np.random.randn(256, 2)
x = np.tanh(z @ np.random.randn(2, 8)).astype("float32")
model = Autoencoder(cfg, 8)
model(x[:2])
model.compile(optimizer=keras.optimizers.Adam(cfg.rate))
history = model.fit(x, epochs=4, batch_size=32, verbose=0)
print([round(float(v), 3) for v in history.history["loss"]])
