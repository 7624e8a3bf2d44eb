"""Node classification with a small graph attention network (edges as index pairs, segment ops)."""
import argparse
from collections import namedtuple
from dataclasses import dataclass, field
from typing import List

import numpy as np
import tensorflow as tf
from tensorflow import keras

Graph = namedtuple("Graph", "features senders receivers labels mask")


@dataclass
class Config:
    hidden: int = 8
    heads: int = 2
    classes: int = 3
    lr: float = 5e-3
    weight_decay: float = 5e-4
    epochs: int = 12
    seed: int = 7
    log_every: int = 4


def make_graph(cfg: Config, nodes: int = 60) -> Graph:
    rng = np.random.default_rng(cfg.seed)
    labels = rng.integers(0, cfg.classes, nodes)
    centres = rng.normal(size=(cfg.classes, 10))
    x = centres[labels] + 0.5 * rng.normal(size=(nodes, 10))
    s, r = [], []
    for i in range(nodes):
        same = np.flatnonzero(labels == labels[i])
        for j in rng.choice(same, 3):
            s.append(j)
            r.append(i)
        s.append(i)
        r.append(i)
    mask = rng.random(nodes) < 0.7
    return Graph(tf.constant(x, tf.float32), tf.constant(s, tf.int32), tf.constant(r, tf.int32),
                 tf.constant(labels, tf.int32), tf.constant(mask))


class AttentionHead(keras.layers.Layer):
    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), initializer="glorot_uniform", name="kernel")
        self.attn_src = self.add_weight(shape=(self.units, 1), initializer="glorot_uniform", name="attn_src")
        self.attn_dst = self.add_weight(shape=(self.units, 1), initializer="glorot_uniform", name="attn_dst")

    def call(self, x, senders, receivers):
        n = tf.shape(x)[0]
        h = tf.matmul(x, self.kernel)
        score = tf.gather(tf.matmul(h, self.attn_src), senders) + tf.gather(tf.matmul(h, self.attn_dst), receivers)
        score = tf.nn.leaky_relu(score, 0.2)
        score = score - tf.gather(tf.math.unsorted_segment_max(score, receivers, n), receivers)
        weight = tf.exp(score)
        total = tf.math.unsorted_segment_sum(weight, receivers, n)
        weight = weight / tf.gather(total, receivers)
        return tf.math.unsorted_segment_sum(weight * tf.gather(h, senders), receivers, n)


class HeadBank:
    """Runs several heads side by side and concatenates what they say."""

    def __init__(self, units: int, count: int):
        self.members = tuple(AttentionHead(units, name=f"head_{i}") for i in range(count))

    def __call__(self, x, senders, receivers):
        return tf.concat([head(x, senders, receivers) for head in self.members], axis=-1)


class GAT(keras.Model):
    def __init__(self, cfg: Config):
        super().__init__()
        self.heads = HeadBank(cfg.hidden, cfg.heads)
        self.norm = keras.layers.LayerNormalization()
        self.out = AttentionHead(cfg.classes, name="out")

    def call(self, graph_tensors, training=False):
        x, s, r = graph_tensors
        h = self.heads(x, s, r)
        h = tf.nn.elu(self.norm(h))
        return self.out(h, s, r)


def masked_loss(logits, labels, mask):
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    weight = tf.cast(mask, each.dtype)
    return tf.reduce_sum(each * weight) / tf.reduce_sum(weight)


def accuracy(logits, labels, mask):
    right = tf.cast(tf.equal(tf.argmax(logits, -1, output_type=tf.int32), labels), tf.float32)
    return tf.reduce_mean(tf.boolean_mask(right, mask))


class Trainer:
    def __init__(self, model: GAT, cfg: Config):
        self.model, self.cfg = model, cfg
        self.optimizer = keras.optimizers.Adam(cfg.lr)
        self.history: List[float] = []

    def fit(self, graph: Graph):
        inputs = (graph.features, graph.senders, graph.receivers)
        for epoch in range(self.cfg.epochs):
            with tf.GradientTape() as tape:
                logits = self.model(inputs, training=True)
                loss = masked_loss(logits, graph.labels, graph.mask)
                decay = tf.add_n([tf.zeros([])] + [tf.nn.l2_loss(w) for w in self.model.trainable_variables if "kernel" in w.name])
                loss = loss + self.cfg.weight_decay * decay
            weights = self.model.trainable_variables
            grads = tape.gradient(loss, weights)
            self.optimizer.apply_gradients(zip(grads, weights))
            self.history.append(float(loss))
            if epoch % self.cfg.log_every == 0:
                acc = accuracy(logits, graph.labels, ~graph.mask)
                print(f"epoch {epoch:3d}  loss {loss:.4f}  held-out acc {acc:.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=12)
    cfg = Config(epochs=parser.parse_args().epochs)
    keras.utils.set_random_seed(cfg.seed)
    Trainer(GAT(cfg), cfg).fit(make_graph(cfg))


if __name__ == "__main__":
    main()
