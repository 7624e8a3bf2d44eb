"""Causes that show in the right step, or only late, in whole programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nursery import Nursery

GAME = """
import tensorflow as tf
keras = tf.keras
keras.utils.set_random_seed(1)
generator = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
critic = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(4), keras.layers.Dense(1)])
entropy = keras.losses.BinaryCrossentropy(from_logits=True)
ours, theirs = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
@tf.function
def play(real):
    with tf.GradientTape() as tape, tf.GradientTape() as other:
        fake = critic(generator(tf.random.normal((8, 3))))
        said = critic(real)
        wanted = entropy(tf.{labels}_like(fake), fake)
        judged = entropy(tf.ones_like(said), said) + entropy(tf.zeros_like(fake), fake)
    slopes = tape.gradient(wanted, generator.trainable_variables)
    ours.apply_gradients(zip(slopes, generator.trainable_variables))
    slopes = other.gradient(judged, critic.trainable_variables)
    theirs.apply_gradients(zip(slopes, critic.trainable_variables))
for _ in range(3):
    play(tf.random.normal((8, 2)))
"""

PRUNED = """
import tensorflow as tf
keras = tf.keras
keras.utils.set_random_seed(2)
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
mask = tf.constant([[1.0], [0.0], [1.0], [0.0]])
{compiled}
def step(masked):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    slopes = tape.gradient(loss, model.trainable_variables)
    if masked:
        slopes[0] = slopes[0] * mask
    optimizer.apply_gradients(zip(slopes, model.trainable_variables))
    if masked and {back}:
        model.layers[0].kernel.assign(model.layers[0].kernel * mask)
for number in range(40):
    step(number >= {since})
"""

SLOTS = """
import tensorflow as tf
keras = tf.keras
keras.utils.set_random_seed(3)
writer = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(4, name="writer")])
slot = tf.Variable(tf.zeros((4, 1)), name="slot")
optimizer = keras.optimizers.SGD(0.1)
@tf.function
def step(code, x, y):
    with tf.GradientTape() as tape:
        slot.assign(tf.transpose(writer(code)))
        loss = tf.reduce_mean(tf.square(x @ slot - y))
    slopes = tape.gradient(loss, writer.trainable_variables)
    optimizer.apply_gradients(zip(slopes, writer.trainable_variables))
try:
    step(tf.ones((1, 2)), tf.random.normal((8, 4)), tf.ones((8, 1)))
except ValueError:
    print("no gradients")
"""

TURNS = """
import numpy as np
import tensorflow as tf
keras = tf.keras
actor = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2)])
critic = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
optimizers = [keras.optimizers.SGD(0.1) for _ in range(2)]
state = np.ones((4, 2), "float32")
for _ in range(3):
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(critic(state) - 1.0))
        slopes = tape.gradient(loss, critic.trainable_variables)
        optimizers[0].apply_gradients(zip(slopes, critic.trainable_variables))
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(actor(state).numpy()))
    slopes = tape.gradient(loss, actor.trainable_variables)
    optimizers[1].apply_gradients(zip(slopes, actor.trainable_variables))
"""

GONE = """
import gc
import tensorflow as tf
keras = tf.keras

def main():
    keras.utils.set_random_seed(9)  # the second gradient is what rounding left of the first
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_regularizer="l2")])
    optimizer = keras.optimizers.SGD(0.1)
    x = tf.ones((8, 4))
    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - 1.0))
        slopes = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(slopes, model.trainable_variables))
    for _ in range(3):
        step()

main()
gc.collect()
"""

UPHILL = """
import tensorflow as tf
slope, lift = tf.Variable(0.5, name="slope"), tf.Variable(0.5, name="lift")
x, y = tf.constant([1.0, 2.0, 3.0]), tf.constant([2.0, 4.0, 7.0])
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((slope * x + lift - y) ** 2)
    by_slope, by_lift = tape.gradient(loss, [slope, lift])
    slope.assign_add(0.01 * by_slope)
    lift.assign_add(0.01 * by_lift)
    return loss
for _ in range(20):
    step()
"""


def loud(nursery: Nursery, folder: Path, program: str) -> list[dict[str, Any]]:
    """Errors and warnings of one program."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    command = ["gradproof", "run", "--format", "json", "--output", "answer.json", "program.py"]
    nursery.run(command, folder)
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    return [one for one in answer["diagnoses"] if one["level"] != "advice"]


@pytest.mark.tensorflow
def test_a_generator_that_helps_its_critic(nursery, tmp_path):
    """It asks for zeros, as the critic does; ones are right."""
    (found,) = loud(nursery, tmp_path, GAME.format(labels="zeros"))
    assert (found["code"], found["place"]["line"]) == ("GP504", 14)
    assert loud(nursery, tmp_path, GAME.format(labels="ones")) == []


