"""Distributed regression of house prices on two logical devices."""
import dataclasses
from typing import Iterable

import numpy as np
import tensorflow as tf

devices = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(devices[0], [tf.config.LogicalDeviceConfiguration()] * 2)


@dataclasses.dataclass(frozen=True)
class Settings:
    per_replica: int = 16
    epochs: int = 3
    rate: float = 0.05
    width: int = 24
    max_norm: float = 1.0


def build(settings: Settings) -> tf.keras.Model:
    return tf.keras.Sequential([
        tf.keras.Input((8,)),
        tf.keras.layers.Dense(settings.width, activation="tanh", name="first"),
        tf.keras.layers.Dense(settings.width, activation="tanh", name="second"),
        tf.keras.layers.Dense(1, name="price"),
    ])


class Distributed:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
        self.global_batch = settings.per_replica * self.strategy.num_replicas_in_sync
        with self.strategy.scope():
            self.model = build(settings)
            self.optimizer = tf.keras.optimizers.SGD(settings.rate)
            self.steps = tf.Variable(0, trainable=False, dtype=tf.int64, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)

    def compute_loss(self, y, pred):
        per_example = tf.square(y - tf.squeeze(pred, -1))
        return tf.nn.compute_average_loss(per_example, global_batch_size=self.global_batch)

    def replica_step(self, batch):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y, self.model(x, training=True))
        variables = self.model.trainable_variables
        grads = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(grads, variables))
        self.steps.assign_add(1)
        return loss

    @tf.function
    def train_step(self, batch):
        losses = self.strategy.run(self.replica_step, args=(batch,))
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def fit(self, dataset: Iterable) -> None:
        distributed = self.strategy.experimental_distribute_dataset(dataset)
        for epoch in range(self.settings.epochs):
            losses = [float(self.train_step(batch)) for batch in distributed]
            print(f"epoch {epoch} loss {np.mean(losses):.4f}")


def houses(n: int):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(n, 8)).astype("float32")
    y = np.tanh(x[:, 0] * x[:, 1]) + 0.5 * x[:, 2] - 0.3 * x[:, 3]
    return x, y.astype("float32")


def main():
    tf.keras.utils.set_random_seed(4)
    runner = Distributed(Settings())
    data = tf.data.Dataset.from_tensor_slices(houses(512)).shuffle(512, seed=1).batch(runner.global_batch, drop_remainder=True)
    runner.fit(data)


if __name__ == "__main__":
    main()
