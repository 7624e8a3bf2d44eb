import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(71)


class Accumulating:
    """Sums the loss over several small batches, as one does in PyTorch."""

    def __init__(self, model, every=4):
        self.model, self.every = model, every
        self.optimizer = tf.keras.optimizers.SGD(0.1)
        self.total, self.count = 0.0, 0

    def batch(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(x, training=True) - y)) / self.every
            self.total += loss
        self.count += 1
        if self.count == self.every:
            grads = tape.gradient(self.total, self.model.trainable_variables)
            self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
            shown = float(self.total)
            self.total, self.count = 0.0, 0
            return shown


model = tf.keras.Sequential([tf.keras.layers.Input((6,)), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)])
loop = Accumulating(model)
x = np.random.randn(256, 6).astype("float32")
y = x[:, :1] * x[:, 1:2]
for epoch in range(6):
    shown = [loop.batch(x[i:i + 16], y[i:i + 16]) for i in range(0, 256, 16)]
    print("epoch", epoch, "loss", np.mean([s for s in shown if s is not None]))
