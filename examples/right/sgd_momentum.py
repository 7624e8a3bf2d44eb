"""SGD and momentum written out, beside those of Keras: the same numbers.

Plain gradient descent moves a variable by `-rate * gradient`. Momentum keeps a
velocity for each variable, which forgets a part of itself at each step:

    velocity = friction * velocity - rate * gradient
    variable = variable + velocity

The velocities are variables too: a Python list of tensors would be frozen into
the graph when `tf.function` traces the step. They are not trainable, so that no
`trainable_variables` picks them up.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(2)
RATE, FRICTION = 0.02, 0.9


def network():
    return keras.Sequential(
        [
            keras.layers.Input((4,)),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )


def sgd(variables, gradients):
    for variable, gradient in zip(variables, gradients):
        variable.assign_sub(RATE * gradient)


class Momentum:
    def __init__(self, variables):
        self.velocities = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def __call__(self, variables, gradients):
        for variable, velocity, gradient in zip(variables, self.velocities, gradients):
            velocity.assign(FRICTION * velocity - RATE * gradient)
            variable.assign_add(velocity)


def of_keras(optimizer):
    def update(variables, gradients):
        optimizer.apply_gradients(zip(gradients, variables))

    return update


def training(model, update):
    """Makes a step for this model and this rule."""
    variables = model.trainable_variables

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        update(variables, tape.gradient(loss, variables))
        return loss

    return step


models = {name: network() for name in ("sgd", "momentum", "sgd of keras", "momentum of keras")}
for model in models.values():
    model.set_weights(models["sgd"].get_weights())
rules = [
    sgd,
    Momentum(models["momentum"].trainable_variables),
    of_keras(keras.optimizers.SGD(RATE)),
    of_keras(keras.optimizers.SGD(RATE, momentum=FRICTION)),
]
steps = {name: training(model, rule) for (name, model), rule in zip(models.items(), rules)}

x = tf.random.normal((128, 4))
y = tf.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3]
for number in range(1, 101):
    losses = {name: float(step(x, y)) for name, step in steps.items()}
    if number in (1, 30, 100):
        print(f"step {number}: loss " + ", ".join(f"{one:.4f} {n}" for n, one in losses.items()))
