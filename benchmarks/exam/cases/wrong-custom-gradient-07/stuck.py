import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


def round_through(x):
    return x + tf.stop_gradient(tf.round(x)) - x


class Compressor(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.coder = tf.keras.Sequential([layers.Input((6,)), layers.Dense(16, "relu"), layers.Dense(3)], name="coder")
        self.decoder = tf.keras.Sequential([layers.Input((3,)), layers.Dense(16, "relu"), layers.Dense(6)], name="decoder")

    def call(self, x, training=False):
        code = 4.0 * self.coder(x)
        return self.decoder(round_through(code) / 4.0)

    @tf.function
    def learn(self, x, optimizer):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - x))
        grads = tape.gradient(loss, self.trainable_variables)
        optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return loss


tf.keras.utils.set_random_seed(71)
mixing = np.random.randn(3, 6)
data = (np.random.randn(256, 3) @ mixing).astype("float32")
model = Compressor()
model(data[:1])
sgd = tf.keras.optimizers.SGD(0.02)
for epoch in range(5):
    losses = [float(model.learn(tf.constant(part), sgd)) for part in np.array_split(data, 8)]
    print("epoch", epoch, "loss", np.mean(losses))
