import logging

import numpy as np
import tensorflow as tf
from tensorflow import keras

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("train")


def clip(gradients, limit):
    clipped, norm = tf.clip_by_global_norm(gradients, limit)
    return clipped, norm


class Recurrent(keras.Model):
    def __init__(self):
        super().__init__()
        self.rnn = keras.layers.SimpleRNN(12)
        self.out = keras.layers.Dense(1)

    def call(self, x):
        return self.out(self.rnn(x))


keras.utils.set_random_seed(18)
model = Recurrent()
optimizer = keras.optimizers.SGD(0.05, momentum=0.8)


@tf.function
def step(x, y, limit):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y)) * 5.0
    gradients = tape.gradient(loss, model.trainable_variables)
    clipped, norm = clip(gradients, limit)
    optimizer.apply_gradients(zip(clipped, model.trainable_variables))
    return loss, norm, tf.linalg.global_norm(clipped)


x = np.random.randn(256, 8, 3).astype("float32")
y = x.sum(axis=(1, 2))[:, None].astype("float32")
limit = tf.constant(0.5)
for epoch in range(4):
    for start in range(0, 256, 32):
        loss, norm, after = step(tf.constant(x[start:start + 32]), tf.constant(y[start:start + 32]), limit)
    log.info("epoch %d loss %.4f norm %.3f clipped %.3f", epoch, loss, norm, after)
