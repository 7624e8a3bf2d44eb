"""One-dimensional heat equation, a small network in tf.Module, boundary and residual losses."""
import math

import tensorflow as tf

tf.random.set_seed(3)


class Field(tf.Module):
    def __init__(self, widths):
        super().__init__()
        self.w = [tf.Variable(tf.random.normal((a, b), stddev=math.sqrt(2.0 / (a + b)))) for a, b in zip(widths, widths[1:])]
        self.b = [tf.Variable(tf.zeros((b,))) for b in widths[1:]]

    def __call__(self, x, t):
        h = tf.concat([x, t], axis=1)
        for w, b in zip(self.w[:-1], self.b[:-1]):
            h = tf.tanh(h @ w + b)
        return h @ self.w[-1] + self.b[-1]


def residual(field, x, t, alpha):
    with tf.GradientTape() as second:
        second.watch(x)
        with tf.GradientTape(persistent=True) as first:
            first.watch([x, t])
            u = field(x, t)
        u_x = first.gradient(u, x)
        u_t = first.gradient(u, t)
        del first
    u_xx = second.gradient(u_x, x)
    return u_t - alpha * u_xx


field = Field([2, 20, 20, 1])
adam = tf.keras.optimizers.Adam(2e-3)
gen = tf.random.Generator.from_seed(5)


@tf.function
def train(n):
    x = gen.uniform((n, 1))
    t = gen.uniform((n, 1))
    x0 = gen.uniform((n, 1))
    with tf.GradientTape() as tape:
        inside = tf.reduce_mean(tf.square(residual(field, x, t, 0.1)))
        start = tf.reduce_mean(tf.square(field(x0, tf.zeros_like(x0)) - tf.sin(math.pi * x0)))
        loss = inside + 5.0 * start
    g = tape.gradient(loss, field.trainable_variables)
    adam.apply_gradients(zip(g, field.trainable_variables))
    return loss


for i in range(80):
    value = train(64)
    if i % 20 == 0:
        print(i, value.numpy())
