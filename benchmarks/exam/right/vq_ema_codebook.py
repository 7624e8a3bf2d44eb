"""VQ-VAE whose codebook follows by moving averages, so only encoder and decoder have gradients."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(108)
K, D = 16, 4


class EMAQuantizer(keras.layers.Layer):
    def build(self, shape):
        self.codebook = self.add_weight(name="codebook", shape=(K, D), initializer="random_normal", trainable=False)
        self.counts = self.add_weight(name="counts", shape=(K,), initializer="ones", trainable=False)
        self.sums = self.add_weight(name="sums", shape=(K, D), initializer="random_normal", trainable=False)

    def call(self, z, training=False):
        book = tf.convert_to_tensor(self.codebook)
        d = tf.reduce_sum(z**2, 1, keepdims=True) - 2 * z @ tf.transpose(book) + tf.reduce_sum(book**2, 1)
        hot = tf.one_hot(tf.argmin(d, axis=1), K)
        q = hot @ book
        if training:
            hot = tf.stop_gradient(hot)
            self.counts.assign(0.95 * self.counts + 0.05 * tf.reduce_sum(hot, 0))
            self.sums.assign(0.95 * self.sums + 0.05 * tf.matmul(hot, tf.stop_gradient(z), transpose_a=True))
            self.codebook.assign(self.sums / (tf.convert_to_tensor(self.counts)[:, None] + 1e-5))
        commitment = tf.reduce_mean((z - tf.stop_gradient(q)) ** 2)
        return z + tf.stop_gradient(q - z), commitment


class VQVAE(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([keras.layers.Dense(24, "relu"), keras.layers.Dense(D)])
        self.quantizer = EMAQuantizer()
        self.decoder = keras.Sequential([keras.layers.Dense(24, "relu"), keras.layers.Dense(12)])

    def call(self, x, training=False):
        q, commitment = self.quantizer(self.encoder(x), training=training)
        return self.decoder(q), commitment


model, opt = VQVAE(), keras.optimizers.Adam(3e-3)
centers = tf.random.normal((8, 12)) * 2


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        out, commitment = model(x, training=True)
        loss = tf.reduce_mean((out - x) ** 2) + 0.25 * commitment
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


for i in range(150):
    x = tf.gather(centers, tf.random.uniform((128,), 0, 8, dtype=tf.int32)) + 0.1 * tf.random.normal((128, 12))
    loss = step(x)
    if i % 49 == 0:
        print("loss", float(loss))
