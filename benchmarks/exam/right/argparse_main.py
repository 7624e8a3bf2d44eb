"""A research script: arguments, a dataclass, functions that hand everything on."""
import argparse
import dataclasses
import functools
import itertools

import tensorflow as tf
from tensorflow import keras


@dataclasses.dataclass
class State:
    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    step: int = 0
    best: float = float("inf")


LOSSES = {
    "mse": lambda t, p: tf.reduce_mean(tf.square(t - p)),
    "mae": lambda t, p: tf.reduce_mean(tf.abs(t - p)),
}


def parse(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--loss", choices=sorted(LOSSES), default="mse")
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--width", type=int, default=32)
    return parser.parse_args([] if argv is None else argv)


def build(args):
    stack = [keras.layers.Input((2,))]
    stack += [keras.layers.Dense(args.width, activation="swish") for _ in range(2)]
    return keras.Sequential([*stack, keras.layers.Dense(1)])


def compute(model, loss_fn, x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    return loss, tape.gradient(loss, model.trainable_variables)


def make_step(state, loss_fn):
    grad_fn = functools.partial(compute, state.model, loss_fn)

    @tf.function
    def step(x, y):
        loss, grads = grad_fn(x, y)
        grads, norm = tf.clip_by_global_norm(grads, 10.0)
        state.optimizer.apply_gradients(zip(grads, state.model.trainable_variables))
        return {"loss": loss, "norm": norm}

    return step


def main(argv=None):
    args = parse(argv)
    keras.utils.set_random_seed(103)
    model = build(args)
    state = State(model, keras.optimizers.Adam(args.lr))
    step = make_step(state, LOSSES[args.loss])
    x = tf.random.normal((512, 2))
    y = tf.norm(x, axis=1, keepdims=True)
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(512).repeat().batch(64)
    for batch in itertools.islice(data, args.steps):
        logs = step(*batch)
        state.step += 1
        state.best = min(state.best, float(logs["loss"]))
        if state.step % 50 == 1:
            print(f"step {state.step} loss {float(logs['loss']):.5f}")
    print("best loss", state.best)


if __name__ == "__main__":
    main()
