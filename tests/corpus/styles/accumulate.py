"""Gradients gathered over small batches, applied now and then; mixed data."""

import keras
import numpy as np
import tensorflow as tf


class Accumulator:
    def __init__(self, model, optimizer, every):
        self.model, self.optimizer, self.every = model, optimizer, every
        self.sums = [
            tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables
        ]
        self.seen = tf.Variable(0, dtype=tf.int64, trainable=False)

    def add(self, gradients):
        for total, gradient in zip(self.sums, gradients):
            total.assign_add(gradient / float(self.every))
        self.seen.assign_add(1)

    def flush(self):
        self.optimizer.apply_gradients(zip(self.sums, self.model.trainable_variables))
        for total in self.sums:
            total.assign(tf.zeros_like(total))


inputs = keras.Input((5,))
hidden = keras.layers.Dense(12, activation="relu", kernel_regularizer="l2")(inputs)
model = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(hidden))
loss_fn = keras.losses.SparseCategoricalCrossentropy()
accumulator = Accumulator(model, keras.optimizers.RMSprop(1e-2), every=4)


@tf.function
def small_step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True)) + tf.add_n(model.losses)
    accumulator.add(tape.gradient(loss, model.trainable_variables))
    return loss


rng = np.random.default_rng(9)
x = rng.normal(size=(64, 5)).astype("float32")
y = np.argmax(x[:, :4], axis=1)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
for epoch in range(4):
    for number, (xs, ys) in enumerate(data, start=1):
        loss = small_step(xs, ys)
        if number % accumulator.every == 0:
            accumulator.flush()
    print(epoch, float(loss))
