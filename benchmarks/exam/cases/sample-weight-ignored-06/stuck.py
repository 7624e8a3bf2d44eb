from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow import keras


class Policies(NamedTuple):
    features: tf.Tensor
    claims: tf.Tensor
    weight: tf.Tensor


def portfolio(count=600, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 3)).astype("float32")
    exposure = rng.uniform(0.05, 1.0, (count, 1)).astype("float32")
    rate = np.exp(0.4 * features[:, :1] - 0.5)
    claims = rng.poisson(rate * exposure) / exposure
    return Policies(features, claims.astype("float32"), exposure)


class Tariff:
    def __init__(self):
        self.model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, name="hazard")])
        self.optimizer = keras.optimizers.Adam(0.03)
        self.deviance = keras.losses.Poisson()

    @tf.function
    def fit_batch(self, batch):
        with tf.GradientTape() as tape:
            rate = tf.exp(self.model(batch.features, training=True))
            loss = self.deviance(batch.claims, rate)
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss


keras.utils.set_random_seed(52)
data = tf.data.Dataset.from_tensor_slices(portfolio()).batch(60)
tariff = Tariff()
for epoch in range(5):
    print(epoch, np.mean([float(tariff.fit_batch(batch)) for batch in data]))
