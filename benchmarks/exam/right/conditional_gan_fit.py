"""A conditional GAN with compile and fit, one train_step for both players."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(66)
LATENT, CLASSES = 4, 3


class ConditionalGAN(keras.Model):
    def __init__(self, discriminator, generator):
        super().__init__()
        self.discriminator = discriminator
        self.generator = generator
        self.gap = keras.metrics.Mean(name="gap")

    @property
    def metrics(self):
        return [self.gap]

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile()
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.loss_fn = loss_fn

    def train_step(self, data):
        points, one_hot = data
        n = tf.shape(points)[0]
        noise = tf.concat([tf.random.normal((n, LATENT)), one_hot], axis=1)
        fake = self.generator(noise)
        both = tf.concat([tf.concat([fake, one_hot], 1), tf.concat([points, one_hot], 1)], axis=0)
        labels = tf.concat([tf.ones((n, 1)), tf.zeros((n, 1))], axis=0)
        labels += 0.05 * tf.random.uniform(tf.shape(labels))
        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(both))
        grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights))

        noise = tf.concat([tf.random.normal((n, LATENT)), one_hot], axis=1)
        with tf.GradientTape() as tape:
            made = self.generator(noise)
            predictions = self.discriminator(tf.concat([made, one_hot], 1))
            g_loss = self.loss_fn(tf.zeros((n, 1)), predictions)
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))
        self.gap.update_state(tf.reduce_mean(tf.abs(made - points)))
        return {"gap": self.gap.result(), "d": d_loss, "g": g_loss}


def net(inputs, outputs):
    return keras.Sequential([keras.layers.Input((inputs,)), keras.layers.Dense(32), keras.layers.LeakyReLU(), keras.layers.Dense(outputs)])


rng = np.random.default_rng(66)
kind = rng.integers(0, CLASSES, 1024)
points = (np.array([[3, 0], [-3, 2], [0, -3]])[kind] + 0.1 * rng.normal(size=(1024, 2))).astype("float32")
gan = ConditionalGAN(net(2 + CLASSES, 1), net(LATENT + CLASSES, 2))
gan.compile(keras.optimizers.Adam(3e-3), keras.optimizers.Adam(3e-3), keras.losses.BinaryCrossentropy(from_logits=True))
h = gan.fit(points, np.eye(CLASSES, dtype="float32")[kind], batch_size=64, epochs=12, verbose=0)
print("gap loss", h.history["gap"][0])
print("gap loss", h.history["gap"][-1])
