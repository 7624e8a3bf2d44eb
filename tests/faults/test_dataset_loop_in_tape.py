"""Edge cases of dataset-loop-in-tape."""

from __future__ import annotations

import pytest

from records import (
    ADD,
    BIAS,
    KERNEL,
    READ_BIAS,
    TANH,
    healthy,
    operation,
    proven,
    unconnected,
    with_operations,
)
from snippets import assert_findings, assert_silent

LOOP = """
batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)


{decorator}
def run():
    total = 0.0
    with tf.GradientTape() as tape:
        for a, b in batches:{mark}
            total += tf.reduce_mean(tf.square(model(a) - b))
    gradients = tape.gradient(total, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


run()
"""


def test_traced():
    """Traced, the loop is one operation of the dataset."""
    assert_findings(LOOP.format(decorator="@tf.function", mark="  # GP211"))


def test_eager():
    """The same loop run eagerly is right."""
    assert_silent(LOOP.format(decorator="", mark=""))


def test_proven():
    """A dataset operation stands between the variables and the loss."""
    loop = operation(ADD, "ReduceDataset", (TANH, READ_BIAS), line=3)
    run = with_operations(unconnected(healthy(), KERNEL, BIAS), loop)
    assert proven(run) == [("GP211", 3)]


@pytest.mark.parametrize("over", ["batches.enumerate()", "enumerate(batches)"])
def test_counted_batches(over):
    """A count beside the batches makes no other loop of it."""
    text = """
        batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)

        {traced}
        def step():
            with tf.GradientTape() as tape:
                loss = 0.0
                for number, (given, wanted) in {over}:{mark}
                    loss += tf.reduce_mean(tf.square(model(given) - wanted))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        step()
    """
    assert_findings(text.format(traced="@tf.function", over=over, mark="  # GP211"))
    assert_silent(text.format(traced="", over=over, mark=""))
