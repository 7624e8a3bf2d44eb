import numpy as np
import tensorflow as tf


class Hawkes(tf.Module):
    """Counts in bins, whose rate is pushed by former counts."""

    def __init__(self, lags):
        super().__init__()
        self.raw_base = tf.Variable(0.3, name="raw_base")
        self.raw_kernel = tf.Variable(tf.zeros(lags), name="raw_kernel")

    def positive(self):
        return tf.nn.softplus(self.raw_kernel)

    def rate(self, history):
        kernel = self.positive()
        return tf.nn.softplus(self.raw_base) + tf.linalg.matvec(history, kernel)

    def loss(self, history, counts):
        rate = self.rate(history)
        return tf.reduce_mean(rate - counts * tf.math.log(rate))


rng = np.random.default_rng(5)
counts = rng.poisson(1.0, 220).astype("float32")
history = np.stack([counts[i:i + 4] for i in range(200)])
target = counts[4:204]
process = Hawkes(4)
optimizer = tf.keras.optimizers.SGD(0.2)
for step in range(20):
    with tf.GradientTape() as tape:
        loss = process.loss(history, target)
    pairs = zip(tape.gradient(loss, process.trainable_variables), process.trainable_variables)
    optimizer.apply_gradients([(g, v) for g, v in pairs if g is not None])
    if step % 5 == 0:
        print(step, loss.numpy())
