import collections

import numpy as np
import tensorflow as tf
import tensorflow.keras as K

Config = collections.namedtuple("Config", "batch width proj temperature lr momentum weight_decay epochs warmup")
cfg = Config(batch=64, width=48, proj=16, temperature=0.2, lr=0.6, momentum=0.9, weight_decay=1e-4, epochs=4, warmup=8)


class LARS(tf.Module):
    """Layer-wise adaptive rates, You et al. 2017."""

    def __init__(self, lr, momentum=0.9, weight_decay=0.0, eta=0.02, name="lars"):
        super().__init__(name=name)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.eta = eta
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.buffers = None

    def build(self, variables):
        if self.buffers is None:
            self.buffers = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in variables]

    def rate(self):
        return self.lr(tf.cast(self.step, tf.float32)) if callable(self.lr) else self.lr

    def apply(self, grads, variables):
        lr = self.rate()
        for g, v, m in zip(grads, variables, self.buffers):
            w = tf.convert_to_tensor(v)
            if len(v.shape) > 1:
                g = g + self.weight_decay * w
                w_norm, g_norm = tf.norm(w), tf.norm(g)
                trust = tf.where((w_norm > 0) & (g_norm > 0), self.eta * w_norm / (g_norm + 1e-9), 1.0)
            else:
                trust = 1.0
            m.assign(self.momentum * m + lr * trust * g)
            v.assign_add(m)
        self.step.assign_add(1)


def warmup_cosine(base, warmup, total):
    def rate(step):
        up = base * (step + 1.0) / warmup
        down = 0.5 * base * (1.0 + tf.cos(np.pi * (step - warmup) / (total - warmup)))
        return tf.where(step < warmup, up, down)
    return rate


def nt_xent(a, b, temperature):
    a, b = tf.math.l2_normalize(a, 1), tf.math.l2_normalize(b, 1)
    z = tf.concat([a, b], 0)
    n = tf.shape(a)[0]
    similarity = tf.matmul(z, z, transpose_b=True) / temperature
    similarity -= 1e9 * tf.eye(2 * n)
    positives = tf.concat([tf.range(n, 2 * n), tf.range(n)], 0)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=positives, logits=similarity))


def augment(x, rng_scale=0.3):
    return x * (1 + rng_scale * tf.random.normal(tf.shape(x))) + 0.1 * tf.random.normal(tf.shape(x))


class SimCLR:
    def __init__(self, cfg, features):
        self.cfg = cfg
        self.encoder = K.Sequential([K.Input((features,)), K.layers.Dense(cfg.width, activation="relu"), K.layers.Dense(cfg.width)], name="encoder")
        self.projector = K.Sequential([K.Input((cfg.width,)), K.layers.Dense(cfg.width, activation="relu"), K.layers.Dense(cfg.proj)], name="projector")
        self.variables = self.encoder.trainable_variables + self.projector.trainable_variables

    def embed(self, x):
        return self.projector(self.encoder(x))


def train(model, data, steps_per_epoch):
    cfg = model.cfg
    opt = LARS(warmup_cosine(cfg.lr, cfg.warmup, cfg.epochs * steps_per_epoch), cfg.momentum, cfg.weight_decay)
    opt.build(model.variables)

    @tf.function
    def update(x):
        with tf.GradientTape() as tape:
            loss = nt_xent(model.embed(augment(x)), model.embed(augment(x)), cfg.temperature)
        grads = tape.gradient(loss, model.variables)
        opt.apply(grads, model.variables)
        return loss

    for epoch in range(cfg.epochs):
        losses = [update(x).numpy() for x in data]
        print(f"epoch {epoch} loss {np.mean(losses):.4f}")


K.utils.set_random_seed(7)
rng = np.random.default_rng(7)
centres = rng.normal(size=(6, 12)) * 2
x = (centres[rng.integers(0, 6, 640)] + 0.3 * rng.normal(size=(640, 12))).astype("float32")
ds = tf.data.Dataset.from_tensor_slices(x).shuffle(640, seed=0).batch(cfg.batch, drop_remainder=True)
train(SimCLR(cfg, 12), ds, 10)
