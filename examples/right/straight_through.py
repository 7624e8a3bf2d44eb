"""A custom gradient: a step forward, a straight line backward.

Hidden units here are off or on, nothing between. A step has derivative zero nearly
everywhere, so no gradient would reach the weights below. The straight-through
estimator lies on purpose: backward it passes the gradient on as if the step were
the identity, but only where the input is small, so that units can't run away.

`tf.custom_gradient` takes a function that returns its value and the function for
the way back, which gets the gradient from above and returns that for the input.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(15)


@tf.custom_gradient
def switch(x):
    def backward(upstream):
        return upstream * tf.cast(tf.abs(x) <= 1.0, x.dtype)

    return tf.cast(x > 0.0, x.dtype), backward


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
