"""Attention-guided classifier: class activation maps are pushed to lie inside a given region."""
from typing import Sequence

import numpy as np
import tensorflow as tf
from tensorflow.keras import Model, layers


def backbone(channels: Sequence[int] = (8, 12)) -> Model:
    inp = layers.Input((16, 16, 1))
    h = inp
    for i, c in enumerate(channels):
        h = layers.Conv2D(c, 3, padding="same", activation="relu", name=f"conv{i}")(h)
        h = layers.MaxPooling2D(name=f"pool{i}")(h)
    return Model(inp, h, name="backbone")


class Guided(Model):
    def __init__(self, classes: int = 2, guide: float = 0.1):
        super().__init__()
        self.backbone = backbone()
        self.pool = layers.GlobalAveragePooling2D()
        self.classify = layers.Dense(classes, name="classify")
        self.guide = guide

    def call(self, image, training=False):
        return self.classify(self.pool(self.backbone(image, training=training)))

    def train_step(self, data):
        image, (label, region) = data
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                maps = self.backbone(image, training=True)
                inner.watch(maps)
                logits = self.classify(self.pool(maps))
                chosen = tf.gather(logits, label, batch_dims=1)
            importance = tf.reduce_mean(inner.gradient(chosen, maps), axis=(1, 2), keepdims=True)
            cam = tf.nn.relu(tf.reduce_sum(importance * maps, axis=-1))
            outside = tf.reduce_mean(cam * (1.0 - region))
            task = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits))
            loss = task + self.guide * outside
        gradients = outer.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss, "outside": outside}


def squares(n=160, seed=0):
    rng = np.random.default_rng(seed)
    image = 0.2 * rng.normal(size=(n, 16, 16, 1))
    region = np.zeros((n, 4, 4))
    label = rng.integers(0, 2, n)
    for i in range(n):
        r, c = rng.integers(0, 3, 2)
        image[i, 4 * r:4 * r + 8, 4 * c:4 * c + 8] += 1.0 if label[i] else -1.0
        region[i, r:r + 2, c:c + 2] = 1.0
    return image.astype("float32"), label.astype("int32"), region.astype("float32")


def main():
    tf.keras.utils.set_random_seed(12)
    image, label, region = squares()
    model = Guided()
    model(image[:1])
    model.compile(optimizer=tf.keras.optimizers.Adam(3e-3))
    data = tf.data.Dataset.from_tensor_slices((image, (label, region))).batch(16)
    model.fit(data, epochs=2, verbose=2)


if __name__ == "__main__":
    main()
