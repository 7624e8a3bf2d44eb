"""BYOL on vectors: online and target networks, predictor, EMA, custom Trainer with callbacks."""
import collections
import contextlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, models, optimizers

Batch = collections.namedtuple("Batch", ["one", "two"])


def mlp(sizes, name, norm=True):
    net = models.Sequential(name=name)
    for size in sizes[:-1]:
        net.add(layers.Dense(size, use_bias=not norm))
        if norm:
            net.add(layers.BatchNormalization())
        net.add(layers.Activation("relu"))
    net.add(layers.Dense(sizes[-1]))
    return net


def regression_loss(p, z):
    p = tf.math.l2_normalize(p, axis=-1)
    z = tf.math.l2_normalize(z, axis=-1)
    return tf.reduce_mean(2.0 - 2.0 * tf.reduce_sum(p * z, axis=-1))


def augment(x):
    noisy = x + tf.random.normal(tf.shape(x), stddev=0.2)
    keep = tf.cast(tf.random.uniform(tf.shape(x)) > 0.15, x.dtype)
    return noisy * keep


def loader(count=8, batch=32, dim=16, seed=0):
    x = np.random.default_rng(seed).normal(size=(count * batch, dim)).astype("float32")
    ds = tf.data.Dataset.from_tensor_slices(x).batch(batch)
    return ds.map(lambda b: Batch(augment(b), augment(b)), num_parallel_calls=tf.data.AUTOTUNE)


class BYOL:
    def __init__(self, dim, hidden=32, out=8, momentum=0.95):
        self.online = mlp([hidden, out], "online")
        self.target = mlp([hidden, out], "target")
        self.predictor = mlp([hidden, out], "predictor", norm=False)
        self.online.build((None, dim))
        self.target.build((None, dim))
        self.predictor.build((None, out))
        self.target.set_weights(self.online.get_weights())
        self.momentum = momentum

    @property
    def trainable(self):
        return [w for net in (self.online, self.predictor) for w in net.weights]

    def loss(self, batch):
        p1 = self.predictor(self.online(batch.one, training=True), training=True)
        p2 = self.predictor(self.online(batch.two, training=True), training=True)
        z1 = tf.stop_gradient(self.target(batch.one, training=True))
        z2 = tf.stop_gradient(self.target(batch.two, training=True))
        return 0.5 * (regression_loss(p1, z2) + regression_loss(p2, z1))

    def update_target(self):
        for t, o in zip(self.target.weights, self.online.weights):
            t.assign(self.momentum * t + (1.0 - self.momentum) * o)


class Trainer:
    def __init__(self, algo, optimizer, hooks=()):
        self.algo, self.optimizer, self.hooks = algo, optimizer, list(hooks)
        self.step_fn = tf.function(self._step)

    def _step(self, batch):
        with tf.GradientTape() as tape:
            loss = self.algo.loss(batch)
        variables = self.algo.trainable
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        self.algo.update_target()
        return loss

    def fit(self, data, epochs):
        for epoch in range(epochs):
            total, n = 0.0, 0
            for batch in data:
                total += float(self.step_fn(batch))
                n += 1
            for hook in self.hooks:
                hook(epoch, total / max(n, 1))


@contextlib.contextmanager
def banner(text):
    print(text, "starts")
    yield
    print(text, "ends")


if __name__ == "__main__":
    tf.keras.utils.set_random_seed(1)
    with banner(Path(__file__).stem[:0] + "byol"):
        trainer = Trainer(BYOL(16), optimizers.Adam(2e-3), [lambda e, l: print(e, round(l, 4))])
        trainer.fit(loader(), 2)
