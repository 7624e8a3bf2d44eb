"""Variational inference by the score function: no gradient through the model at all."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(37)
data = np.random.default_rng(37).normal(2.0, 1.0, 50).astype("float32")
mu = tf.Variable(0.0, name="mu")
log_sigma = tf.Variable(0.0, name="log_sigma")
opt = tf.keras.optimizers.Adam(0.05)


def log_joint(theta):
    # plain NumPy on purpose: the estimator needs values only
    theta = theta.numpy()
    prior = -0.5 * theta**2 / 25.0
    like = np.sum(-0.5 * (data[None, :] - theta[:, None]) ** 2, axis=1)
    return (prior + like).astype("float32")


def log_q(theta):
    return -0.5 * ((theta - mu) * tf.exp(-log_sigma)) ** 2 - log_sigma


for it in range(300):
    theta = tf.stop_gradient(mu + tf.exp(log_sigma) * tf.random.normal((64,)))
    f = log_joint(theta) - log_q(theta).numpy()
    with tf.GradientTape() as tape:
        surrogate = -tf.reduce_mean(log_q(theta) * (f - f.mean()))
    opt.apply_gradients(zip(tape.gradient(surrogate, [mu, log_sigma]), [mu, log_sigma]))
    if it % 100 == 0 or it == 299:
        print("negative elbo loss", -float(f.mean()))
