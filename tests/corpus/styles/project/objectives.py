"""What is made small."""

import tensorflow as tf


def squared(model, x, y, training):
    prediction = model(x, training=training)
    return tf.reduce_mean(tf.square(prediction - y))


def apply_update(optimizer, tape, loss, variables, limit=5.0):
    gradients = tape.gradient(loss, variables)
    gradients, _ = tf.clip_by_global_norm(gradients, limit)
    optimizer.apply_gradients(zip(gradients, variables))
    return gradients
