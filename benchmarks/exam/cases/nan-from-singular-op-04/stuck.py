"""Recommender tower with missing ratings marked as NaN."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(90)


class Critic(keras.Model):
    def __init__(self, items):
        super().__init__()
        self.hidden = keras.layers.Dense(24, activation="selu")
        self.out = keras.layers.Dense(items)

    def call(self, x):
        return self.out(self.hidden(x))


def masked_mse(y, prediction):
    known = tf.logical_not(tf.math.is_nan(y))
    error = tf.where(known, tf.square(y - prediction), 0.0)
    return tf.reduce_sum(error) / tf.maximum(tf.reduce_sum(tf.cast(known, tf.float32)), 1.0)


@tf.function
def update(model, opt, x, y):
    with tf.GradientTape() as tape:
        loss = masked_mse(y, model(x))
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return loss


rng = np.random.default_rng(90)
x = rng.normal(0, 1, (256, 8)).astype("float32")
y = (x @ rng.normal(0, 1, (8, 6))).astype("float32")
y[rng.random(y.shape) < 0.3] = np.nan
model = Critic(6)
opt = keras.optimizers.Adam(0.01)
model(x[:1])
opt.build(model.trainable_variables)
for n in range(40):
    k = rng.integers(0, 256, 32)
    loss = update(model, opt, tf.constant(x[k]), tf.constant(y[k]))
    if n % 10 == 0:
        print(n, float(loss))
