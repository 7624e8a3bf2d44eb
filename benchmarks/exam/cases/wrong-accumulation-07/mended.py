import numpy as np
import tensorflow as tf
from tensorflow import keras


class Accumulator:
    """Sums gradients over micro-batches, then lets the optimizer step."""

    def __init__(self, variables, every):
        self.every = every
        self.count = tf.Variable(0, trainable=False)
        self.sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def add(self, gradients):
        for total, g in zip(self.sums, gradients):
            total.assign_add(g)
        self.count.assign_add(1)

    def flush(self, optimizer, variables):
        optimizer.apply_gradients([(s / self.every, v) for s, v in zip(self.sums, variables)])
        for total in self.sums:
            total.assign(tf.zeros_like(total))
        self.count.assign(0)


keras.utils.set_random_seed(12)
model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(20, activation="gelu"), keras.layers.Dense(3)])
optimizer = keras.optimizers.Adam(3e-3)
loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
accumulator = Accumulator(model.trainable_variables, every=4)


@tf.function
def micro(x, y):
    with tf.GradientTape() as tape:
        loss = loss_object(y, model(x, training=True))
    accumulator.add(tape.gradient(loss, model.trainable_variables))
    return loss


@tf.function
def update():
    accumulator.flush(optimizer, model.trainable_variables)


rng = np.random.default_rng(12)
x = rng.normal(size=(256, 10)).astype("float32")
y = np.argmax(x[:, :3], axis=1)
for epoch in range(5):
    for i in range(0, 256, 8):
        loss = micro(x[i:i + 8], y[i:i + 8])
        if int(accumulator.count) == accumulator.every:
            update()
    print(epoch, float(loss))
