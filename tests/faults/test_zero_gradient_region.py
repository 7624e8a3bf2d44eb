"""Hard limits on the way to the loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Run
from records import (
    ADD,
    BIAS,
    KERNEL,
    MATMUL,
    READ_BIAS,
    SQUARE,
    SUB,
    TANH,
    at,
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


ONE_VALUE = """
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), {last}])
loss_function = keras.losses.{loss}
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_function({y}, net(x)){mark}
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


def test_a_softmax_over_a_single_unit():
    """It is 1 for every input; of two units, or as a sigmoid, it is not.

    Keras gives its binary cross-entropy what stands before the softmax.
    """
    for last, loss, found in (
        ('keras.layers.Dense(1, activation="softmax")', "MeanSquaredError()", True),
        ('keras.layers.Dense(1, activation="softmax")', "BinaryCrossentropy()", False),
        ('keras.layers.Dense(2, activation="softmax")', "MeanSquaredError()", False),
        ('keras.layers.Dense(1, activation="sigmoid")', "MeanSquaredError()", False),
    ):
        text = ONE_VALUE.format(last="{last}", loss=loss, y="y", mark="")
        if found:
            assert_findings(text.format(last=f"\n    {last},{MARK}\n"))
        else:
            assert_silent(text.format(last=last))


MARK = "  # GP302"


def test_classes_of_which_there_is_one():
    """The share of the only class is 1, whatever the model says of it."""
    for loss, units, mark in (
        ("CategoricalCrossentropy(from_logits=True)", 1, MARK),
        ("CategoricalCrossentropy(from_logits=True)", 2, ""),
        ("BinaryCrossentropy(from_logits=True)", 1, ""),
    ):
        last = f"keras.layers.Dense({units})"
        text = ONE_VALUE.format(last=last, loss=loss, y="y", mark=mark)
        (assert_findings if mark else assert_silent)(text)


def test_attention_to_one_word():
    """A softmax over one value within a network may be one of many lengths."""
    assert_silent(
        """
        score, out = keras.layers.Dense(1), keras.layers.Dense(1)
        words = tf.reshape(x, (-1, 1, 4))
        with tf.GradientTape() as tape:
            weights = tf.nn.softmax(score(words), axis=1)
            loss = tf.reduce_mean(tf.square(out(tf.reduce_sum(weights * words, axis=1)) - y))
        variables = score.trainable_variables + out.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def _fallen(steps: int, loss: float = 2.0, via: tuple[str, ...] = ("__call__",)) -> Run:
    """Zeros in the last steps, with a ReLU after the bias of the last layer."""
    run = healthy()
    flat = with_updates(run, KERNEL, BIAS, gradient_norm=0.0, change_norm=0.0, along=None).steps[0]
    last = tuple(replace(flat, index=4 + number, loss=loss) for number in range(steps))
    variables = tuple(replace(one, layer_made_at=at(1)) for one in run.variables)
    return with_operations(
        replace(run, variables=variables, steps=(*run.steps, *last)),
        operation(ADD, "Relu", (READ_BIAS, TANH), via=via),
    )


def test_outputs_below_the_threshold_of_the_last_layer():
    """At some step the last ReLU gives nothing but zeros, for good; at a loss of 0 it is done."""
    assert proven(_fallen(12)) == [("GP302", 1)]
    assert proven(_fallen(9)) == []
    assert proven(_fallen(12, loss=0.0)) == []
    assert proven(_fallen(12, via=())) == []


CURVED = """
net = keras.Sequential([
    keras.Input((1,)),
    keras.layers.Dense(8, {activation}),{mark}
    keras.layers.Dense(1),
])
t = tf.linspace(0.0, 1.0, 16)[:, None]
for _ in range(9):
    with tf.GradientTape() as tape:
        with tf.GradientTape() as second:
            second.watch(t)
            with tf.GradientTape() as first:
                first.watch(t)
                u = {u}
            slope = first.gradient(u, t)
        curvature = second.gradient(slope, t)
        loss = tf.reduce_mean(tf.square(curvature + u))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


def test_a_second_derivative_of_straight_pieces():
    """ReLU has none; tanh has, and so has what is multiplied by the tensor or made of its square."""
    assert_findings(CURVED.format(activation='"relu"', u="net(t)", mark="  # GP302"))
    assert_silent(CURVED.format(activation='"tanh"', u="net(t)", mark=""))
    assert_silent(CURVED.format(activation='"relu"', u="t * net(t)", mark=""))
    assert_silent(CURVED.format(activation='"relu"', u="net(t * t)", mark=""))
    assert_silent(CURVED.format(activation='"relu"', u="tf.square(net(t))", mark=""))
