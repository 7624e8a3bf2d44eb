"""Vector-quantised autoencoder, eager, with usage statistics."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(31)


class Quantizer(keras.layers.Layer):
    def __init__(self, codes, dim, beta=0.25, **kwargs):
        super().__init__(**kwargs)
        self.codes, self.dim, self.beta = codes, dim, beta

    def build(self, shape):
        self.book = self.add_weight(shape=(self.codes, self.dim), initializer=keras.initializers.RandomUniform(-0.5, 0.5), name="book")
        super().build(shape)

    def call(self, z):
        d = tf.reduce_sum(z ** 2, 1, keepdims=True) - 2 * z @ tf.transpose(self.book) + tf.reduce_sum(self.book ** 2, 1)
        index = tf.argmin(d, axis=1)
        q = tf.gather(self.book, index)
        commit = tf.reduce_mean((tf.stop_gradient(q) - z) ** 2)
        codebook = tf.reduce_mean((q - tf.stop_gradient(z)) ** 2)
        self.add_loss(codebook + self.beta * commit)
        return z + tf.stop_gradient(q - z), index


class VQVAE(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([keras.layers.Dense(24, activation="relu"), keras.layers.Dense(4)], name="encoder")
        self.quantizer = Quantizer(16, 4)
        self.decoder = keras.Sequential([keras.layers.Dense(24, activation="relu"), keras.layers.Dense(8)], name="decoder")

    def call(self, x):
        code, index = self.quantizer(self.encoder(x))
        return self.decoder(code), index


def perplexity(index, codes=16):
    share = np.bincount(index.numpy(), minlength=codes) / len(index)
    return float(np.exp(-np.sum(share * np.log(share + 1e-10))))


def train_epoch(model, optimizer, dataset):
    recon_mean, used = keras.metrics.Mean(), []
    for batch in dataset:
        with tf.GradientTape() as tape:
            out, index = model(batch, training=True)
            recon = tf.reduce_mean(tf.square(out - batch))
            loss = recon + sum(model.losses)
        grads = tape.gradient(loss, model.trainable_weights)
        optimizer.apply_gradients(zip(grads, model.trainable_weights))
        recon_mean.update_state(recon)
        used.append(perplexity(index))
    return float(recon_mean.result()), float(np.mean(used))


rng = np.random.default_rng(31)
basis = rng.normal(0, 1, (4, 8))
x = (basis[rng.integers(0, 4, 256)] + rng.normal(0, 0.05, (256, 8))).astype("float32")
dataset = tf.data.Dataset.from_tensor_slices(x).batch(32)
model = VQVAE()
optimizer = keras.optimizers.Adam(0.01)
for epoch in range(6):
    recon, used = train_epoch(model, optimizer, dataset)
    print(f"epoch {epoch} reconstruction {recon:.4f} codes used {used:.2f}")
