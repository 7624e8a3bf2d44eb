"""Learning to learn: inner steps on fast weights, outer steps on the slow ones."""

import numpy as np
import tensorflow as tf


class Net(tf.Module):
    def __init__(self, width=16):
        super().__init__()
        self.slow = [
            tf.Variable(tf.random.normal((1, width))),
            tf.Variable(tf.zeros((width,))),
            tf.Variable(tf.random.normal((width, 1)) * width**-0.5),
            tf.Variable(tf.zeros((1,))),
        ]

    def __call__(self, x, weights=None):
        w1, b1, w2, b2 = weights if weights is not None else self.slow
        return tf.nn.tanh(x @ w1 + b1) @ w2 + b2


def mse(net, weights, x, y):
    return tf.reduce_mean(tf.square(net(x, weights) - y))


def adapted(net, x, y, rate=0.05, steps=2):
    fast = list(net.slow)
    for _ in range(steps):
        with tf.GradientTape() as inner:
            inner.watch(fast)
            loss = mse(net, fast, x, y)
        slopes = inner.gradient(loss, fast)
        fast = [weight - rate * slope for weight, slope in zip(fast, slopes)]
    return fast


def sine(rng):
    phase = rng.uniform(0, np.pi)
    x = rng.uniform(-3, 3, (20, 1)).astype("float32")
    return x[:10], np.sin(x[:10] + phase, dtype="float32"), x[10:], np.sin(x[10:] + phase, dtype="float32")


net = Net()
outer_optimizer = tf.keras.optimizers.Adam(1e-3)
rng = np.random.default_rng(6)
for task in range(10):
    x_support, y_support, x_query, y_query = sine(rng)
    with tf.GradientTape() as outer:
        fast = adapted(net, x_support, y_support)
        meta = mse(net, fast, x_query, y_query)
    outer_grads = outer.gradient(meta, net.slow)
    outer_optimizer.apply_gradients(zip(outer_grads, net.slow))
    print(task, float(meta))
