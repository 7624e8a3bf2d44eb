"""A physics-informed network: the loss holds derivatives of the network.

It solves u'' = -u with u(0) = 0 and u'(0) = 1. The inner tapes differentiate
by the input, which has to be watched; the outer tape records them.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(8)
network = keras.Sequential(
    [
        keras.layers.Input((1,)),
        keras.layers.Dense(24, activation="tanh"),
        keras.layers.Dense(24, activation="tanh"),
        keras.layers.Dense(1),
    ]
)
optimizer = keras.optimizers.Adam(5e-3)
times = tf.linspace(0.0, 3.0, 64)[:, None]
start = tf.zeros((1, 1))


def with_derivatives(t):
    with tf.GradientTape() as second:
        second.watch(t)
        with tf.GradientTape() as first:
            first.watch(t)
            u = network(t)
        speed = first.gradient(u, t)
    return u, speed, second.gradient(speed, t)


@tf.function
def step():
    with tf.GradientTape() as tape:
        u, _, acceleration = with_derivatives(times)
        equation = tf.reduce_mean(tf.square(acceleration + u))
        u0, speed0, _ = with_derivatives(start)
        initial = tf.reduce_mean(tf.square(u0)) + tf.reduce_mean(tf.square(speed0 - 1.0))
        loss = equation + initial
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss


for number in range(300):
    loss = step()
    if number % 100 == 99:
        print(f"step {number + 1}: loss {float(loss):.5f}")
error = tf.reduce_max(tf.abs(network(times) - tf.sin(times)))
print(f"largest error {float(error):.3f}")
