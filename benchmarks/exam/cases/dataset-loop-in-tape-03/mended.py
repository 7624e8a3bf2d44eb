"""An LSTM cell written by hand: adding two marked numbers, plain SGD with momentum."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(12)
UNITS, STEPS, BATCH = 16, 8, 32


class Cell(tf.Module):
    def __init__(self, inputs, units):
        super().__init__(name="cell")
        glorot = tf.initializers.GlorotUniform(seed=3)
        self.kernel = tf.Variable(glorot([inputs + units, 4 * units]), name="kernel")
        bias = np.zeros(4 * units, "float32")
        bias[units:2 * units] = 1.0
        self.bias = tf.Variable(bias, name="bias")

    def __call__(self, state, x):
        h, c = state
        gates = tf.concat([x, h], 1) @ self.kernel + self.bias
        i, f, o, g = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c


class Regressor(tf.Module):
    def __init__(self):
        super().__init__(name="regressor")
        self.cell = Cell(2, UNITS)
        self.out = tf.Variable(tf.random.stateless_normal([UNITS, 1], seed=[1, 2], stddev=0.3), name="out")

    def __call__(self, sequence):
        batch = tf.shape(sequence)[0]
        zero = tf.zeros([batch, UNITS])
        states = tf.scan(self.cell, tf.transpose(sequence, [1, 0, 2]), initializer=(zero, zero))
        return (states[0][-1] @ self.out)[:, 0]


def batches(count, rng):
    for _ in range(count):
        value = rng.random((BATCH, STEPS)).astype("float32")
        mark = np.zeros_like(value)
        for row in mark:
            row[rng.choice(STEPS, 2, replace=False)] = 1.0
        yield np.stack([value, mark], -1), (value * mark).sum(1)


class Momentum:
    def __init__(self, variables, rate, decay=0.9):
        self.rate, self.decay = rate, decay
        self.buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def __call__(self, grads, variables):
        for v, m, g in zip(variables, self.buffers, grads):
            m.assign(self.decay * m + g)
            v.assign_sub(self.rate * m)


net = Regressor()
sgd = Momentum(net.trainable_variables, 0.02)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    grads = tape.gradient(loss, net.trainable_variables)
    grads, norm = tf.clip_by_global_norm(grads, 1.0)
    sgd(grads, net.trainable_variables)
    return loss, norm


for n, (x, y) in enumerate(batches(60, np.random.default_rng(12))):
    loss, norm = step(tf.constant(x), tf.constant(y))
    if n % 15 == 0:
        print(n, "mse", round(float(loss), 4), "norm", round(float(norm), 3))
