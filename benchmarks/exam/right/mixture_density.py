"""A mixture density network for an inverse problem with several answers."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import Input, Model, layers, optimizers, utils

utils.set_random_seed(35)
K = 4
inputs = Input((1,))
h = layers.Dense(32, activation="tanh")(inputs)
model = Model(inputs, [layers.Dense(K)(h), layers.Dense(K)(h), layers.Dense(K)(h)])
optimizer = optimizers.Adam(learning_rate=1e-2)

t = np.random.default_rng(35).uniform(0, 1, (600, 1)).astype("float32")
x = t + 0.3 * np.sin(2 * np.pi * t).astype("float32")


def mdn_nll(y, logits, mu, log_sigma):
    z = (y - mu) * tf.exp(-log_sigma)
    log_prob = -0.5 * tf.square(z) - log_sigma - 0.5 * np.log(2 * np.pi)
    return -tf.reduce_mean(tf.reduce_logsumexp(tf.nn.log_softmax(logits) + log_prob, axis=1))


@tf.function
def train_on(xb, yb):
    with tf.GradientTape() as tape:
        nll = mdn_nll(yb, *model(xb, training=True))
    gradients = tape.gradient(nll, model.trainable_variables)
    gradients = [tf.clip_by_norm(g, 5.0) for g in gradients]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return nll


for i in range(200):
    value = train_on(tf.constant(x), tf.constant(t))
    if i % 66 == 0:
        print("nll loss", value.numpy())
