"""Edge cases of uncompiled-step."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.pace import Pace
from gradproof.evidence.recording import Conversion
from gradproof.faults.uncompiled_step import prove
from records import MEAN, at, healthy
from snippets import assert_findings, assert_silent

STEP = """
{decorator}
def train(batch, target):{mark}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - target))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


for epoch in range(100):
    for begin in range(0, 8, 2):
        train(x[begin : begin + 2], y[begin : begin + 2])
"""


def test_epochs_and_batches():
    """A step that runs eagerly in a loop within a loop; advice, no more."""
    assert_findings(STEP.format(decorator="", mark="  # GP801"))


def test_traced():
    """The same step traced."""
    assert_silent(STEP.format(decorator="@tf.function", mark=""))


PACE = Pace("train", at(2), 150, 0.004, 78)


def test_a_long_eager_loop():
    """Steps, operations and time are told; the function is the place."""
    (found,) = prove(replace(healthy(), paces=(PACE,)))
    assert found.place == at(2)
    assert "150 eager steps" in found.message
    assert found.evidence == {"milliseconds": 4.0, "steps": 150}


def test_a_short_loop():
    """A few steps need no tracing, nor does a step of a few operations."""
    assert list(prove(replace(healthy(), paces=(replace(PACE, steps=40),)))) == []
    assert list(prove(replace(healthy(), paces=(replace(PACE, operations=8),)))) == []


def test_a_step_that_needs_python():
    """A value that leaves TensorFlow under the tape can't be traced."""
    run = replace(healthy(), paces=(PACE,))
    left = Conversion(MEAN, "numpy", (at(4),), 10, tapes=frozenset({1}))
    recording = replace(run.recordings[0], conversions=(left,))
    assert list(prove(replace(run, recordings=(recording,)))) == []


def test_large_operations():
    """Where the operations themselves take the time, tracing gains little."""
    run = replace(healthy(), paces=(PACE,))
    large = tuple(replace(one, shape=(512, 4096)) for one in run.recordings[0].operations)
    recording = replace(run.recordings[0], operations=large)
    assert list(prove(replace(run, recordings=(recording,)))) == []


def test_a_long_loop_of_a_file():
    """Thousands of rounds are long, a hundred are not."""
    text = """
    for step in range({rounds}):{mark}
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(rounds=5000, mark="  # GP801"))
    assert_silent(text.format(rounds=100, mark=""))
