"""Domain adaptation: a layer that is the identity forward and turns gradients around."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(47)


@tf.custom_gradient
def reverse(x):
    def grad(dy):
        return -0.3 * dy

    return tf.identity(x), grad


class GradientReversal(keras.layers.Layer):
    def call(self, x):
        return reverse(x)


features = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(16, activation="relu")])
classify = keras.Sequential([keras.layers.Input((16,)), keras.layers.Dense(2)])
discriminate = keras.Sequential([keras.layers.Input((16,)), GradientReversal(), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(5e-3)
ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
bce = keras.losses.BinaryCrossentropy(from_logits=True)
everything = features.trainable_variables + classify.trainable_variables + discriminate.trainable_variables


@tf.function
def step(xs, ys, xt):
    domain = tf.concat([tf.zeros((len(xs), 1)), tf.ones((len(xt), 1))], axis=0)
    with tf.GradientTape() as tape:
        f = features(tf.concat([xs, xt], axis=0))
        task = ce(ys, classify(f[: len(xs)]))
        confusion = bce(domain, discriminate(f))
        total = task + confusion
    optimizer.apply_gradients(zip(tape.gradient(total, everything), everything))
    return task, confusion


rng = np.random.default_rng(47)
for i in range(150):
    xs = rng.normal(size=(64, 4)).astype("float32")
    ys = (xs[:, 0] > 0).astype("int32")
    xt = rng.normal(0.5, 1.0, size=(64, 4)).astype("float32")
    task, confusion = step(tf.constant(xs), tf.constant(ys), tf.constant(xt))
    if i % 49 == 0:
        print(f"task loss {float(task):.4f}; domains {float(confusion):.4f}")
