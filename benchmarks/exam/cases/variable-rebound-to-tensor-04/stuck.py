"""Mixture density network with hand-made parameters and hand-made RMSprop (no Keras)."""
import itertools
import math
from types import SimpleNamespace

import numpy as np
import tensorflow as tf

cfg = SimpleNamespace(components=3, hidden=24, batch=32, steps=25, lr=3e-3, decay=0.9, seed=13)


def toy(n, rng):
    y = rng.uniform(-1.0, 1.0, (n, 1))
    x = y + 0.3 * np.sin(2 * math.pi * y) + 0.05 * rng.normal(size=(n, 1))
    return x.astype("float32"), y.astype("float32")


def glorot(shape, name):
    limit = math.sqrt(6.0 / sum(shape))
    return tf.Variable(tf.random.uniform(shape, -limit, limit), name=name)


class MDN:
    def __init__(self, hidden, k):
        self.w1, self.b1 = glorot([1, hidden], "w1"), tf.Variable(tf.zeros([hidden]), name="b1")
        self.w_pi, self.b_pi = glorot([hidden, k], "w_pi"), tf.Variable(tf.zeros([k]), name="b_pi")
        self.w_mu, self.b_mu = glorot([hidden, k], "w_mu"), tf.Variable(tf.linspace(-1.0, 1.0, k), name="b_mu")
        self.w_s, self.b_s = glorot([hidden, k], "w_s"), tf.Variable(tf.fill([k], -1.0), name="b_s")

    def parameters(self):
        return [v for v in vars(self).values() if isinstance(v, tf.Variable)]

    def __call__(self, x):
        h = tf.nn.tanh(x @ self.w1 + self.b1)
        log_pi = tf.nn.log_softmax(h @ self.w_pi + self.b_pi)
        mu = h @ self.w_mu + self.b_mu
        log_sigma = h @ self.w_s + self.b_s
        return log_pi, mu, log_sigma


def negative_log_likelihood(outputs, y):
    log_pi, mu, log_sigma = outputs
    z = (y - mu) * tf.exp(-log_sigma)
    log_prob = log_pi - 0.5 * z * z - log_sigma - 0.5 * math.log(2 * math.pi)
    return -tf.reduce_mean(tf.reduce_logsumexp(log_prob, axis=-1))


class RMSProp:
    def __init__(self, params, lr, decay, eps=1e-6):
        self.params, self.lr, self.decay, self.eps = params, lr, decay, eps
        self.mean_square = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]

    def update(self, grads):
        for p, g, m in zip(self.params, grads, self.mean_square):
            m.assign(self.decay * m + (1.0 - self.decay) * g * g)
            p.assign_sub(self.lr * g / (tf.sqrt(m) + self.eps))

    def shrink(self, net, rate=1e-4):
        net.w1 = net.w1 * (1.0 - rate)
        net.w_mu = net.w_mu * (1.0 - rate)


def main():
    tf.random.set_seed(cfg.seed)
    rng = np.random.default_rng(cfg.seed)
    net = MDN(cfg.hidden, cfg.components)
    opt = RMSProp(net.parameters(), cfg.lr, cfg.decay)
    for step in itertools.count(1):
        x, y = toy(cfg.batch, rng)
        with tf.GradientTape() as tape:
            loss = negative_log_likelihood(net(x), y)
        opt.update([tf.zeros_like(p) if g is None else g for g, p in zip(tape.gradient(loss, opt.params), opt.params)])
        opt.shrink(net)
        if step % 5 == 0:
            print(step, round(float(loss), 3))
        if step >= cfg.steps:
            break


if __name__ == "__main__":
    main()
