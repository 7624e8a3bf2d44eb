"""A hidden layer of switches; the weights below it never train.

The loss goes down, because the last layer does train. Ask gradproof for the rest:

    gradproof run examples/stuck/straight_through.py
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(15)


def switch(x):
    return tf.cast(x > 0.0, x.dtype)


class BinaryNet(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.below = keras.layers.Dense(units, name="below")
        self.above = keras.layers.Dense(1, name="above")

    def call(self, x):
        return self.above(switch(self.below(x)))


model = BinaryNet(64)
optimizer = keras.optimizers.Adam(1e-2)
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = cross_entropy(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


x = tf.random.uniform((1024, 2), -1.0, 1.0)
y = tf.cast(tf.reduce_sum(x**2, axis=1, keepdims=True) < 0.6, tf.float32)
batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1024, seed=15).batch(64)
for epoch in range(1, 11):
    losses = [float(step(x, y)) for x, y in batches]
    if epoch % 3 == 1:
        print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}")
