import numpy as np
import tensorflow as tf


from dataclasses import dataclass

tf.random.set_seed(8)
np.random.seed(8)


@dataclass
class Settings:
    window: int = 24
    hidden: int = 16
    rate: float = 4e-3
    rounds: int = 60


class Block(tf.keras.layers.Layer):
    def __init__(self, hidden, window):
        super().__init__()
        self.up = tf.keras.layers.Dense(hidden, activation="tanh")
        self.down = tf.keras.layers.Dense(window + 1)

    def call(self, series):
        return self.down(self.up(series))


class Stack:
    def __init__(self, settings):
        self.trend = Block(settings.hidden, settings.window)
        self.season = Block(settings.hidden, settings.window)


class Forecaster(tf.keras.Model):
    def __init__(self, settings):
        super().__init__()
        self.level = tf.keras.layers.Dense(1)
        self.blocks = Stack(settings)

    def call(self, series):
        first = self.blocks.trend(series)
        rest = series - first[:, :-1]
        second = self.blocks.season(rest)
        return self.level(series) + first[:, -1:] + second[:, -1:]


def windows(settings):
    t = np.arange(400, dtype="float32")
    wave = np.sin(t / 6.0) + 0.01 * t + 0.05 * np.random.randn(400)
    xs = np.stack([wave[i:i + settings.window] for i in range(300)]).astype("float32")
    ys = np.array([[wave[i + settings.window]] for i in range(300)], "float32")
    return tf.data.Dataset.from_tensor_slices((xs, ys)).shuffle(300, seed=1).batch(60).repeat()


def main(settings):
    model = Forecaster(settings)
    optimizer = tf.keras.optimizers.Adam(settings.rate)
    for number, (x, y) in enumerate(windows(settings).take(settings.rounds)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        if number % 20 == 19:
            print(number + 1, loss.numpy())


if __name__ == "__main__":
    main(Settings())
