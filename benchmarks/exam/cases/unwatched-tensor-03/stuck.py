"""Wasserstein GAN with gradient penalty on short sine waves."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(31)
LENGTH, NOISE = 24, 6


def build_critic():
    return keras.Sequential([keras.Input((LENGTH, 1)), layers.Conv1D(8, 5, strides=2), layers.LeakyReLU(), layers.Flatten(), layers.Dense(1)])


def build_generator():
    return keras.Sequential([keras.Input((NOISE,)), layers.Dense(48, activation="tanh"), layers.Dense(LENGTH), layers.Reshape((LENGTH, 1))])


class Waves(keras.Model):
    def __init__(self):
        super().__init__()
        self.critic = build_critic()
        self.generator = build_generator()

    def compile(self, c_opt, g_opt):
        super().compile()
        self.c_opt, self.g_opt = c_opt, g_opt

    def call(self, z):
        return self.generator(z)

    def penalty(self, real, fake):
        mix = tf.random.uniform((tf.shape(real)[0], 1, 1))
        between = real + mix * (fake - real)
        with tf.GradientTape() as inner:
            score = self.critic(between, training=True)
            inner.watch(between)
        slope = inner.gradient(score, between)
        norm = tf.sqrt(tf.reduce_sum(slope ** 2, axis=[1, 2]) + 1e-12)
        return tf.reduce_mean((norm - 1.0) ** 2)

    def train_step(self, real):
        z = tf.random.normal((tf.shape(real)[0], NOISE))
        with tf.GradientTape() as tape:
            fake = self.generator(z, training=True)
            c_loss = tf.reduce_mean(self.critic(fake, training=True)) - tf.reduce_mean(self.critic(real, training=True))
            c_loss += 10.0 * self.penalty(real, fake)
        grads = tape.gradient(c_loss, self.critic.trainable_variables)
        self.c_opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(self.critic(self.generator(z, training=True), training=True))
        grads = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_opt.apply_gradients(zip(grads, self.generator.trainable_variables))
        return {"c": c_loss, "g": g_loss}


rng = np.random.default_rng(9)
phase = rng.uniform(0, 6.28, (256, 1))
waves = np.sin(phase + np.linspace(0, 6.28, LENGTH)[None])[..., None].astype("float32")
gan = Waves()
gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
gan.fit(tf.data.Dataset.from_tensor_slices(waves).batch(32), epochs=3, verbose=2)
