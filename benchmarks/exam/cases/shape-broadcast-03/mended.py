import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(109)
x = np.random.randn(200, 4).astype("float32")
y = (x @ np.array([1.0, -1.0, 2.0, 0.5])).astype("float32")


class Regressor:
    def __init__(self):
        self.net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="relu", name="deep"),
                                     keras.layers.Dense(1, name="final")])
        self.optimizer = keras.optimizers.Adam(0.02)

    def loss(self, inputs, labels):
        residual = self.net(inputs, training=True) - labels[:, None]
        small = tf.abs(residual) < 1.0
        return tf.reduce_mean(tf.where(small, 0.5 * residual ** 2, tf.abs(residual) - 0.5))

    @tf.function
    def step(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = self.loss(inputs, labels)
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.net.trainable_variables))
        return loss


regressor = Regressor()
for epoch in range(12):
    for i in range(0, 200, 50):
        loss = regressor.step(x[i:i + 50], y[i:i + 50])
    if epoch % 3 == 0:
        print("epoch", epoch, "huber", float(loss))
