import numpy as np
import tensorflow as tf


class Regressor(tf.Module):
    def __init__(self, hidden=20):
        super().__init__(name="regressor")
        init = tf.random_normal_initializer(stddev=0.3, seed=1)
        self.params = {
            "w1": tf.Variable(init([1, hidden]), name="w1"),
            "b1": tf.Variable(tf.zeros([hidden]), name="b1"),
            "w2": tf.Variable(init([hidden, 1]), name="w2"),
            "b2": tf.Variable(tf.zeros([1]), name="b2"),
        }

    def __call__(self, x, params=None):
        p = params or self.params
        h = tf.nn.tanh(x @ p["w1"] + p["b1"])
        return h @ p["w2"] + p["b2"]


def mse(a, b):
    return tf.reduce_mean(tf.square(a - b))


class Meta:
    def __init__(self, model, inner_rate=0.05):
        self.model = model
        self.inner_rate = inner_rate
        self.outer = tf.keras.optimizers.Adam(3e-3)

    def adapt(self, x, y, rounds=2):
        fast = dict(self.model.params)
        for _ in range(rounds):
            with tf.GradientTape() as inner:
                inner.watch(list(fast.values()))
                loss = mse(self.model(x, fast), y)
            grads = inner.gradient(loss, fast)
            for k in fast:
                fast[k].assign_sub(self.inner_rate * grads[k])
        return fast

    @tf.function
    def meta_step(self, xs, ys, xq, yq):
        with tf.GradientTape() as outer:
            total = 0.0
            for k in range(4):
                fast = self.adapt(xs[k], ys[k])
                total += mse(self.model(xq[k], fast), yq[k])
            total /= 4.0
        variables = list(self.model.params.values())
        grads = outer.gradient(total, variables)
        self.outer.apply_gradients(zip(grads, variables))
        return total


def tasks(rng):
    amplitude = rng.uniform(0.5, 3.0, (4, 1, 1))
    phase = rng.uniform(0, np.pi, (4, 1, 1))
    x = rng.uniform(-4, 4, (4, 20, 1))
    y = amplitude * np.sin(x + phase)
    parts = x[:, :10], y[:, :10], x[:, 10:], y[:, 10:]
    return [tf.constant(p, tf.float32) for p in parts]


rng = np.random.default_rng(8)
meta = Meta(Regressor())
for it in range(25):
    value = meta.meta_step(*tasks(rng))
print("meta", float(value))
