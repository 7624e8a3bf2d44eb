import numpy as np
import tensorflow as tf

tf.random.set_seed(15)
DTYPE = tf.float32


class Scale(tf.Module):
    """y = theta * x + b with half-size parameters."""

    def __init__(self, n):
        super().__init__()
        self.theta = tf.Variable(tf.ones(n, DTYPE), name="theta")
        self.b = tf.Variable(tf.ones(n, DTYPE), name="b")

    def __call__(self, x):
        return tf.cast(x, DTYPE) * self.theta + self.b


def sgd_step(variables, gradients, lr):
    for v, g in zip(variables, gradients):
        v.assign_sub(tf.cast(lr, v.dtype) * g)


layer = Scale(4)
x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
y = tf.constant(x * 0.6 + 0.8)
for epoch in range(20):
    with tf.GradientTape() as tape:
        error = tf.cast(layer(x), tf.float32) - y
        loss = tf.reduce_mean(tf.square(error))
    sgd_step(layer.trainable_variables, tape.gradient(loss, layer.trainable_variables), 5e-3)
    if epoch % 5 == 0:
        print(epoch, float(loss), layer.theta.numpy())
