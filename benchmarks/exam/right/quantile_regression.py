"""Pinball loss for three quantiles, as a Loss class."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(87)


class Pinball(keras.losses.Loss):
    def __init__(self, quantiles, name="pinball"):
        super().__init__(name=name)
        self.quantiles = tf.constant(quantiles, tf.float32)

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return tf.reduce_sum(tf.maximum(self.quantiles * error, (self.quantiles - 1.0) * error), axis=-1)


model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(3)])
criterion = Pinball([0.1, 0.5, 0.9])
optimizer = keras.optimizers.Adam(1e-2)
rng = np.random.default_rng(87)
x = rng.uniform(-1, 1, (500, 1)).astype("float32")
y = (x + 0.3 * np.abs(x) * rng.normal(size=(500, 1))).astype("float32")
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(50)


@tf.function
def train_step(features, target):
    with tf.GradientTape() as tape:
        loss = criterion(target, model(features, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(9):
    for features, target in dataset:
        loss = train_step(features, target)
    if epoch % 4 == 0:
        print("loss", float(loss))
