"""The parts of the model."""

import keras
from keras import layers


class Block(layers.Layer):
    def __init__(self, width, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(width, activation="relu")
        self.drop = layers.Dropout(rate)

    def call(self, x, training=None):
        return self.drop(self.dense(x), training=training)


class Regressor(keras.Model):
    def __init__(self, widths=(16, 8)):
        super().__init__()
        self.blocks = [Block(width) for width in widths]
        self.out = layers.Dense(1)

    def call(self, x, training=None):
        for block in self.blocks:
            x = block(x, training=training)
        return self.out(x)


def build(kind="regressor", **options):
    kinds = {"regressor": Regressor}
    return kinds[kind](**options)
