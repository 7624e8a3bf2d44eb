"""Burgers-like PINN: residual, boundary and initial terms with learned viscosity."""
import dataclasses
import logging
import time
from typing import Callable, Dict, Optional

import numpy as np
import tensorflow as tf

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("pinn")


@dataclasses.dataclass
class Points:
    inner: tf.Tensor
    edge: tf.Tensor
    start: tf.Tensor
    start_value: tf.Tensor


def sample_points(n_inner=64, n_edge=16, n_start=16, seed=0) -> Points:
    rng = np.random.default_rng(seed)
    inner = rng.uniform([-1.0, 0.0], [1.0, 1.0], size=(n_inner, 2))
    edge = np.stack([rng.choice([-1.0, 1.0], n_edge), rng.uniform(0, 1, n_edge)], 1)
    start = np.stack([rng.uniform(-1, 1, n_start), np.zeros(n_start)], 1)
    value = -np.sin(np.pi * start[:, :1])
    return Points(*(tf.constant(a, tf.float32) for a in (inner, edge, start, value)))


class PhysicsNet(tf.keras.Model):
    def __init__(self, width: int = 20, depth: int = 3):
        super().__init__()
        self.hidden = [tf.keras.layers.Dense(width, activation="tanh") for _ in range(depth)]
        self.out = tf.keras.layers.Dense(1)

    def call(self, xt):
        h = xt
        for layer in self.hidden:
            h = layer(h)
        return self.out(h)


class Solver:
    def __init__(self, net: PhysicsNet, points: Points, learning_rate: float = 2e-3):
        self.net = net
        self.points = points
        self.log_nu = tf.Variable(-3.0, name="log_nu")
        self.opt = tf.keras.optimizers.Adam(learning_rate)
        self.callbacks: list[Callable[[int, Dict[str, float]], None]] = []
        net(points.inner[:1])

    @property
    def parameters(self):
        return self.net.trainable_variables + [self.log_nu]

    def residual(self, xt):
        x, t = xt[:, :1], xt[:, 1:]
        with tf.GradientTape(persistent=True) as second:
            second.watch(x)
            with tf.GradientTape() as first:
                first.watch([x, t])
                u = self.net(tf.concat([x, t], axis=1))
            u_x = first.gradient(u, x)
            u_t = first.gradient(u, t)
        u_xx = second.gradient(u_x, x)
        del first, second
        return u_t + u * u_x - tf.exp(self.log_nu) * u_xx

    def terms(self) -> Dict[str, tf.Tensor]:
        p = self.points
        return {
            "pde": tf.reduce_mean(tf.square(self.residual(p.inner))),
            "edge": tf.reduce_mean(tf.square(self.net(p.edge))),
            "start": tf.reduce_mean(tf.square(self.net(p.start) - p.start_value)),
        }

    @tf.function
    def step(self):
        with tf.GradientTape() as tape:
            parts = self.terms()
            loss = tf.add_n(list(parts.values()))
        grads = tape.gradient(loss, self.parameters)
        self.opt.apply_gradients(zip(grads, self.parameters))
        return loss, parts

    def solve(self, steps: int, every: Optional[int] = None):
        began = time.perf_counter()
        for i in range(1, steps + 1):
            loss, parts = self.step()
            if every and i % every == 0:
                row = {k: float(v) for k, v in parts.items()}
                for call in self.callbacks:
                    call(i, row)
        log.info("done: loss %.4f in %d steps", float(loss), steps)
        return time.perf_counter() - began


if __name__ == "__main__":
    tf.keras.utils.set_random_seed(5)
    solver = Solver(PhysicsNet(), sample_points())
    solver.callbacks.append(lambda i, row: log.info("%d %s", i, {k: round(v, 4) for k, v in row.items()}))
    solver.solve(15, every=5)
