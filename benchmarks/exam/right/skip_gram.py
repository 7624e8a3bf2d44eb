"""word2vec with sampled negatives; gradients of the tables are sparse."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(38)
rng = np.random.default_rng(38)
VOCAB, DIM, NEG = 50, 8, 4
centers = tf.Variable(tf.random.uniform((VOCAB, DIM), -0.1, 0.1), name="centers")
contexts = tf.Variable(tf.zeros((VOCAB, DIM)), name="contexts")
opt = tf.keras.optimizers.Adagrad(0.5)

# words of the same tens digit go together
c = rng.integers(0, VOCAB, 4000)
o = (c // 10) * 10 + rng.integers(0, 10, 4000)


@tf.function
def step(center, context):
    negatives = tf.random.uniform((tf.shape(center)[0], NEG), 0, VOCAB, dtype=tf.int32)
    with tf.GradientTape() as tape:
        v = tf.nn.embedding_lookup(centers, center)
        u = tf.nn.embedding_lookup(contexts, context)
        n = tf.nn.embedding_lookup(contexts, negatives)
        positive = tf.math.log_sigmoid(tf.reduce_sum(v * u, axis=-1))
        negative = tf.reduce_sum(tf.math.log_sigmoid(-tf.einsum("bd,bnd->bn", v, n)), axis=-1)
        loss = -tf.reduce_mean(positive + negative)
    grads = tape.gradient(loss, [centers, contexts])
    opt.apply_gradients(zip(grads, [centers, contexts]))
    return loss


for epoch in range(6):
    order = rng.permutation(4000)
    losses = []
    for start in range(0, 4000, 250):
        idx = order[start : start + 250]
        losses.append(step(tf.constant(c[idx], tf.int32), tf.constant(o[idx], tf.int32)))
    print("epoch", epoch, "loss", np.mean(losses))
