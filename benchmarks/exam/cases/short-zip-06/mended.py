import time
from typing import Dict, List, Tuple

import numpy as np
import tensorflow as tf

tf.random.set_seed(11)
DTYPE = "float32"


class Network(tf.Module):
    """u(x, t), plain dense layers with Glorot weights."""

    def __init__(self, widths: List[int], low: tf.Tensor, high: tf.Tensor, name=None):
        super().__init__(name=name)
        self.low, self.high = low, high
        self.W: List[tf.Variable] = []
        self.b: List[tf.Variable] = []
        for i, (m, n) in enumerate(zip(widths[:-1], widths[1:])):
            std = np.sqrt(2.0 / (m + n))
            self.W.append(tf.Variable(tf.random.normal([m, n], stddev=std, seed=i), name=f"W{i}"))
            self.b.append(tf.Variable(tf.zeros([n]), name=f"b{i}"))

    def __call__(self, x, t):
        h = 2.0 * (tf.concat([x, t], 1) - self.low) / (self.high - self.low) - 1.0
        for W, b in zip(self.W[:-1], self.b[:-1]):
            h = tf.tanh(h @ W + b)
        return h @ self.W[-1] + self.b[-1]


class HeatPINN(tf.Module):
    """u_t = k u_xx with unknown k; three losses are weighed by learned log variances."""

    def __init__(self, widths, lr=5e-3):
        super().__init__()
        self.net = Network(widths, tf.constant([[-1.0, 0.0]]), tf.constant([[1.0, 1.0]]))
        self.log_k = tf.Variable(-3.0, name="log_k")
        self.log_var = tf.Variable(tf.zeros([3]), name="log_var")
        self.opt = tf.keras.optimizers.Adam(learning_rate=lr)
        self.history: Dict[str, list] = {"loss": [], "k": []}

    def residual(self, x, t):
        with tf.GradientTape(persistent=True) as second:
            second.watch(x)
            with tf.GradientTape(persistent=True) as first:
                first.watch([x, t])
                u = self.net(x, t)
            u_x = first.gradient(u, x)
            u_t = first.gradient(u, t)
        u_xx = second.gradient(u_x, x)
        return u_t - tf.exp(self.log_k) * u_xx

    def losses(self, batch) -> Tuple[tf.Tensor, ...]:
        inner, border, data = batch
        f = self.residual(*inner)
        on_border = self.net(border[0], border[1])
        fit = self.net(data[0], data[1])
        return (
            tf.reduce_mean(tf.square(f)),
            tf.reduce_mean(tf.square(on_border)),
            tf.reduce_mean(tf.square(fit - data[2])),
        )

    @tf.function
    def train_step(self, inner, border, data):
        with tf.GradientTape() as tape:
            parts = tf.stack(self.losses((inner, border, data)))
            loss = tf.reduce_sum(tf.exp(-self.log_var) * parts + self.log_var)
        params = self.net.W + self.net.b + [self.log_k, self.log_var]
        grads = tape.gradient(loss, params)
        self.opt.apply_gradients(zip(grads, params))
        return loss, parts

    def fit(self, sampler, steps: int, log_every: int = 50):
        start = time.time()
        for step in range(steps):
            loss, parts = self.train_step(*sampler())
            self.history["loss"].append(float(loss))
            self.history["k"].append(float(tf.exp(self.log_k)))
            if step % log_every == 0:
                text = " ".join(f"{p:.2e}" for p in parts.numpy())
                print(f"{step:5d} loss {float(loss):9.3e} parts {text} k {self.history['k'][-1]:.3f}")
        return time.time() - start


def exact(x, t, k=0.2):
    return np.exp(-k * np.pi ** 2 * t) * np.sin(np.pi * x)


def make_sampler(seed, n=64):
    rng = np.random.default_rng(seed)
    column = lambda a: tf.constant(a.reshape(-1, 1), DTYPE)

    def sample():
        inner = column(rng.uniform(-1, 1, n)), column(rng.uniform(0, 1, n))
        border = column(rng.choice([-1.0, 1.0], n)), column(rng.uniform(0, 1, n))
        x, t = rng.uniform(-1, 1, n), rng.uniform(0, 1, n)
        data = column(x), column(t), column(exact(x, t) + 0.01 * rng.normal(size=n))
        return inner, border, data

    return sample


if __name__ == "__main__":
    pinn = HeatPINN([2, 20, 20, 20, 1])
    seconds = pinn.fit(make_sampler(0), 200)
    print("k", pinn.history["k"][-1])
