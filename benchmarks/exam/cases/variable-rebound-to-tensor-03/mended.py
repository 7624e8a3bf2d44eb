"""First-order free MAML on sinusoids: the inner step is taken on a functional copy of the weights."""
from __future__ import annotations

import dataclasses
import functools
from typing import Iterator, Sequence, Tuple

import numpy as np
import tensorflow as tf

Params = Sequence[tf.Variable]


@dataclasses.dataclass(frozen=True)
class Settings:
    shots: int = 10
    tasks: int = 4
    inner_lr: float = 0.02
    outer_lr: float = 2e-3
    inner_steps: int = 2
    iterations: int = 20


def sinusoids(settings: Settings, seed: int = 0) -> Iterator[Tuple[tf.Tensor, ...]]:
    rng = np.random.RandomState(seed)
    while True:
        amplitude = rng.uniform(0.5, 2.0, (settings.tasks, 1, 1))
        phase = rng.uniform(0.0, np.pi, (settings.tasks, 1, 1))
        x = rng.uniform(-4.0, 4.0, (settings.tasks, 2 * settings.shots, 1))
        y = amplitude * np.sin(x - phase)
        x, y = x.astype("float32"), y.astype("float32")
        yield (tf.constant(x[:, :settings.shots]), tf.constant(y[:, :settings.shots]),
               tf.constant(x[:, settings.shots:]), tf.constant(y[:, settings.shots:]))


def init_params(sizes: Sequence[int], seed: int = 1) -> Params:
    gen = tf.random.Generator.from_seed(seed)
    params = []
    for i, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        std = (2.0 / fan_in) ** 0.5
        params.append(tf.Variable(gen.normal([fan_in, fan_out], stddev=std), name=f"w{i}"))
        params.append(tf.Variable(tf.zeros([fan_out]), name=f"b{i}"))
    return params


def forward(params, x):
    h = x
    pairs = list(zip(params[::2], params[1::2]))
    for w, b in pairs[:-1]:
        h = tf.nn.tanh(h @ w + b)
    w, b = pairs[-1]
    return h @ w + b


def mse(params, x, y):
    return tf.reduce_mean(tf.square(forward(params, x) - y))


def adapt(params, x, y, *, lr: float, steps: int):
    """Plain gradient descent from `params`; the answer depends on `params` differentiably."""
    fast = [tf.identity(p) for p in params]
    for _ in range(steps):
        with tf.GradientTape() as inner:
            inner.watch(fast)
            loss = mse(fast, x, y)
        grads = inner.gradient(loss, fast)
        fast = [p - lr * g for p, g in zip(fast, grads)]
    return fast


def meta_objective(params, batch, settings: Settings):
    adapt_task = functools.partial(adapt, lr=settings.inner_lr, steps=settings.inner_steps)
    losses = []
    for xs, ys, xq, yq in zip(*(tf.unstack(t) for t in batch)):
        fast = adapt_task(params, xs, ys)
        losses.append(mse(fast, xq, yq))
    return tf.reduce_mean(tf.stack(losses))


def train(settings: Settings = Settings()):
    params = init_params([1, 20, 20, 1])
    optimizer = tf.keras.optimizers.Adam(settings.outer_lr)
    stream = sinusoids(settings)
    recent = []
    for step in range(1, settings.iterations + 1):
        batch = next(stream)
        with tf.GradientTape() as outer:
            objective = meta_objective(params, batch, settings)
        meta_grads = outer.gradient(objective, params)
        optimizer.apply_gradients(zip(meta_grads, params))
        recent.append(float(objective))
        if step % 5 == 0:
            print(f"[{step:4d}] query loss {np.mean(recent[-5:]):.4f}")
    return params


if __name__ == "__main__":
    train()
