"""Kernel hyperparameters of a Gaussian process by its marginal likelihood, in float64."""
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(53)
X = np.sort(rng.uniform(0, 6, 40))
Y = np.sin(X) + 0.1 * rng.normal(size=40)
log_length = tf.Variable(1.5, dtype=tf.float64)
log_signal = tf.Variable(0.0, dtype=tf.float64)
log_noise = tf.Variable(0.0, dtype=tf.float64)
hyper = [log_length, log_signal, log_noise]
optimizer = tf.keras.optimizers.Adam(learning_rate=0.05)


@tf.function
def negative_log_marginal():
    d2 = (X[:, None] - X[None, :]) ** 2
    K = tf.exp(2 * log_signal) * tf.exp(-0.5 * d2 * tf.exp(-2 * log_length))
    K += (tf.exp(2 * log_noise) + 1e-6) * tf.eye(40, dtype=tf.float64)
    L = tf.linalg.cholesky(K)
    alpha = tf.linalg.cholesky_solve(L, Y[:, None])
    fit = 0.5 * tf.reduce_sum(Y[:, None] * alpha)
    return fit + tf.reduce_sum(tf.math.log(tf.linalg.diag_part(L))) + 20 * np.log(2 * np.pi)


for i in range(150):
    with tf.GradientTape() as tape:
        nlml = negative_log_marginal()
    optimizer.apply_gradients(zip(tape.gradient(nlml, hyper), hyper))
    if i % 49 == 0:
        print("nlml loss", float(nlml))
