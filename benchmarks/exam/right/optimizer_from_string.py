"""A config-driven trainer: everything comes out of a dictionary."""
import tensorflow as tf
from tensorflow import keras

CONFIG = {
    "seed": 65,
    "layers": [{"units": 24, "activation": "relu"}, {"units": 24, "activation": "relu"}, {"units": 1, "activation": None}],
    "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.005, "clipnorm": 1.0}},
    "loss": "mse",
    "epochs": 6,
}


class Trainer:
    def __init__(self, config):
        keras.utils.set_random_seed(config["seed"])
        self.model = keras.Sequential([keras.layers.Dense(**layer) for layer in config["layers"]])
        self.optimizer = keras.optimizers.get(config["optimizer"])
        self.loss_fn = keras.losses.get(config["loss"])
        self.epochs = config["epochs"]
        self.loss_metric = keras.metrics.Mean()

    @tf.function
    def _step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.loss_fn(y, self.model(x, training=True)))
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        self.loss_metric.update_state(loss)

    def run(self, dataset):
        for epoch in range(self.epochs):
            self.loss_metric.reset_state()
            for x, y in dataset:
                self._step(x, y)
            print(f"epoch {epoch} loss {float(self.loss_metric.result()):.5f}")


def main():
    trainer = Trainer(CONFIG)
    x = tf.random.uniform((512, 3), -1, 1)
    y = tf.exp(-tf.reduce_sum(x**2, axis=1, keepdims=True))
    trainer.run(tf.data.Dataset.from_tensor_slices((x, y)).shuffle(512).batch(32))


if __name__ == "__main__":
    main()
