import numpy as np
import tensorflow as tf


class RevIN:
    @tf.function
    def normalise(self, x):
        self.mean = tf.reduce_mean(x, axis=1, keepdims=True)
        self.std = tf.math.reduce_std(x, axis=1, keepdims=True) + 1e-5
        return (x - self.mean) / self.std

    @tf.function
    def denormalise(self, y):
        return y * self.std + self.mean


tf.keras.utils.set_random_seed(71)
series = np.cumsum(np.random.randn(64, 20), axis=1).astype("float32")
history, future = tf.constant(series[:, :16]), tf.constant(series[:, 16:])
forecaster = tf.keras.Sequential([tf.keras.layers.Input((16,)), tf.keras.layers.Dense(4)])
opt, revin = tf.keras.optimizers.Adam(0.01), RevIN()
for epoch in range(30):
    with tf.GradientTape() as tape:
        forecast = revin.denormalise(forecaster(revin.normalise(history)))
        loss = tf.reduce_mean(tf.abs(forecast - future))
    opt.apply_gradients(zip(tape.gradient(loss, forecaster.trainable_variables), forecaster.trainable_variables))
    if epoch % 10 == 0:
        print(epoch, float(loss))
