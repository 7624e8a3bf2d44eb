"""A GCN on a sparse adjacency; only some nodes have labels."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(70)
rng = np.random.default_rng(70)
N = 60
group = np.arange(N) % 3
adj = (rng.uniform(size=(N, N)) < np.where(group[:, None] == group[None], 0.3, 0.02)).astype("float32")
adj = np.maximum(adj, adj.T) + np.eye(N, dtype="float32")
d = adj.sum(1) ** -0.5
norm = d[:, None] * adj * d[None]
idx = np.argwhere(norm > 0)
A = tf.sparse.reorder(tf.SparseTensor(idx, norm[idx[:, 0], idx[:, 1]].astype("float32"), (N, N)))
features = tf.constant(np.eye(N, dtype="float32"))
mask = tf.constant((np.arange(N) < 15).astype("float32"))
labels = tf.constant(group, tf.int32)


class GraphConv(keras.layers.Layer):
    def __init__(self, units, activation=None):
        super().__init__()
        self.dense = keras.layers.Dense(units, use_bias=False)
        self.act = keras.activations.get(activation)

    def call(self, x):
        return self.act(tf.sparse.sparse_dense_matmul(A, self.dense(x)))


class GCN(keras.Model):
    def __init__(self):
        super().__init__()
        self.g1, self.g2 = GraphConv(16, "relu"), GraphConv(3)
        self.drop = keras.layers.Dropout(0.3)

    def call(self, x, training=False):
        return self.g2(self.drop(self.g1(x), training=training))


model, opt = GCN(), keras.optimizers.Adam(2e-2)


@tf.function
def train():
    with tf.GradientTape() as tape:
        logits = model(features, training=True)
        ce = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        loss = tf.reduce_sum(ce * mask) / tf.reduce_sum(mask)
        loss += 1e-3 * tf.add_n([tf.nn.l2_loss(w) for w in model.trainable_weights])
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights))
    return loss


for epoch in range(60):
    loss = train()
    if epoch % 19 == 0:
        print("epoch", epoch, "loss", float(loss))
