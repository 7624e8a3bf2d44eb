"""Few-shot sine waves: one inner step on a copy of the weights, then the outer step."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(18)
INNER = 0.05


class Sine:
    def __init__(self, width=24):
        glorot = tf.keras.initializers.GlorotUniform(seed=3)
        shapes = [(1, width), (width, width), (width, 1)]
        self.slow = []
        for s in shapes:
            self.slow += [tf.Variable(glorot(s)), tf.Variable(tf.zeros(s[1:]))]

    def forward(self, x, ws):
        h = tf.tanh(x @ ws[0] + ws[1])
        h = tf.tanh(h @ ws[2] + ws[3])
        return h @ ws[4] + ws[5]


net = Sine()
fast = [tf.Variable(w) for w in net.slow]
meta = tf.keras.optimizers.Adam(2e-3)


def mse(a, b):
    return tf.reduce_mean(tf.square(a - b))


def adapt(x, y):
    with tf.GradientTape() as inner:
        inner_loss = mse(net.forward(x, net.slow), y)
    grads = inner.gradient(inner_loss, net.slow)
    return [w - INNER * g for w, g in zip(net.slow, grads)]


@tf.function
def meta_step(tasks):
    (xs, ys), (xq, yq) = tasks
    with tf.GradientTape() as outer:
        loss = 0.0
        for k in range(3):
            adapted = adapt(xs[k], ys[k])
            loss += mse(net.forward(xq[k], adapted), yq[k]) / 3.0
    grads = outer.gradient(loss, net.slow)
    meta.apply_gradients(zip(grads, net.slow))
    return loss


rng = np.random.default_rng(6)


def tasks():
    amp, phase = rng.uniform(0.5, 2, (3, 1, 1)), rng.uniform(0, 3, (3, 1, 1))
    x = rng.uniform(-3, 3, (2, 3, 16, 1))
    return [(tf.constant(v, tf.float32), tf.constant(amp * np.sin(v + phase), tf.float32)) for v in x]


for i in range(40):
    loss = meta_step(tasks())
    if i % 10 == 0:
        print(i, float(loss))
