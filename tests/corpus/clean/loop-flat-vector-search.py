"""The update is made outside of TensorFlow: a line search over one flat vector of all weights.

A traced function puts the vector into the model before it takes the gradient,
as with SciPy's L-BFGS.
"""

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(4)
model = keras.Sequential(
    [keras.layers.Input((1,)), keras.layers.Dense(12, "tanh"), keras.layers.Dense(1)]
)
x = tf.linspace(-1.0, 1.0, 48)[:, tf.newaxis]
y = tf.sin(3.0 * x)
SHAPES = [tuple(variable.shape) for variable in model.trainable_variables]
SIZES = [int(np.prod(shape)) for shape in SHAPES]


@tf.function
def put(flat):
    parts = tf.split(flat, SIZES)
    for variable, part, shape in zip(model.trainable_variables, parts, SHAPES):
        variable.assign(tf.reshape(part, shape))


@tf.function
def loss_and_slope(flat):
    with tf.GradientTape() as tape:
        put(flat)
        loss = tf.reduce_mean(tf.square(model(x) - y))
    slopes = tape.gradient(loss, model.trainable_variables)
    return loss, tf.concat([tf.reshape(slope, (-1,)) for slope in slopes], 0)


weights = np.concatenate([variable.numpy().ravel() for variable in model.trainable_variables])
loss, slope = loss_and_slope(tf.constant(weights))
first = float(loss)
for _ in range(40):
    length = 1.0
    while length > 1e-4:
        tried = weights - length * slope.numpy()
        lower, there = loss_and_slope(tf.constant(tried))
        if lower < loss:
            weights, loss, slope = tried, lower, there
            break
        length /= 2
put(tf.constant(weights))
print(first, float(loss))
assert float(loss) < first / 2
