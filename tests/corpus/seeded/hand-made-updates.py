import hashlib

import numpy as np
import tensorflow as tf

tf.random.set_seed(306)
rng = np.random.default_rng(306)
weights = tf.Variable(rng.normal(size=(6, 3)).astype("float32"), name="weights")
bias = tf.Variable(tf.zeros(3), name="bias")
velocity = tf.Variable(tf.zeros((6, 3)), trainable=False)
average = tf.Variable(weights, trainable=False)
x = tf.constant(rng.normal(size=(50, 6)), tf.float32)
labels = tf.constant(rng.integers(0, 3, 50))
for step in range(15):
    with tf.GradientTape() as tape:
        logits = tf.nn.dropout(x, 0.1) @ weights + bias
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    d_weights, d_bias = tape.gradient(loss, [weights, bias])
    velocity.assign(0.9 * velocity + d_weights)
    weights.assign_sub(0.1 * velocity)
    bias.assign_sub(0.1 * d_bias)
    average.assign(0.95 * average + 0.05 * weights)
    print(step, float(loss).hex())
print(hashlib.sha256(b"".join(v.numpy().tobytes() for v in (weights, bias, velocity, average))).hexdigest())
