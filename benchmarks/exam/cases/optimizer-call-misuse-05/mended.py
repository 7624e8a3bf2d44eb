import numpy as np
import tensorflow as tf
import keras

keras.utils.set_random_seed(14)


class Pinn(keras.Model):
    def __init__(self, width):
        super().__init__()
        self.hidden = [keras.layers.Dense(width, activation="tanh") for _ in range(2)]
        self.out = keras.layers.Dense(1)

    def call(self, t):
        for layer in self.hidden:
            t = layer(t)
        return self.out(t)


def residual(model, t):
    with tf.GradientTape() as inner:
        inner.watch(t)
        u = model(t)
    return inner.gradient(u, t) + u


def build_step(model, optimizer):
    @tf.function
    def step(t):
        with tf.GradientTape() as tape:
            ode = tf.reduce_mean(tf.square(residual(model, t)))
            start = tf.reduce_mean(tf.square(model(tf.zeros((1, 1))) - 1.0))
            loss = ode + start
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(grads, model.trainable_variables)
        return loss
    return step


model = Pinn(16)
model(tf.zeros((1, 1)))
step = build_step(model, keras.optimizers.Adam(5e-3))
t = tf.constant(np.linspace(0, 2, 50, dtype="float32")[:, None])
for i in range(60):
    loss = step(t)
    if i % 20 == 0:
        print(i, float(loss))
