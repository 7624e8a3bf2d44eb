import math

import numpy as np
import tensorflow as tf
from tensorflow import keras

T = 50
betas = np.linspace(1e-4, 0.05, T).astype("float32")
alpha_bar = tf.constant(np.cumprod(1.0 - betas))


def embed(t, size=16):
    freqs = tf.exp(-math.log(1000.0) * tf.range(size // 2, dtype=tf.float32) / (size // 2))
    angles = tf.cast(t, tf.float32)[:, None] * freqs[None]
    return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)


def make_denoiser():
    x = keras.Input((2,))
    t = keras.Input((16,))
    h = keras.layers.Concatenate()([x, keras.layers.Dense(16, activation="silu")(t)])
    for _ in range(2):
        h = keras.layers.Dense(32, activation="silu")(h)
    return keras.Model([x, t], keras.layers.Dense(2)(h))


class Trainer:
    def __init__(self, decay=0.99):
        self.nets = {"model": make_denoiser(), "ema": make_denoiser()}
        self.nets["ema"].set_weights(self.nets["model"].get_weights())
        self.decay = decay
        self.optimizer = keras.optimizers.AdamW(2e-3, weight_decay=1e-4)

    @tf.function
    def step(self, x0):
        model, ema = self.nets["model"], self.nets["ema"]
        n = tf.shape(x0)[0]
        t = tf.random.uniform([n], 0, T, dtype=tf.int32)
        noise = tf.random.normal(tf.shape(x0))
        a = tf.gather(alpha_bar, t)[:, None]
        noisy = tf.sqrt(a) * x0 + tf.sqrt(1.0 - a) * noise
        with tf.GradientTape() as tape:
            guess = model([noisy, embed(t)], training=True)
            loss = tf.reduce_mean(tf.square(guess - noise))
        grads = tape.gradient(loss, model.trainable_variables)
        grads, norm = tf.clip_by_global_norm(grads, 1.0)
        self.optimizer.apply_gradients(zip(grads, model.trainable_variables))
        for slow, fast in zip(ema.trainable_variables, model.trainable_variables):
            slow.assign(self.decay * slow + (1.0 - self.decay) * fast)
        return loss, norm


keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)
ring = rng.normal(size=(1024, 2)).astype("float32")
ring /= np.linalg.norm(ring, axis=1, keepdims=True)
trainer = Trainer()
for epoch in range(3):
    for batch in tf.data.Dataset.from_tensor_slices(ring).shuffle(1024, seed=epoch).batch(64):
        loss, norm = trainer.step(batch)
    print(epoch, float(loss), float(norm))
