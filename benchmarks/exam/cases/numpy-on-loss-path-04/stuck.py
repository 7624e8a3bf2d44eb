"""A hypernetwork writes the weights of a regression net from a task code."""
import argparse

import numpy as np
import tensorflow as tf
from tensorflow import keras

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=80)
parser.add_argument("--lr", type=float, default=3e-3)
parser.add_argument("--tasks", type=int, default=6)
args = parser.parse_args([])

SHAPES = [(1, 16), (16,), (16, 1), (1,)]
TOTAL = sum(int(np.prod(s)) for s in SHAPES)


class HyperNet(keras.Model):
    def __init__(self, tasks, code=8):
        super().__init__()
        self.codes = keras.layers.Embedding(tasks, code, name="codes")
        self.trunk = keras.layers.Dense(32, activation="tanh", name="trunk")
        self.writer = keras.layers.Dense(TOTAL, name="writer")

    def call(self, task):
        return self.writer(self.trunk(self.codes(task)))


def unpack(flat):
    parts, at = [], 0
    for shape in SHAPES:
        size = int(np.prod(shape))
        parts.append(tf.reshape(flat[at:at + size], shape))
        at += size
    return parts


def regress(flat, x):
    w1, b1, w2, b2 = unpack(flat)
    return tf.tanh(x @ w1 + b1) @ w2 + b2


keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
phase = rng.uniform(0, np.pi, args.tasks).astype("float32")
hyper = HyperNet(args.tasks)
hyper(tf.constant([0]))
optimizer = keras.optimizers.Adam(args.lr)
running = tf.Variable(0.0, trainable=False)


def step(task, x, y):
    with tf.GradientTape() as tape:
        flat = tf.constant(np.asarray(hyper(task))[0])
        loss = tf.reduce_mean(tf.square(regress(flat, x) - y))
        loss += 1e-4 * tf.reduce_sum(tf.square(flat))
    variables = hyper.trainable_variables
    grads = tape.gradient(loss, variables)
    grads, norm = tf.clip_by_global_norm(grads, 5.0)
    optimizer.apply_gradients(zip(grads, variables))
    running.assign(0.95 * running + 0.05 * loss)
    return loss, norm


for i in range(args.steps):
    k = int(rng.integers(args.tasks))
    x = rng.uniform(-2, 2, (32, 1)).astype("float32")
    loss, norm = step(tf.constant([k]), tf.constant(x), tf.constant(np.sin(x + phase[k])))
    if i % 20 == 0 or i == args.steps - 1:
        print(i, "loss", round(float(loss), 4), "norm", round(float(norm), 3), "ema", round(float(running), 4))
