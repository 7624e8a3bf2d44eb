"""Own `train_step` under `fit`: the loop of Keras, the step of ours."""

import numpy as np
import tensorflow as tf
from tensorflow import keras


class Autoencoder(keras.Model):
    """A denoising autoencoder with a metric of its own."""

    def __init__(self, code):
        super().__init__()
        self.encoder = keras.Sequential(
            [keras.layers.Dense(32, activation="relu"), keras.layers.Dense(code)], name="encoder"
        )
        self.decoder = keras.Sequential(
            [keras.layers.Dense(32, activation="relu"), keras.layers.Dense(16)], name="decoder"
        )
        self.noise = keras.layers.GaussianNoise(0.1)
        self.error = keras.metrics.Mean(name="error")

    @property
    def metrics(self):
        return [self.error]

    def call(self, batch, training=False):
        return self.decoder(self.encoder(self.noise(batch, training=training)))

    def train_step(self, batch):
        with tf.GradientTape() as tape:
            restored = self(batch, training=True)
            loss = tf.reduce_mean(tf.square(restored - batch))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.error.update_state(loss)
        return {"error": self.error.result()}


keras.utils.set_random_seed(2)
random = np.random.default_rng(2)
data = np.tanh(random.normal(size=(512, 3)) @ random.normal(size=(3, 16))).astype("float32")

model = Autoencoder(code=3)
model.compile(optimizer=keras.optimizers.Adam(3e-3))
history = model.fit(data, epochs=5, batch_size=32, verbose=0)
print("error", [round(float(error), 4) for error in history.history["error"]])
