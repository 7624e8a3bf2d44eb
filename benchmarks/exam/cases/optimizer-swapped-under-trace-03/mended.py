import os

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, models, optimizers, regularizers

SEED = 17


def backbone():
    i = layers.Input((16,))
    h = layers.Dense(32, use_bias=False, name="b1")(i)
    h = layers.BatchNormalization(name="bn1", momentum=0.9)(h)
    h = layers.ReLU()(h)
    h = layers.Dense(32, use_bias=False, name="b2")(h)
    h = layers.BatchNormalization(name="bn2", momentum=0.9)(h)
    return models.Model(i, layers.ReLU()(h), name="backbone")


class FineTuner:
    def __init__(self, base, classes, l2=1e-3):
        self.base = base
        self.head = models.Sequential([
            layers.Input((32,)),
            layers.Dense(16, activation="relu", kernel_regularizer=regularizers.l2(l2), name="h1"),
            layers.Dense(classes, kernel_regularizer=regularizers.l2(l2), name="h2"),
        ], name="head")
        self.ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.step = None

    def make_step(self, optimizer, train_base):
        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                logits = self.head(self.base(x, training=train_base), training=True)
                loss = self.ce(y, logits) + tf.add_n(self.head.losses)
            weights = self.head.trainable_weights + (self.base.trainable_weights if train_base else [])
            grads = tape.gradient(loss, weights)
            optimizer.apply_gradients(zip(grads, weights))
            return loss
        return step

    def phase(self, data, epochs, optimizer, train_base):
        self.base.trainable = train_base
        step = self.make_step(optimizer, train_base)
        for epoch in range(epochs):
            loss = np.mean([float(step(x, y)) for x, y in data])
            print("base" if train_base else "head", epoch, round(float(loss), 4))


def task(seed, classes, n=512):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = (np.random.default_rng(0).normal(size=(8, 16)) * 1.3)[y] + rng.normal(size=(n, 16))
    return tf.data.Dataset.from_tensor_slices((x.astype("float32"), y.astype("int64"))).shuffle(n, seed=seed).batch(32)


tf.keras.utils.set_random_seed(SEED)
base = backbone()
tuner = FineTuner(base, 6)
tuner.phase(task(1, 6), 2, optimizers.Adam(3e-3), train_base=False)
tuner.phase(task(1, 6), 2, optimizers.Adam(1e-3), train_base=True)
