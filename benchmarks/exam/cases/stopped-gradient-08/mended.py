import functools
import time

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


def no_grad(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        return tf.nest.map_structure(tf.stop_gradient, fn(*args, **kwargs))
    return inner


def timed(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        start = time.perf_counter()
        out = fn(*args, **kwargs)
        inner.spent += time.perf_counter() - start
        return out
    inner.spent = 0.0
    return inner


class MoCo:
    def __init__(self, dim, queue, momentum=0.99, temperature=0.2):
        self.q_enc, self.k_enc = self._encoder(dim), self._encoder(dim)
        self.k_enc.set_weights(self.q_enc.get_weights())
        self.m, self.t = momentum, temperature
        self.queue = tf.Variable(tf.math.l2_normalize(tf.random.normal((queue, dim)), 1), trainable=False)
        self.head = layers.Dense(dim, name="head")
        self.head.build((None, dim))

    @staticmethod
    def _encoder(dim):
        return keras.Sequential([keras.Input((12,)), layers.Dense(32, activation="relu"), layers.Dense(dim)])

    def embed(self, encoder, x):
        return tf.math.l2_normalize(encoder(x), axis=1)

    def loss(self, a, b):
        q = tf.math.l2_normalize(self.head(self.embed(self.q_enc, a)), axis=1)
        k = no_grad(self.embed)(self.k_enc, b)
        pos = tf.reduce_sum(q * k, axis=1, keepdims=True)
        neg = tf.matmul(q, self.queue, transpose_b=True)
        logits = tf.concat([pos, neg], axis=1) / self.t
        zero = tf.zeros(tf.shape(logits)[:1], tf.int32)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=zero, logits=logits)), k

    def momentum_update(self):
        for vq, vk in zip(self.q_enc.weights, self.k_enc.weights):
            vk.assign(self.m * vk + (1 - self.m) * vq)

    def enqueue(self, k):
        self.queue.assign(tf.concat([k, self.queue[:-len(k)]], axis=0))


@timed
def train_batch(moco, opt, a, b):
    with tf.GradientTape() as tape:
        loss, k = moco.loss(a, b)
    params = moco.q_enc.trainable_variables + moco.head.trainable_variables
    opt.apply_gradients(zip(tape.gradient(loss, params), params))
    moco.momentum_update()
    moco.enqueue(k)
    return float(loss)


keras.utils.set_random_seed(80)
base = np.random.randn(256, 12).astype("float32")
moco, opt = MoCo(8, 64), keras.optimizers.Adam(1e-3)
for epoch in range(4):
    jitter = lambda: base + 0.1 * np.random.randn(256, 12).astype("float32")
    a, b = jitter(), jitter()
    losses = [train_batch(moco, opt, a[i:i + 32], b[i:i + 32]) for i in range(0, 256, 32)]
    print(epoch, np.mean(losses), f"{train_batch.spent:.1f}s")
