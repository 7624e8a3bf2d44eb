import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(51)
x = np.random.randn(192, 8).astype("float32")
y = (1.03 * x[:, :4]).astype("float32")


class Gain(keras.layers.Layer):
    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones", name="gain")

    def call(self, inputs):
        return inputs * tf.cast(self.gain, inputs.dtype)


model = keras.Sequential([keras.Input((4,)), Gain(name="scale")])
optimizer = keras.optimizers.SGD(learning_rate=2e-3)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(30):
    for i in range(0, 192, 48):
        loss = train_step(x[i:i + 48, :4], y[i:i + 48])
    if epoch % 6 == 0:
        print("epoch", epoch, "loss", float(loss))
