"""No Keras at all: a `tf.Module`, and SGD with momentum written by hand.

Changing variables with `assign_sub` is a right way too, when it is meant.
"""

import tensorflow as tf


class Perceptron(tf.Module):
    def __init__(self, sizes, name=None):
        super().__init__(name=name)
        generator = tf.random.Generator.from_seed(6)
        self.weights = []
        self.biases = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            start = generator.normal((inputs, outputs)) / inputs**0.5
            self.weights.append(tf.Variable(start, name="weight"))
            self.biases.append(tf.Variable(tf.zeros((outputs,)), name="bias"))

    def __call__(self, x):
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            x = tf.nn.tanh(x @ weight + bias)
        return x @ self.weights[-1] + self.biases[-1]


class Momentum:
    def __init__(self, variables, rate, friction=0.9):
        self.variables = variables
        self.rate = rate
        self.friction = friction
        self.speeds = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def update(self, gradients):
        for variable, speed, gradient in zip(self.variables, self.speeds, gradients):
            speed.assign(self.friction * speed + gradient)
            variable.assign_sub(self.rate * speed)


module = Perceptron([1, 24, 1])
momentum = Momentum(module.trainable_variables, rate=0.01)
x = tf.linspace(-2.0, 2.0, 128)[:, None]
y = tf.sin(2.0 * x)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(module(x) - y))
    momentum.update(tape.gradient(loss, momentum.variables))
    return loss


for number in range(200):
    loss = step()
    if number % 50 == 49:
        print(f"step {number + 1}: loss {float(loss):.4f}")
