import numpy as np
import tensorflow as tf


@tf.custom_gradient
def survival(hazard):
    """exp(-hazard), cut so that it never underflows."""
    value = tf.exp(-tf.minimum(hazard, 60.0))

    def grad(upstream):
        return upstream * value

    return value, grad


class Weibull(tf.Module):
    def __init__(self):
        super().__init__(name="weibull")
        self.rate_log = tf.Variable(-1.0, name="rate_log")
        self.shape_log = tf.Variable(0.0, name="shape_log")

    def alive(self, age):
        return survival((tf.exp(self.rate_log) * age) ** tf.exp(self.shape_log))


class Adam:
    def __init__(self, variables, rate=0.02, beta1=0.9, beta2=0.999):
        self.variables, self.rate, self.beta1, self.beta2, self.steps = variables, rate, beta1, beta2, 0
        self.m = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.v = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def apply(self, gradients):
        self.steps += 1
        rate = self.rate * np.sqrt(1 - self.beta2 ** self.steps) / (1 - self.beta1 ** self.steps)
        for variable, m, v, g in zip(self.variables, self.m, self.v, gradients):
            m.assign(self.beta1 * m + (1 - self.beta1) * g)
            v.assign(self.beta2 * v + (1 - self.beta2) * g ** 2)
            variable.assign_sub(rate * m / (tf.sqrt(v) + 1e-7))


def brier(model, age, alive):
    return tf.reduce_mean(tf.square(model.alive(age) - alive))


rng = np.random.default_rng(22)
lifetime = 4.0 * rng.weibull(1.8, 600)
inspected = rng.uniform(0.1, 9.0, 600).astype("float32")
alive = (lifetime > inspected).astype("float32")
model = Weibull()
optimizer = Adam(model.trainable_variables)
for step in range(100):
    with tf.GradientTape() as tape:
        score = brier(model, inspected, alive)
    optimizer.apply(tape.gradient(score, model.trainable_variables))
    if step % 20 == 0:
        print(f"{step} brier {score.numpy():.4f}")
