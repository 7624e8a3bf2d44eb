from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

import numpy as np
import tensorflow as tf

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("scratch")


@dataclass
class HParams:
    hidden: int = 24
    lr: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.99
    l2: float = 1e-3
    batch: int = 32
    epochs: int = 5
    decay: float = 0.9
    max_norm: float = 2.0


class MyAdam:
    def __init__(self, params, lr, beta1, beta2, eps=1e-7):
        self.params = params
        self.lr = tf.Variable(lr, trainable=False)
        self.b1, self.b2, self.eps = beta1, beta2, eps
        self.t = tf.Variable(0.0, trainable=False)
        self.m = {p.ref(): tf.Variable(tf.zeros_like(p), trainable=False) for p in params}
        self.v = {p.ref(): tf.Variable(tf.zeros_like(p), trainable=False) for p in params}

    def step(self, grads):
        self.t.assign_add(1.0)
        for p, g in zip(self.params, grads):
            m, v = self.m[p.ref()], self.v[p.ref()]
            m.assign(self.b1 * m + (1 - self.b1) * g)
            v.assign(self.b2 * v + (1 - self.b2) * g ** 2)
            m_hat = m / (1 - self.b1 ** self.t)
            v_hat = v / (1 - self.b2 ** self.t)
            p.assign_sub(self.lr * m_hat / (tf.sqrt(v_hat) + self.eps))


class Classifier:
    def __init__(self, n_in, n_out, hp: HParams):
        g = tf.random.Generator.from_seed(12)
        self.hp = hp
        self.w1 = tf.Variable(g.normal([n_in, hp.hidden]) / np.sqrt(n_in), name="w1")
        self.b1 = tf.Variable(tf.zeros([hp.hidden]), name="b1")
        self.w2 = tf.Variable(g.normal([hp.hidden, n_out]) / np.sqrt(hp.hidden), name="w2")
        self.b2 = tf.Variable(tf.zeros([n_out]), name="b2")

    @property
    def params(self):
        return [self.w1, self.b1, self.w2, self.b2]

    def logits(self, x):
        return tf.nn.relu(x @ self.w1 + self.b1) @ self.w2 + self.b2

    def loss(self, x, y):
        ce = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=self.logits(x))
        penalty = tf.nn.l2_loss(self.w1) + tf.nn.l2_loss(self.w2)
        return tf.reduce_mean(ce) + self.hp.l2 * penalty


class Fit:
    def __init__(self, net: Classifier):
        self.net, self.hp = net, net.hp
        self.opt = MyAdam(net.params, self.hp.lr, self.hp.beta1, self.hp.beta2)

    @tf.function
    def batch(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.net.loss(x, y)
        grads = tape.gradient(loss, self.net.params)
        norm = tf.linalg.global_norm(grads)
        scale = tf.minimum(1.0, self.hp.max_norm / (norm + 1e-6))
        grads = [g * scale for g in grads]
        self.opt.step(grads)
        return loss, norm

    def epoch(self, ds):
        seen = [self.batch(x, y) for x, y in ds]
        self.opt.lr.assign(self.opt.lr * self.hp.decay)
        return np.mean([float(l) for l, _ in seen]), np.max([float(n) for _, n in seen])


def spirals(rng, n=300):
    t = np.sqrt(rng.random(n)) * 3
    k = rng.integers(0, 3, n)
    a = t * 1.2 + k * 2 * np.pi / 3
    x = np.stack([t * np.cos(a), t * np.sin(a)], 1) + 0.05 * rng.normal(size=(n, 2))
    return x.astype("float32"), np.eye(3, dtype="float32")[k]


hp = HParams()
log.info("%s", asdict(hp))
x, y = spirals(np.random.default_rng(1))
ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(300, seed=0).batch(hp.batch)
fit = Fit(Classifier(2, 3, hp))
for e in range(hp.epochs):
    log.info("%d loss %.4f norm %.3f", e, *fit.epoch(ds))
