import numpy as np
import tensorflow as tf
from tensorflow import keras


class GradualUnfreezing:
    """Trains the head first and lets one more group join every few steps."""

    def __init__(self, groups, forward, make_optimizer, every=8):
        self.groups, self.forward, self.every = groups, forward, every
        self.active = [groups[-1]]
        self.make_optimizer = make_optimizer
        self.optimizer = make_optimizer()

    def thaw(self):
        remaining = self.groups[: len(self.groups) - len(self.active)]
        if remaining:
            self.active.insert(0, remaining[-1])
            self.optimizer = self.make_optimizer()

    def current(self):
        return [v for group in self.active for v in group.trainable_variables]

    def step(self, index, x, y):
        if index and index % self.every == 0:
            self.thaw()
        variables = self.current()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.forward(x) - y))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss


keras.utils.set_random_seed(31)
layers = [
    keras.layers.Dense(8, name="embed"),
    keras.layers.Dense(8, activation="relu", name="block0"),
    keras.layers.Dense(8, activation="relu", name="block1"),
    keras.layers.Dense(1, name="head"),
]
model = keras.Sequential([keras.layers.Input((5,)), *layers])
x = np.random.randn(64, 5).astype("float32")
y = np.tanh(x[:, :1] * x[:, 1:2]).astype("float32")
schedule = GradualUnfreezing(layers, model, lambda: keras.optimizers.Adam(1e-2))
for i in range(30):
    loss = schedule.step(i, x, y)
print("loss", float(loss))
