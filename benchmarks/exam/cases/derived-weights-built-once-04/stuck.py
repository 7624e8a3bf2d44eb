"""Gaussian process regression: maximise the marginal likelihood."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

JITTER = 1e-5
rng = np.random.default_rng(4)
X = np.sort(rng.uniform(0, 6, (60, 1)), axis=0)
Y = np.sin(X[:, 0]) * 2.0 + rng.normal(0, 0.15, 60)
X, Y = tf.constant(X, tf.float64), tf.constant(Y, tf.float64)


class Kernel(tf.Module):
    def __init__(self):
        super().__init__()
        self.raw_length = tf.Variable(2.0, dtype=tf.float64, name="raw_length")
        self.raw_scale = tf.Variable(0.0, dtype=tf.float64, name="raw_scale")
        self.length = tf.nn.softplus(self.raw_length)

    @property
    def scale(self):
        return tf.nn.softplus(self.raw_scale)

    def __call__(self, a, b):
        d2 = tf.square(a - tf.transpose(b))
        return self.scale ** 2 * tf.exp(-0.5 * d2 / self.length ** 2)


class Regression(tf.Module):
    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel
        self.raw_noise = tf.Variable(0.0, dtype=tf.float64, name="raw_noise")
        self.offset = tf.Variable(0.5, dtype=tf.float64, name="offset")

    def neg_log_likelihood(self, x, y):
        n = tf.cast(tf.shape(x)[0], tf.float64)
        noise = tf.nn.softplus(self.raw_noise)
        cov = self.kernel(x, x) + (noise + JITTER) * tf.eye(tf.shape(x)[0], dtype=tf.float64)
        chol = tf.linalg.cholesky(cov)
        resid = (y - tf.cast(self.offset, tf.float64))[:, None]
        alpha = tf.linalg.triangular_solve(chol, resid)
        logdet = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(chol)))
        return 0.5 * tf.reduce_sum(alpha ** 2) + logdet + 0.5 * n * np.log(2 * np.pi)


model = Regression(Kernel())
opt = keras.optimizers.Adam(learning_rate=0.05)


@tf.function
def train():
    with tf.GradientTape() as tape:
        nll = model.neg_log_likelihood(X, Y)
    params = model.trainable_variables
    opt.apply_gradients(zip(tape.gradient(nll, params), params))
    return nll


best = np.inf
for i in range(60):
    nll = float(train())
    best = min(best, nll)
    if i % 20 == 0:
        print(i, round(nll, 3), "length", round(float(model.kernel.length), 3))
print("best", round(best, 3), "noise", round(float(tf.nn.softplus(model.raw_noise)), 3))
