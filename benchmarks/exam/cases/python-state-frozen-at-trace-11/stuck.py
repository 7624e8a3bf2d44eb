import itertools

import numpy as np
import tensorflow as tf


def ramp(start, stop, steps):
    for k in range(steps):
        yield start + (stop - start) * k / (steps - 1)
    yield from itertools.repeat(stop)


class Objective:
    def __init__(self, beta_schedule):
        self.betas = beta_schedule

    def __call__(self, target, output, code):
        beta = next(self.betas)
        rebuild = tf.reduce_mean(tf.square(target - output))
        return rebuild + beta * tf.reduce_mean(tf.square(code)), rebuild


tf.keras.utils.set_random_seed(2)
encoder = tf.keras.Sequential([tf.keras.layers.Input((10,)), tf.keras.layers.Dense(4, name="code")], name="encoder")
decoder = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(10, name="rebuild")], name="decoder")
optimizer = tf.keras.optimizers.Adam(1e-2)
objective = Objective(ramp(0.0, 2.0, 60))


@tf.function
def train_step(x):
    with tf.GradientTape() as tape:
        code = encoder(x)
        loss, rebuild = objective(x, decoder(code), code)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return rebuild, tf.reduce_mean(tf.square(code))


x = (np.random.randn(300, 4) @ np.random.randn(4, 10)).astype("float32")
for epoch in range(10):
    for i in range(0, 300, 30):
        rebuild, size = train_step(x[i:i + 30])
    print(f"epoch {epoch} rebuild loss {rebuild:.4f} code size {size:.4f}")