@pytest.mark.tensorflow
@pytest.mark.parametrize(("compiled", "since", "step"), [("", 20, 33), ("@tf.function", 20, 1)])
def test_masks(compiled, since, step, nursery, tmp_path):
    """A mask that begins late, or whose weights move first by what was before, is seen."""
    program = PRUNED.format(compiled=compiled, since=since, back=False)
    (found,) = loud(nursery, tmp_path, program)
    assert (found["code"], found["step"]) == ("GP509", step)


@pytest.mark.tensorflow
def test_masks_that_are_laid_on_again(nursery, tmp_path):
    """Weights that are masked after each update stay where they were."""
    assert loud(nursery, tmp_path, PRUNED.format(compiled="", since=20, back=True)) == []


@pytest.mark.tensorflow
def test_weights_that_another_network_assigns(nursery, tmp_path):
    """The assignment is part of the loss's way, and not a step, though its variable is trainable."""
    (found,) = loud(nursery, tmp_path, SLOTS)
    assert (found["fault"], found["step"]) == ("assign-on-loss-path", 1)
    assert found["evidence"] == {"unconnected": 2, "sources": 2}
    assert (
        found["place"]["line"]
        == SLOTS.splitlines().index("        slot.assign(tf.transpose(writer(code)))") + 1
    )


@pytest.mark.tensorflow
def test_steps_of_an_actor(nursery, tmp_path):
    """Its first step is step 1, however many its critic has made."""
    first = loud(nursery, tmp_path, TURNS)[0]
    assert (first["code"], first["step"]) == ("GP202", 1)


@pytest.mark.tensorflow
def test_a_model_that_is_gone_at_the_end(nursery, tmp_path):
    """What it declared is remembered: the program's `main` has returned."""
    (found,) = loud(nursery, tmp_path, GONE)
    assert (found["code"], found["verdict"]) == ("GP703", "proven")


@pytest.mark.tensorflow
def test_both_lines_of_a_step_that_climbs(nursery, tmp_path):
    """They are one fault, told once, and mended together."""
    (found,) = loud(nursery, tmp_path, UPHILL)
    assert (found["code"], found["verdict"], found["place"]["line"]) == ("GP504", "proven", 10)
    assert [edit["line"] for edit in found["fix"]["edits"]] == [10, 11]


EARLY = """
import tensorflow as tf
keras = tf.keras
keras.utils.set_random_seed(3)
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.gain = self.add_weight(name="gain", shape=(), initializer="ones")
        self.inner = keras.layers.Dense(3)
    def call(self, x):
        return self.gain * self.inner(x)
net, optimizer = Net(), keras.optimizers.SGD(0.1)
listed = list(net.trainable_variables)
x = tf.random.normal((8, 3))
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - 1.0))
    optimizer.apply_gradients(zip(tape.gradient(loss, listed), listed))
"""

FROZEN = """
import tensorflow as tf
keras = tf.keras
model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
names = ["first", "second"]
def freeze(parts):
    for part in parts:
        part.trainable = False
freeze(list(model.layers))
x = tf.random.normal((8, 3))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x)))
slopes = tape.gradient(loss, model.trainable_variables)
"""

COPIED = """
import tensorflow as tf
w = tf.Variable(tf.ones((3, 1)), name="w")
x = tf.random.normal((8, 3))
optimizer = tf.keras.optimizers.SGD(0.1)
def adapted(weights):
    fast = [tf.Variable(one) for one in weights]
    with tf.GradientTape() as inner:
        loss = tf.reduce_mean(tf.square(x @ fast[0] - 1.0))
    for one, slope in zip(fast, inner.gradient(loss, fast)):
        one.assign_sub(0.1 * slope)
    return fast
for _ in range(3):
    with tf.GradientTape() as tape:
        fast = adapted([w])
        loss = tf.reduce_mean(tf.square(x @ fast[0] - 1.0))
    optimizer.apply_gradients([(tape.gradient(loss, w), w)])
"""


GIVEN_BACK = """
import tensorflow as tf
parts = [tf.Variable(tf.ones((3, 1)), name="w"), tf.Variable(tf.zeros((1,)), name="b")]
x = tf.random.normal((8, 3))
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ parts[0] + parts[1] - 1.0))
    slopes = [slope for slope in tape.gradient(loss, parts) if slope is not None]
    for at, slope in enumerate(slopes):
        parts[at] = parts[at].assign_sub(0.1 * slope)
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("program", "code", "line"),
    [
        (EARLY, "GP103", "listed = list(net.trainable_variables)"),
        (FROZEN, "GP105", "        part.trainable = False"),
        (COPIED, "GP206", "    fast = [tf.Variable(one) for one in weights]"),
        (GIVEN_BACK, "GP207", "        parts[at] = parts[at].assign_sub(0.1 * slope)"),
    ],
    ids=["early", "frozen", "copied", "given back"],
)
def test_what_stood_before_the_step(program, code, line, nursery, tmp_path):
    """Lists that lacked something, layers frozen one by one, variables made of others, or lost."""
    first = loud(nursery, tmp_path, program)[0]
    assert (first["code"], first["verdict"]) == (code, "proven")
    assert first["place"]["line"] == program.splitlines().index(line) + 1
