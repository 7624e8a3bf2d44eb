import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(113)


def soft_threshold(values):
    return (np.sign(values) * np.maximum(np.abs(values) - 0.1, 0.0)).astype(np.float32)


class Shrink(tf.keras.layers.Layer):
    def call(self, inputs):
        outputs = tf.numpy_function(soft_threshold, [inputs], tf.float32)
        outputs.set_shape(inputs.shape)
        return outputs


inputs = tf.keras.Input((16,), batch_size=20)
codes = tf.keras.layers.Dense(8, name="analysis")(inputs)
outputs = tf.keras.layers.Dense(16, name="synthesis")(Shrink()(codes))
model = tf.keras.Model(inputs, outputs)
optimizer = tf.keras.optimizers.Adam(1e-2)
signal = tf.random.normal((20, 16))
for epoch in range(6):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(signal, training=True) - signal))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print(epoch, float(loss))
