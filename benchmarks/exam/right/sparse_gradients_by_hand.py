"""Plain descent that asks each gradient whether it is sparse."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(56)
table = tf.Variable(tf.random.normal((20, 4)))
head = tf.Variable(tf.random.normal((4, 3)))
ids = np.arange(15)
labels = ids % 3
for i in range(80):
    with tf.GradientTape() as tape:
        logits = tf.gather(table, ids) @ head
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    for v, g in zip((table, head), tape.gradient(loss, (table, head))):
        if isinstance(g, tf.IndexedSlices):
            v.scatter_sub(tf.IndexedSlices(0.8 * g.values, g.indices))
        else:
            v.assign_sub(0.2 * g)
    if i % 20 == 0:
        print(i, float(loss))
