import math

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

WIDTH, STEPS, EMA = 48, 50, 0.98


def sinusoidal(t, dim=16):
    freq = tf.exp(tf.linspace(0.0, math.log(100.0), dim // 2))
    angle = tf.cast(t, tf.float32)[:, None] * freq[None] / STEPS
    return tf.concat([tf.sin(angle), tf.cos(angle)], axis=-1)


def get_network():
    noisy, time = keras.Input((2,)), keras.Input((16,))
    h = layers.Concatenate()([noisy, time])
    for _ in range(2):
        h = layers.Dense(WIDTH)(h)
        h = layers.BatchNormalization(momentum=0.9)(h)
        h = layers.Activation("swish")(h)
        h = layers.Dropout(0.05)(h)
    return keras.Model([noisy, time], layers.Dense(2)(h))


class DiffusionModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.network = get_network()
        self.ema_network = keras.models.clone_model(self.network)
        self.ema_network.set_weights(self.network.get_weights())
        self.ema_network.trainable = False
        beta = np.linspace(1e-3, 0.2, STEPS).astype("float32")
        self.alpha_bar = tf.constant(np.cumprod(1 - beta))
        self.loss_tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def call(self, inputs, training=False):
        noisy, t = inputs
        return self.ema_network([noisy, sinusoidal(t)], training=False)

    def train_step(self, data):
        n = tf.shape(data)[0]
        noise = tf.random.normal(tf.shape(data))
        t = tf.random.uniform([n], 0, STEPS, dtype=tf.int32)
        signal = tf.gather(self.alpha_bar, t)[:, None]
        noisy = tf.sqrt(signal) * data + tf.sqrt(1.0 - signal) * noise
        with tf.GradientTape() as tape:
            predicted = self.network([noisy, sinusoidal(t)], training=True)
            loss = tf.reduce_mean(tf.square(noise - predicted))
        gradients = tape.gradient(loss, self.network.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.network.trainable_weights))
        self.loss_tracker.update_state(loss)
        for weight, ema_weight in zip(self.network.weights, self.ema_network.weights):
            ema_weight.assign(EMA * ema_weight + (1 - EMA) * weight)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        n = tf.shape(data)[0]
        t = tf.fill([n], STEPS // 2)
        noise = tf.random.normal(tf.shape(data))
        signal = tf.gather(self.alpha_bar, t)[:, None]
        predicted = self.ema_network([tf.sqrt(signal) * data + tf.sqrt(1 - signal) * noise, sinusoidal(t)], training=False)
        self.loss_tracker.update_state(tf.reduce_mean(tf.square(noise - predicted)))
        return {m.name: m.result() for m in self.metrics}


class PrintLoss(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("epoch", epoch, {k: round(float(v), 4) for k, v in (logs or {}).items()})


keras.utils.set_random_seed(1)
angle = np.random.default_rng(1).uniform(0, 2 * np.pi, 1024)
ring = np.stack([np.cos(angle), np.sin(angle)], 1).astype("float32")
model = DiffusionModel()
model.compile(optimizer=keras.optimizers.Adam(3e-3))
model.fit(ring, epochs=5, batch_size=64, verbose=0, callbacks=[PrintLoss()])
