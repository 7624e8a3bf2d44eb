import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


class Quantizer(layers.Layer):
    def __init__(self, codes, dim, **kwargs):
        super().__init__(**kwargs)
        self.codebook = self.add_weight(shape=(codes, dim), initializer="random_normal", name="codebook")

    def call(self, z):
        distance = tf.reduce_sum((z[:, None] - self.codebook[None]) ** 2, axis=-1)
        nearest = tf.gather(self.codebook, tf.argmin(distance, axis=1))
        return z + tf.stop_gradient(nearest - z)


class VQVAE(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = layers.Dense(4, name="encoder")
        self.quantizer = Quantizer(16, 4, name="vq")
        self.decoder = layers.Dense(10, name="decoder")

    def losses_of(self, x):
        z = self.encoder(x)
        q = self.quantizer(z)
        codebook_loss = tf.reduce_mean((q - tf.stop_gradient(z)) ** 2)
        commitment = tf.reduce_mean((z - tf.stop_gradient(q)) ** 2)
        return tf.reduce_mean((x - self.decoder(q)) ** 2) + codebook_loss + 0.25 * commitment


tf.keras.utils.set_random_seed(67)
x = (np.random.randn(256, 3) @ np.random.randn(3, 10)).astype("float32")
model, opt = VQVAE(), tf.keras.optimizers.Adam(5e-3)
model.losses_of(x[:2])


@tf.function
def train(batch):
    with tf.GradientTape() as tape:
        loss = model.losses_of(batch)
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


for epoch in range(6):
    for i in range(0, 256, 32):
        loss = train(x[i:i + 32])
    print(epoch, float(loss))
