"""DDPM on points of a ring: predict the noise at a random time."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(44)
T = 50
betas = np.linspace(1e-3, 0.15, T, dtype="float32")
alpha_bar = tf.constant(np.cumprod(1.0 - betas))


class Denoiser(keras.Model):
    def __init__(self):
        super().__init__()
        self.time = keras.layers.Embedding(T, 32)
        self.dense1 = keras.layers.Dense(64, activation="swish")
        self.dense2 = keras.layers.Dense(64, activation="swish")
        self.out = keras.layers.Dense(2, kernel_initializer="zeros")

    def call(self, inputs):
        x, t = inputs
        h = self.dense1(x) + self.dense2(self.time(t))
        return self.out(h)


model = Denoiser()
ema = None
optimizer = keras.optimizers.Adam(3e-3)


@tf.function
def train_step(x0):
    t = tf.random.uniform((tf.shape(x0)[0],), 0, T, dtype=tf.int32)
    ab = tf.gather(alpha_bar, t)[:, None]
    noise = tf.random.normal(tf.shape(x0))
    xt = tf.sqrt(ab) * x0 + tf.sqrt(1 - ab) * noise
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model((xt, t), training=True) - noise) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


losses = []
for it in range(250):
    phi = tf.random.uniform((128,), 0, 6.2832)
    x0 = tf.stack([tf.cos(phi), tf.sin(phi)], 1)
    losses.append(float(train_step(x0)))
    if ema is None:
        ema = [tf.Variable(w, trainable=False) for w in model.trainable_variables]
    for slow, w in zip(ema, model.trainable_variables):
        slow.assign(0.99 * slow + 0.01 * w)
print("loss", np.mean(losses[:25]))
print("loss", np.mean(losses[-25:]))
