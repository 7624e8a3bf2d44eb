"""Center loss: class centres follow the features by a rule of their own, without a gradient."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(74)
CLASSES, FEATS = 4, 8
body = keras.Sequential([keras.layers.Input((10,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(FEATS)])
head = keras.Sequential([keras.layers.Input((FEATS,)), keras.layers.Dense(CLASSES)])
centers = tf.Variable(tf.zeros((CLASSES, FEATS)), trainable=False, name="centers")
optimizer = keras.optimizers.Adam(5e-3)
cce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
variables = body.trainable_variables + head.trainable_variables


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        f = body(x, training=True)
        pull = tf.reduce_mean(tf.reduce_sum((f - tf.gather(centers, y)) ** 2, axis=1))
        loss = cce(y, head(f, training=True)) + 0.01 * pull
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    diff = tf.gather(centers, y) - f
    counts = tf.math.unsorted_segment_sum(tf.ones_like(diff), y, CLASSES)
    sums = tf.math.unsorted_segment_sum(diff, y, CLASSES)
    centers.assign_sub(0.5 * sums / (1.0 + counts))
    return loss


rng = np.random.default_rng(74)
x = rng.normal(size=(600, 10)).astype("float32")
y = np.argmax(x[:, :CLASSES], 1).astype("int32")
for epoch in range(8):
    losses = []
    for i in range(0, 600, 60):
        losses.append(step(x[i : i + 60], y[i : i + 60]).numpy())
    print("loss", np.mean(losses))
