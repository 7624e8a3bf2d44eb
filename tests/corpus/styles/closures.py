"""Steps made by functions that return functions; gradients by a decorator."""

from functools import wraps

import keras
import numpy as np
import tensorflow as tf


def value_and_gradient(function):
    @wraps(function)
    def both(variables, *args):
        with tf.GradientTape() as tape:
            value = function(*args)
        return value, tape.gradient(value, variables)

    return both


def make_model(width):
    return keras.Sequential(
        [
            keras.layers.Input((4,)),
            keras.layers.Dense(width, activation="gelu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )


def make_step(model, optimizer, loss_fn):
    @value_and_gradient
    def cost(x, y):
        return loss_fn(y, model(x, training=True))

    @tf.function
    def step(x, y):
        value, grads = cost(model.trainable_variables, x, y)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return value

    return step


def epochs(step, data, count):
    for _ in range(count):
        yield float(np.mean([step(x, y) for x, y in data]))


rng = np.random.default_rng(0)
x = rng.normal(size=(64, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64, seed=1).batch(16)
model = make_model(16)
schedule = keras.optimizers.schedules.CosineDecay(0.02, 100)
step = make_step(model, keras.optimizers.AdamW(schedule), keras.losses.MeanSquaredError())
for loss in epochs(step, data, 5):
    print(round(loss, 4))
