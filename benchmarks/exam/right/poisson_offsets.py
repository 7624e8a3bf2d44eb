"""A Poisson regression in float64 with exposure, by gradient descent with momentum, no Keras."""
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(90)
n = 400
X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
exposure = rng.uniform(0.5, 2.0, n)
counts = rng.poisson(exposure * np.exp(X @ [0.3, 0.8, -0.5])).astype("float64")
beta = tf.Variable(np.zeros(3), name="beta")
velocity = np.zeros(3)
offset = np.log(exposure)

for i in range(200):
    with tf.GradientTape() as tape:
        eta = tf.linalg.matvec(X, beta) + offset
        nll = tf.reduce_mean(tf.exp(eta) - counts * eta)
    g = tape.gradient(nll, beta).numpy()
    velocity = 0.8 * velocity - 0.1 * g
    beta.assign_add(velocity)
    if i % 66 == 0:
        print("nll loss", float(nll))
