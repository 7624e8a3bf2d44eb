"""Gradients of rows, in eager code, with a share of decay."""

import hashlib

import tensorflow as tf

tf.keras.utils.set_random_seed(33)
words = tf.keras.layers.Embedding(40, 6)
top = tf.keras.layers.Dense(2)
ids = tf.random.uniform((32, 5), maxval=25, dtype=tf.int32)
labels = ids[:, 0] % 2
top(words(ids))
weights = words.trainable_variables + top.trainable_variables
optimizer = tf.keras.optimizers.AdamW(0.02, weight_decay=0.01)


def train_step():
    with tf.GradientTape() as tape:
        logits = top(tf.reduce_mean(words(ids), axis=1))
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    gradients = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(gradients, weights))
    return loss


for step in range(10):
    loss = train_step()
    print(step, float(loss).hex())
digest = hashlib.sha256()
for variable in [*weights, *optimizer.variables]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
