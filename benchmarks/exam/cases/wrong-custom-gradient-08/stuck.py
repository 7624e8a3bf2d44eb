import numpy as np
import tensorflow as tf
from tensorflow import keras


@tf.custom_gradient
def fake_quant(x, step):
    scaled = x / step
    rounded = tf.round(scaled)
    clipped = tf.clip_by_value(rounded, -7.0, 7.0)

    def grad(upstream):
        inside = tf.cast(tf.abs(scaled) <= 7.0, upstream.dtype)
        return upstream * inside, tf.zeros_like(step)

    return clipped * step, grad


class QuantDense(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.step_size = self.add_weight(
            name="step_size", shape=(), initializer=keras.initializers.Constant(0.1)
        )

    def call(self, inputs):
        kernel = fake_quant(tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.step_size))
        return tf.matmul(inputs, kernel) + self.bias


keras.utils.set_random_seed(14)
x = np.random.randn(512, 8).astype("float32")
y = np.maximum(x[:, :1], 0) - x[:, 1:2]
model = keras.Sequential([keras.layers.Input((8,)), QuantDense(16), keras.layers.ReLU(), QuantDense(1)])
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
model.fit(x, y, batch_size=64, epochs=5, verbose=0)
print("mse", model.evaluate(x, y, verbose=0))
