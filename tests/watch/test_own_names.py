"""Variables without a name, called as the program calls them, and held where it holds them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gradproof.watching.tensorflow.kinds import bare
from gradproof.watching.tensorflow.own_names import OwnNames, is_nameless
from nursery import Nursery


class _Made:
    """Something whose making asks what it will be called, as that of a variable does."""

    names = OwnNames()

    def __init__(self) -> None:
        self.called = self.names.name(sys._getframe(1))


def test_names_in_code():
    """What stands left of the equals sign, the key, or the list that it is put into."""
    slope = _Made()
    first, second = _Made(), _Made()
    holder = SimpleNamespace()
    holder.spread = _Made()
    scales = [_Made() for _ in range(2)]
    holder.rows = [[_Made() for column in range(2)] for row in range(2)]
    by_key = {key: _Made() for key in "ab"}
    left, right = [_Made() for _ in range(2)]
    parts = [_Made(), _Made()]
    kept: list[_Made] = []
    kept.append(_Made())
    store = {}
    store["key"] = _Made()
    before = _Made(); rate = 0.1  # fmt: skip  # noqa: E702
    assert slope.called == "slope"
    assert (first.called, second.called) == ("first", "second")
    assert holder.spread.called == "spread"
    assert [one.called for one in scales] == ["scales", "scales"]
    assert {one.called for row in holder.rows for one in row} == {"rows"}
    assert [one.called for one in by_key.values()] == ["by_key", "by_key"]
    assert (left.called, right.called) == ("left", "right")
    assert [one.called for one in parts] == ["parts", "parts"]
    assert (kept[0].called, store["key"].called) == ("kept", "key")
    assert (before.called, rate) == ("before", 0.1)


def test_nothing_to_call_it():
    """What a function gives back is named where it is called; of two names it has the first."""

    def made() -> _Made:
        return _Made()

    given = made()
    first, second = made(), made()
    twice = again = _Made()
    made()
    kept: list[_Made | None] = [_Made().called and None]
    assert kept == [None]
    assert (given.called, first.called, second.called) == ("given", "first", "second")
    assert (twice.called, again) == ("twice", twice)


def test_nameless():
    """What frameworks call all alike has no name; what anybody named keeps it."""
    assert all(is_nameless(path) for path in ("Variable:0", "Variable", "variable_12", "variable"))
    assert not any(is_nameless(path) for path in ("Variable_scale", "net/variable", "kernel:0"))


PROGRAM = """
import tensorflow as tf

class Block(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = tf.keras.layers.Dense(4)

    def call(self, x):
        return self.inner(x)

class Parts:
    def __init__(self):
        self.block = Block()

class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.parts = Parts()
        self.head = tf.keras.layers.Dense(1)

    def call(self, x):
        return self.head(self.parts.block(x))

net = Net()
slope, offset = tf.Variable(1.0), tf.Variable(0.0)
offset.overwrite_with_gradient = False  # Keras 3.3 asks every variable
net(tf.zeros((1, 3)))
optimizer = tf.keras.optimizers.SGD(0.01)
x = tf.random.stateless_normal((16, 3), (1, 2))
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(slope * net(x) + offset - 1.0))
    variables = net.trainable_variables + [offset]
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
"""


@pytest.mark.tensorflow
def test_a_run_speaks_the_program_s_words(nursery: Nursery, tmp_path: Path):
    """The plain object is the cause of its own, and `slope` is called `slope`."""
    (tmp_path / "program.py").write_text(PROGRAM)
    command = ["gradproof", "run", "--format", "json", "--output", "answer.json", "program.py"]
    done = nursery.run(command, tmp_path)
    answer = json.loads((tmp_path / "answer.json").read_text())
    found = {one["code"]: one for one in answer["diagnoses"]}
    assert sorted(found) == ["GP102", "GP109"], done.stderr
    assert found["GP102"]["place"]["line"] == 19
    assert len(found["GP102"]["variables"]) == 2
    assert found["GP109"]["variables"] == ["slope"]
    text = nursery.run(["gradproof", "report", "."], tmp_path).stdout
    assert "`variables` lacks `slope`" in text
    assert re.search(r"^  offset +moved  ", text, re.MULTILINE)


class BaseResourceVariable:
    """Stands for TensorFlow's class of this name, which is told by it."""

    handle = 7


class Variable:
    """Stands for `tf.Variable`."""


class Rounded(Variable):
    """Reads as another variable, rounded, and hands every change on to it."""

    def __init__(self) -> None:
        self.steps, self.latent = 8, BaseResourceVariable()


def test_a_variable_around_another():
    """Libraries that quantize weights keep the trained one under names of their own."""
    rounded, other = Rounded(), Rounded()
    assert bare(rounded) is rounded.latent
    assert bare(other) is other.latent
    assert bare(rounded.latent) is rounded.latent
