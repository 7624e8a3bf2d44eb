import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(112)
x = np.random.randn(180, 6).astype("float32")
y = np.sin(x[:, :2] + x[:, 2:4]).astype("float32")


class Branch(keras.layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.inner = keras.layers.Dense(width, activation="tanh")
        self.outer = keras.layers.Dense(width)

    def call(self, inputs):
        return self.outer(self.inner(inputs))


class Mixture(keras.Model):
    def __init__(self):
        super().__init__()
        self.branches = [Branch(8), Branch(8)]
        self.join = keras.layers.Dense(2, name="join")

    def call(self, inputs):
        return self.join(tf.add_n([branch(inputs) for branch in self.branches]))


model = Mixture()
optimizer = keras.optimizers.SGD(0.1)
for epoch in range(12):
    for i in range(0, 180, 60):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x[i:i + 60], training=True) - y[i:i + 60]))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", float(loss))
