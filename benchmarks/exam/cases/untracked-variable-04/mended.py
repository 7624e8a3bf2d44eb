"""Graph isomorphism network on random graphs: is the graph dense?"""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(5)


def make_graphs(count, rng):
    """One big disjoint union: node features, edges, graph ids, labels."""
    feats, edges, owner, labels, offset = [], [], [], [], 0
    for g in range(count):
        n = int(rng.integers(1, 9))
        p = 0.25 if g % 2 else 0.75
        adj = np.triu(rng.random((n, n)) < p, 1)
        src, dst = np.nonzero(adj | adj.T)
        edges.append(np.stack([src + offset, dst + offset], 1))
        feats.append(np.ones((n, 1)) * [[1.0, n / 8.0]])
        owner += [g] * n
        labels.append(float(adj.sum() > 0.5 * n * (n - 1) / 2))
        offset += n
    return (np.concatenate(feats).astype("float32"), np.concatenate(edges).astype("int32"),
            np.array(owner, "int32"), np.array(labels, "float32"))


class GINConv(keras.layers.Layer):
    def __init__(self, units, **kw):
        super().__init__(**kw)
        self.units = units

    def build(self, shape):
        self.eps = self.add_weight(shape=(), initializer="zeros", name="eps")
        self.mlp = keras.Sequential([keras.layers.Dense(self.units, activation="relu"),
                                     keras.layers.Dense(self.units, activation="relu")])
        self.mlp.build((None, shape[-1]))
        self.built = True

    def call(self, x, edges):
        n = tf.shape(x)[0]
        messages = tf.gather(x, edges[:, 0])
        gathered = tf.math.unsorted_segment_sum(messages, edges[:, 1], n)
        return self.mlp((1.0 + self.eps) * x + gathered)


class GraphClassifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.convs = [GINConv(16) for _ in range(3)]
        self.head = keras.layers.Dense(1)

    def call(self, inputs):
        x, edges, owner = inputs
        for conv in self.convs:
            x = conv(x, edges)
        mean = tf.math.segment_mean(x, owner)
        second = tf.math.segment_mean(tf.square(x), owner)
        spread = tf.sqrt(tf.nn.relu(second - tf.square(mean)) + 1e-6)
        return self.head(tf.concat([mean, spread], -1))[:, 0]


class Trainer:
    def __init__(self, model, lr=0.01):
        self.model = model
        self.opt = keras.optimizers.Adam(lr)
        self.acc = keras.metrics.BinaryAccuracy(threshold=0.0)
        self.history = []

    def update(self, batch, y):
        with tf.GradientTape() as tape:
            logits = self.model(batch)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
        params = self.model.trainable_variables
        self.opt.apply_gradients(zip(tape.gradient(loss, params), params))
        self.acc.update_state(y, logits)
        return loss

    def fit(self, batches, epochs):
        for epoch in range(epochs):
            self.acc.reset_state()
            losses = [float(self.update((x, e, o), y)) for x, e, o, y in batches]
            self.history.append(sum(losses) / len(losses))
            print(f"epoch {epoch}: loss {self.history[-1]:.4f} acc {float(self.acc.result()):.3f}")


rng = np.random.default_rng(1)
batches = [make_graphs(24, rng) for _ in range(4)]
Trainer(GraphClassifier()).fit(batches, epochs=8)
