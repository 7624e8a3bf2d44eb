"""Reading costs as much as there is to read: twice the steps, twice the work."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from gradproof.source import read

HEADER = """
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
"""

FUNCTION = """
def make_{n}():
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))
    return optimizer


optimizer_{n} = make_{n}()


def step_{n}(x, y):
    total = [tf.zeros_like(v) for v in model.trainable_variables]
    for part in tf.split(x, 4):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(part) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
        total = [t + g for t, g in zip(total, gradients)]
    optimizer_{n}.apply_gradients(zip(total, model.trainable_variables))
    return loss
"""

CLASS = """
class Trainer{n}:
    def __init__(self, model):
        self.model, self.count, self.slots = model, 0, {{}}
        self.optimizer = keras.optimizers.Adam(0.1)
        self.sums = [tf.Variable(tf.zeros_like(v)) for v in model.trainable_variables]

    @tf.function
    def train(self, x, y):
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(variables)
            loss = tf.reduce_mean(tf.square(self.model(x) - y))
        found = tape.gradient(loss, variables)
        gradients = [tf.clip_by_norm(g, 1.0) for g in found if g is not None]
        for buffer, gradient in zip(self.sums, gradients):
            buffer.assign_add(gradient)
        if tf.equal(self.count, 4):
            self.optimizer.apply_gradients(zip(self.sums, variables))
            for buffer in self.sums:
                buffer.assign(tf.zeros_like(buffer))
        for variable, gradient in zip(variables, gradients):
            variable.assign_sub(self.slots.get(variable.ref(), 0.0) * gradient)
        return loss


trainer_{n} = Trainer{n}(model)
for batch in data:
    trainer_{n}.train(batch, batch)
"""


@pytest.mark.parametrize("step", [FUNCTION, CLASS])
def test_work_grows_with_the_text(step: str, monkeypatch: pytest.MonkeyPatch):
    """However many steps a file holds, for each as many nodes are looked at."""
    walk, seen = ast.walk, 0

    def counting(node: ast.AST) -> Iterator[ast.AST]:
        nonlocal seen
        for one in walk(node):
            seen += 1
            yield one

    monkeypatch.setattr(ast, "walk", counting)
    work = []
    for steps in (5, 20):
        seen = 0
        read(HEADER + "".join(step.format(n=n) for n in range(steps)), "many.py", None)
        work.append(seen / steps)
    assert work[1] < 1.2 * work[0]
