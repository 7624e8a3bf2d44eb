"""Weights with a mean and a spread each; the KL to the prior is part of the loss."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(34)


class BayesDense(keras.layers.Layer):
    def __init__(self, units, activation=None):
        super().__init__()
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, shape):
        n = shape[-1]
        self.mu = self.add_weight(name="mu", shape=(n, self.units), initializer="glorot_uniform")
        self.rho = self.add_weight(
            name="rho", shape=(n, self.units), initializer=keras.initializers.Constant(-4.0)
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, x):
        sigma = tf.nn.softplus(self.rho)
        w = self.mu + sigma * tf.random.normal((int(self.mu.shape[0]), self.units))
        kl = tf.reduce_sum(0.5 * (sigma**2 + self.mu**2 - 1.0) - tf.math.log(sigma))
        self.add_loss(kl)
        return self.activation(tf.matmul(x, w) + self.bias)


model = keras.Sequential([keras.layers.Input((1,)), BayesDense(20, "tanh"), BayesDense(1)])
opt = keras.optimizers.Adam(2e-2)
x = tf.linspace(-2.0, 2.0, 200)[:, tf.newaxis]
y = x**3 / 4 + tf.random.normal(tf.shape(x), stddev=0.1)


@tf.function
def step():
    with tf.GradientTape() as tape:
        pred = model(x, training=True)
        nll = tf.reduce_sum((pred - y) ** 2) / (2 * 0.1**2)
        loss = (nll + tf.add_n(model.losses)) / 200.0
    grads = tape.gradient(loss, model.trainable_weights)
    opt.apply_gradients(zip(grads, model.trainable_weights))
    return loss


for i in range(200):
    loss = step()
    if i % 50 == 0 or i == 199:
        print("elbo loss", float(loss))
