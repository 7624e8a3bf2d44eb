"""MAML: learn a start from which one step of gradient descent goes far.

The inner step is a computation, not an update: `fast = start - rate * gradient`
makes new tensors, and the outer tape has to record it, gradient and all. So the
inner tape stands inside of the outer one, and nothing is assigned in between;
`assign_sub` would hide the step from the outer tape.

The network is a function of a list of tensors, so that it can be run with the
fast weights as well as with the variables.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(12)
INNER_RATE, TASKS, SHOTS = 0.1, 8, 10


def start_values():
    sizes = [1, 32, 32, 1]
    for inputs, outputs in zip(sizes, sizes[1:]):
        yield tf.random.normal((inputs, outputs)) / inputs**0.5
        yield tf.zeros((outputs,))


start = [tf.Variable(value, name=f"start_{n}") for n, value in enumerate(start_values())]
optimizer = keras.optimizers.Adam(3e-3)
optimizer.build(start)


def network(weights, x):
    x = tf.tanh(x @ weights[0] + weights[1])
    x = tf.tanh(x @ weights[2] + weights[3])
    return x @ weights[4] + weights[5]


def error_of(weights, x, y):
    return tf.reduce_mean(tf.square(network(weights, x) - y))


def adapted(x, y):
    """The weights after one step of descent on a task, as tensors."""
    with tf.GradientTape() as inner:
        error = error_of(start, x, y)
    gradients = inner.gradient(error, start)
    return [weight - INNER_RATE * gradient for weight, gradient in zip(start, gradients)]


@tf.function
def step(shown_x, shown_y, asked_x, asked_y):
    with tf.GradientTape() as outer:
        loss = 0.0
        for task in range(TASKS):
            fast = adapted(shown_x[task], shown_y[task])
            loss += error_of(fast, asked_x[task], asked_y[task]) / TASKS
    gradients = outer.gradient(loss, start)
    optimizer.apply_gradients(zip(gradients, start))
    return loss


def tasks():
    """Sines of random height and phase: a few points shown, others asked."""
    height = tf.random.uniform((TASKS, 1, 1), 0.5, 2.0)
    phase = tf.random.uniform((TASKS, 1, 1), 0.0, 3.14)
    x = tf.random.uniform((TASKS, 2 * SHOTS, 1), -3.0, 3.0)
    y = height * tf.sin(x + phase)
    return x[:, :SHOTS], y[:, :SHOTS], x[:, SHOTS:], y[:, SHOTS:]


losses = []
for number in range(1, 301):
    shown_x, shown_y, asked_x, asked_y = tasks()
    losses.append(float(step(shown_x, shown_y, asked_x, asked_y)))
    if number % 60 == 0:
        print(f"step {number}: loss {sum(losses[-60:]) / 60:.4f} after one inner step")
