from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from tensorflow import keras


@dataclass
class Config:
    classes: int = 4
    width: int = 32
    learning_rate: float = 3e-3
    epochs: int = 5


def build_encoder(width):
    inputs = keras.Input((8, 8, 1))
    h = keras.layers.Conv2D(8, 3, activation="relu", name="edges")(inputs)
    h = keras.layers.Flatten()(h)
    return keras.Model(inputs, keras.layers.Dense(width, activation="relu", name="code")(h), name="encoder")


@dataclass
class Experiment:
    config: Config
    history: list = field(default_factory=list)

    def __post_init__(self):
        self.encoder = build_encoder(self.config.width)
        self.head = keras.layers.Dense(self.config.classes, name="head")
        self.variables = [v for part in (self.encoder, self.head) for v in part.trainable_variables]
        self.optimizer = keras.optimizers.Adam(self.config.learning_rate)
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(self, images, labels):
        with tf.GradientTape() as tape:
            loss = self.loss(labels, self.head(self.encoder(images, training=True)))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.variables), self.variables))
        return loss

    def run(self, batches):
        for epoch in range(self.config.epochs):
            self.history.append(np.mean([self.step(*batch).numpy() for batch in batches]))
            print(f"epoch {epoch} loss {self.history[-1]:.4f}")


def shapes(count):
    images = np.random.randn(count, 8, 8, 1).astype("float32") * 0.3
    labels = np.random.randint(0, 4, count)
    for image, label in zip(images, labels):
        row, column = divmod(label, 2)
        image[4 * row:4 * row + 4, 4 * column:4 * column + 4] += 1.0
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)


keras.utils.set_random_seed(8)
Experiment(Config()).run(shapes(320))
