"""Clipping by global norm that clips nothing; one bad batch throws the weights away.

The function is called, and the norm is logged. Ask gradproof where its result goes:

    gradproof run examples/stuck/clipping.py
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(4)
LENGTH, LIMIT = 10, 1.0

model = keras.Sequential(
    [
        keras.layers.Input((LENGTH, 1)),
        keras.layers.SimpleRNN(16, activation="tanh"),
        keras.layers.Dense(1),
    ]
)
optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
optimizer.build(model.trainable_variables)


@tf.function
def step(sequences, sums):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(sequences, training=True) - sums))
    gradients = tape.gradient(loss, model.trainable_variables)
    clipped, norm = tf.clip_by_global_norm(gradients, LIMIT)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss, norm


def batch_of(size):
    sequences = tf.random.uniform((size, LENGTH, 1), -0.3, 0.3)
    sums = tf.reduce_sum(sequences, axis=1)
    broken = tf.random.uniform((size, 1)) < 0.002
    return sequences, tf.where(broken, 100.0 * sums, sums)


losses, norms = [], []
for number in range(1, 301):
    sequences, sums = batch_of(32)
    loss, norm = step(sequences, sums)
    losses.append(float(loss))
    norms.append(float(norm))
    if number % 75 == 0:
        usual = sorted(losses[-75:])[37]
        clipped = sum(one > LIMIT for one in norms[-75:])
        print(
            f"step {number}: loss {usual:.4f} (median),"
            f" {clipped} of 75 steps clipped, largest norm {max(norms[-75:]):.1f}"
        )
