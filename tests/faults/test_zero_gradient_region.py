"""Hard limits on the way to the loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from records import (
    BIAS,
    KERNEL,
    MATMUL,
    SQUARE,
    SUB,
    TANH,
    healthy,
    operation,
    proven,
    with_operations,
    with_updates,
)
from snippets import assert_findings, assert_silent


def test_clipped_ratio():
    """A clip beside the unclipped value is a clipped ratio."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            ratio = tf.exp(model(x))
            clipped = tf.clip_by_value(ratio, 0.8, 1.2)
            loss = -tf.reduce_mean(tf.minimum(ratio * y, clipped * y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_safe_logarithm():
    """A clip that keeps a logarithm finite is right."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            share = tf.clip_by_value(tf.nn.softmax(model(x)), 1e-7, 1.0 - 1e-7)
            loss = -tf.reduce_mean(tf.math.log(share))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_relu():
    """A ReLU is no fault."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.relu(1.0 - model(x)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """Every gradient was zero in every step, behind a clip."""
    run = with_updates(healthy(), KERNEL, BIAS, gradient_norm=0.0, change_norm=0.0, along=None)
    run = with_operations(run, operation(SQUARE, "Maximum", (SUB,)))
    assert proven(run) == [("GP302", 4)]


def test_one_step_is_a_batch():
    """A gradient that was zero once says nothing."""
    run = with_updates(healthy(), KERNEL, BIAS, gradient_norm=0.0, change_norm=0.0, along=None)
    run = with_operations(run, operation(SQUARE, "Maximum", (SUB,)))
    assert proven(replace(run, steps=run.steps[:1])) == []


def test_a_softmax_over_one_value():
    """It is 1 whatever comes in; beside variables that move it may be meant."""
    run = with_updates(healthy(), KERNEL, BIAS, gradient_norm=0.0, change_norm=0.0, along=None)
    for width, found in ((1, [("GP302", 4)]), (2, [])):
        over = with_operations(run, operation(SQUARE, "Softmax", (SUB,), shape=(8, width)))
        assert proven(over) == found
    one = with_updates(healthy(), KERNEL, gradient_norm=0.0, change_norm=0.0, along=None)
    one = with_operations(one, operation(TANH, "Softmax", (MATMUL,), line=3, shape=(8, 1)))
    assert proven(one) == []


def test_an_activation_that_saturates():
    """All before it stands still at zero, what is behind it moves; not in the first steps only."""
    run = with_updates(healthy(), KERNEL, gradient_norm=0.0, change_norm=0.0, along=None)
    first = run.steps[0]
    longer = replace(run, steps=tuple(replace(first, index=number) for number in range(6)))
    assert proven(longer) == [("GP302", 3)]
    assert proven(run) == []
    none = with_updates(longer, BIAS, gradient_norm=0.0, change_norm=0.0, along=None)
    assert proven(none) == []


START = """
raw = tf.Variable({start})
scale = tf.Variable(1.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square({bound} * scale - y)){mark}
    gradients = tape.gradient(loss, [raw, scale])
    optimizer.apply_gradients(zip(gradients, [raw, scale]))
"""


def test_a_start_below_zero():
    """A threshold keeps a variable positive, and it starts where that is flat."""
    for bound in ("tf.nn.relu(raw)", "tf.maximum(raw, 0.0)"):
        assert_findings(START.format(start="-0.2", bound=bound, mark="  # GP302"))
        assert_findings(START.format(start="[-0.2, -1.0]", bound=bound, mark="  # GP302"))
        assert_silent(START.format(start="0.2", bound=bound, mark=""))
        assert_silent(START.format(start="[-0.2, 1.0]", bound=bound, mark=""))
    for bound in ("tf.nn.relu(-raw)", "tf.maximum(raw, -1.0)", "tf.minimum(raw, 0.0)"):
        assert_silent(START.format(start="-0.2", bound=bound, mark=""))
    assert_silent(START.format(start="-0.2", bound="(raw - tf.nn.relu(raw))", mark=""))


RATES = """
starts = {{"speed": {speed}, "mean": -1.0}}
raw = {{name: tf.Variable(value, name=name) for name, value in starts.items()}}

def values():
    return {{
        name: tf.nn.relu(value) if name in {bounded} else value{mark}
        for name, value in raw.items()
    }}

variables = list(raw.values())
for _ in range(3):
    with tf.GradientTape() as tape:
        known = values()
        loss = tf.reduce_mean(tf.square(known["speed"] * x - known["mean"]))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
"""


@pytest.mark.parametrize("bounded", ['("speed", "noise")', '{"speed": 1}'])
def test_some_of_a_dict(bounded):
    """Only those whose name is listed are kept positive."""
    assert_findings(RATES.format(speed=-0.2, bounded=bounded, mark="  # GP302"))
    assert_silent(RATES.format(speed=0.2, bounded=bounded, mark=""))
