import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(5)
x = np.random.randn(400, 7).astype("float32")
y = np.tanh(x @ np.random.randn(7, 2)).astype("float32")


class Projection(layers.Layer):
    def __init__(self, inputs, units):
        super().__init__()
        self.w = self.add_weight(shape=(inputs, units), initializer="glorot_uniform", name="w")
        self.b = self.add_weight(shape=(units,), initializer="zeros", name="b")

    def call(self, inputs):
        return tf.nn.tanh(tf.matmul(inputs, self.w) + self.b)


model = tf.keras.Sequential([layers.Input((7,)), Projection(7, 10), layers.Dense(2, name="readout")])
optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.math.squared_difference(model(inputs), labels))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(25):
    for k in range(0, 400, 50):
        loss = step(x[k:k + 50], y[k:k + 50])
    if epoch % 5 == 0:
        print(epoch, "loss", float(loss))
