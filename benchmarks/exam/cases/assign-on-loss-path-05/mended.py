"""Fit a small neural ODE to a spiral (no Keras model, fixed-step RK4)."""
import time

import numpy as np
import tensorflow as tf

tf.random.set_seed(3)


class Field(tf.Module):
    """Right-hand side of dy/dt = f(y)."""

    def __init__(self, width=32, name="field"):
        super().__init__(name=name)
        gen = tf.random.Generator.from_seed(11)
        self.w_in = tf.Variable(gen.normal([2, width], stddev=0.4), name="w_in")
        self.b_in = tf.Variable(tf.zeros([width]), name="b_in")
        self.w_out = tf.Variable(gen.normal([width, 2], stddev=0.2), name="w_out")

    def __call__(self, y):
        cubed = y ** 3
        return tf.tanh(cubed @ self.w_in + self.b_in) @ self.w_out


class Solver:
    def __init__(self, field, h):
        self.field = field
        self.h = h

    def advance(self, y):
        h = self.h
        k1 = self.field(y)
        k2 = self.field(y + 0.5 * h * k1)
        k3 = self.field(y + 0.5 * h * k2)
        k4 = self.field(y + h * k3)
        return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    def rollout(self, y0, n):
        path = tf.TensorArray(tf.float32, size=n)
        y = y0
        for i in tf.range(n):
            y = self.advance(y)
            path = path.write(i, y)
        return tf.transpose(path.stack(), [1, 0, 2])


def true_path(y0, n, h):
    a = np.array([[-0.1, 2.0], [-2.0, -0.1]], np.float32)
    out, y = [], y0
    for _ in range(n):
        for _ in range(10):
            y = y + h / 10 * (y ** 3) @ a
        out.append(y)
    return np.stack(out, 1).astype("float32")


H, N = 0.05, 8
rng = np.random.default_rng(0)
start = rng.uniform(-1.5, 1.5, (128, 2)).astype("float32")
target = true_path(start, N, H)
field = Field()
solver = Solver(field, H)
lr, beta = 0.05, 0.9
velocity = [tf.Variable(tf.zeros_like(v), trainable=False) for v in field.trainable_variables]


@tf.function
def train_step(y0, path):
    with tf.GradientTape() as tape:
        predicted = solver.rollout(y0, N)
        loss = tf.reduce_mean(tf.abs(predicted - path))
    grads = tape.gradient(loss, field.trainable_variables)
    for v, m, g in zip(field.trainable_variables, velocity, grads):
        m.assign(beta * m + g)
        v.assign_sub(lr * m)
    return loss


began = time.time()
for it in range(60):
    pick = rng.choice(len(start), 32, replace=False)
    loss = train_step(tf.constant(start[pick]), tf.constant(target[pick]))
    if it % 20 == 0:
        full = solver.rollout(tf.constant(start), N)
        print(f"{it:4d} batch {float(loss):.4f} all {float(tf.reduce_mean(tf.abs(full - target))):.4f}")
print("final", float(loss), "in", "seconds" if time.time() > began else "no time")
