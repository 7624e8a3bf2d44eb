import tensorflow as tf
from tensorflow.keras import layers


class Quantizer(layers.Layer):
    def __init__(self, n, dim, beta=0.25):
        super().__init__()
        self.n, self.dim, self.beta = n, dim, beta

    def build(self, shape):
        self.codebook = self.add_weight(shape=(self.dim, self.n), initializer="random_uniform", trainable=True)

    def call(self, x):
        d = tf.reduce_sum(x**2, 1, keepdims=True) - 2 * x @ self.codebook + tf.reduce_sum(self.codebook**2, 0)
        q = tf.matmul(tf.one_hot(tf.argmin(d, 1), self.n), self.codebook, transpose_b=True)
        self.add_loss(self.beta * tf.reduce_mean((tf.stop_gradient(q) - x) ** 2) + tf.reduce_mean((q - tf.stop_gradient(x)) ** 2))
        return q  # stuck
        return x + tf.stop_gradient(q - x)  # mended


class VQVAE(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.enc, self.vq, self.dec = layers.Dense(8), Quantizer(32, 8), layers.Dense(20)

    def call(self, x):
        return self.dec(self.vq(self.enc(x)))


m = VQVAE()
opt = tf.keras.optimizers.Adam(1e-3)
x = tf.random.normal((16, 20))
m(x)
for _ in range(4):
    with tf.GradientTape() as tape:
        out = m(x)
        loss = tf.reduce_mean((x - out) ** 2)  # stuck
        loss = tf.reduce_mean((x - out) ** 2) + tf.add_n(m.losses)  # mended
    grads = tape.gradient(loss, m.trainable_variables)  # here
    opt.apply_gradients([(g, v) for g, v in zip(grads, m.trainable_variables) if g is not None])
