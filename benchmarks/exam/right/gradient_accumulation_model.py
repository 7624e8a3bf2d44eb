"""Accumulation inside of a Keras model: counters and sums are variables, `tf.cond` applies."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(97)


class Accumulating(keras.Model):
    def __init__(self, n, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.n = n
        self.count = tf.Variable(0, dtype=tf.int32, trainable=False)
        self.sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.trainable_variables]
        self.tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.tracker]

    def apply_sums(self):
        self.optimizer.apply_gradients(zip([s.value() for s in self.sums], self.trainable_variables))
        self.count.assign(0)
        for total in self.sums:
            total.assign(tf.zeros_like(total))
        return tf.constant(True)

    def train_step(self, data):
        x, y = data
        self.count.assign_add(1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        for total, g in zip(self.sums, tape.gradient(loss, self.trainable_variables)):
            total.assign_add(g / self.n)
        tf.cond(tf.equal(self.count, self.n), self.apply_sums, lambda: tf.constant(False))
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}


inputs = keras.Input((4,))
outputs = keras.layers.Dense(1)(keras.layers.Dense(16, activation="relu")(inputs))
model = Accumulating(4, inputs, outputs)
model.compile(optimizer=keras.optimizers.SGD(0.1))
x = np.random.default_rng(97).normal(size=(512, 4)).astype("float32")
y = x[:, :1] - x[:, 1:2] * x[:, 2:3]
h = model.fit(x, y, batch_size=16, epochs=6, verbose=0)
for loss in h.history["loss"]:
    print("loss", float(loss))
