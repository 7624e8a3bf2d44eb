"""Averaged weights: a second model follows the first and is the one to use.

After each update the average moves a little towards the weights. It is a copy with
variables of its own, changed by `assign` outside of the tape, and no optimizer gets
it: it follows, it does not train. Averaging starts from the same weights, or it
would spend its first steps forgetting a random start.

Labels are noisy and the rate is high, so the weights jump about; their average
does not.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(16)
DECAY = 0.97


def network():
    return keras.Sequential(
        [
            keras.layers.Input((6,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


model, average = network(), network()
average.set_weights(model.get_weights())
average.trainable = False
optimizer = keras.optimizers.Adam(2e-2)
optimizer.build(model.trainable_variables)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    for mean, weight in zip(average.variables, model.variables):
        mean.assign(DECAY * mean + (1.0 - DECAY) * weight)
    return loss


def truth(x):
    return tf.sin(2.0 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]


test_x = tf.random.normal((512, 6))


def error(one):
    return float(tf.reduce_mean(tf.square(one(test_x) - truth(test_x))))


for number in range(1, 301):
    x = tf.random.normal((32, 6))
    y = truth(x) + tf.random.normal((32, 1))
    step(x, y)
    if number in (1, 75, 150, 300):
        print(f"step {number}: test loss {error(average):.4f}, {error(model):.4f} without average")
