"""A trainer with hooks, and two that inherit from it."""

import abc
import dataclasses

import keras
import numpy as np
import tensorflow as tf


@dataclasses.dataclass
class Settings:
    rate: float = 1e-2
    clip: float = 1.0
    epochs: int = 3


class Trainer(abc.ABC):
    def __init__(self, settings):
        self.settings = settings
        self.net = self.build_net()
        self.opt = self.build_optimizer()
        self.history = []

    @abc.abstractmethod
    def build_net(self): ...

    @abc.abstractmethod
    def compute_loss(self, batch, training): ...

    def build_optimizer(self):
        return keras.optimizers.Adam(learning_rate=self.settings.rate)

    def parameters(self):
        return self.net.trainable_variables

    @tf.function
    def update(self, batch):
        with tf.GradientTape() as recorder:
            loss = self.compute_loss(batch, training=True)
        grads = recorder.gradient(loss, self.parameters())
        grads, norm = tf.clip_by_global_norm(grads, self.settings.clip)
        self.opt.apply_gradients(list(zip(grads, self.parameters())))
        return loss, norm

    def fit(self, data):
        for epoch in range(self.settings.epochs):
            losses = []
            for batch in data:
                loss, _ = self.update(batch)
                losses.append(float(loss))
            self.history.append(np.mean(losses))
            print(epoch, self.history[-1])


class Classifier(Trainer):
    def build_net(self):
        return keras.Sequential(
            [
                keras.layers.Input((6,)),
                keras.layers.Dense(16, activation="relu"),
                keras.layers.Dropout(0.2),
                keras.layers.Dense(3),
            ]
        )

    def compute_loss(self, batch, training):
        features, labels = batch
        scores = self.net(features, training=training)
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores)
        return tf.reduce_mean(each)


class Denoiser(Trainer):
    def build_net(self):
        return keras.Sequential(
            [keras.layers.Input((6,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(6)]
        )

    def compute_loss(self, batch, training):
        features, _ = batch
        noisy = features + tf.random.normal(tf.shape(features), stddev=0.1)
        return tf.reduce_mean(tf.math.squared_difference(self.net(noisy, training=training), features))


def main():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(96, 6)).astype("float32")
    kinds = (points[:, 0] > 0).astype("int64") + (points[:, 1] > 0)
    data = tf.data.Dataset.from_tensor_slices((points, kinds)).batch(16)
    for kind in (Classifier, Denoiser):
        kind(Settings()).fit(data)


if __name__ == "__main__":
    main()
