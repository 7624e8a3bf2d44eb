"""Edge cases of masked-weights-still-move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradproof.evidence.applies import Assigned
from gradproof.evidence.ledger import Audit
from gradproof.evidence.run import Run
from gradproof.faults.masked_weights_still_move import prove
from records import KERNEL, at, healthy, unconnected
from snippets import assert_findings, assert_silent

STEP = """
chosen = {optimizer}
row_mask = tf.constant([[1.0], [1.0], [0.0], [0.0]])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(encoder(x) - y))
gradients = tape.gradient(loss, encoder.trainable_variables)
kernel, bias = gradients
{masked}
chosen.apply_gradients(zip(gradients, encoder.trainable_variables))
{after}
"""

DECAYED = "keras.optimizers.AdamW(1e-3, weight_decay=0.01)"
MASKED = "gradients = [kernel * row_mask, bias]"


@pytest.mark.parametrize(
    "masked",
    [
        MASKED,
        "gradients = [tf.multiply(row_mask, kernel), bias]",
        "gradients = [kernel * 0.0, bias]",
        "gradients = [tf.cast(x[:4] > 0.0, 'float32') * kernel, bias]",
    ],
)
def test_decay(masked: str):
    """A mask on the gradient, and an optimizer that decays."""
    assert_findings(STEP.format(optimizer=DECAYED, masked=masked + "  # GP509", after=""))


def test_decay_by_option():
    """Any optimizer of Keras takes `weight_decay`."""
    chosen = "keras.optimizers.SGD(1e-3, weight_decay=1e-4)"
    assert_findings(STEP.format(optimizer=chosen, masked=MASKED + "  # GP509", after=""))


@pytest.mark.parametrize(
    "chosen",
    [
        "keras.optimizers.Adam(1e-3)",
        "keras.optimizers.SGD(1e-3)",
        "keras.optimizers.AdamW(1e-3, weight_decay=0.0)",
        "keras.optimizers.Adam(1e-3, weight_decay=None)",
    ],
)
def test_no_decay(chosen: str):
    """A constant mask without decay: nothing moves."""
    assert_silent(STEP.format(optimizer=chosen, masked=MASKED, after=""))


def test_excluded():
    """The variable is excluded from the decay."""
    text = STEP.format(optimizer=DECAYED, masked=MASKED, after="")
    line = 'chosen.exclude_from_weight_decay(var_names=["code"])\nwith tf.Gradient'
    assert_silent(text.replace("with tf.Gradient", line))


def test_written_back():
    """What was frozen is written back after each update."""
    after = "encoder.trainable_variables[0].assign(tf.ones((4, 4)))"
    assert_silent(STEP.format(optimizer=DECAYED, masked=MASKED, after=after))


def test_mask_on_the_loss():
    """A mask of positions is no mask of weights."""
    assert_silent(
        f"""
        chosen = {DECAYED}
        mask = tf.constant([[1.0], [0.0]] * 4)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(mask * tf.square(encoder(x) - y))
        gradients = tape.gradient(loss, encoder.trainable_variables)
        chosen.apply_gradients(zip(gradients, encoder.trainable_variables))
        """
    )


def masked(run: Run, **changes: Any) -> Run:
    """Half of the kernel is masked, and moves."""
    audit = Audit(
        1,
        2,
        KERNEL,
        "AdamW",
        elements=16,
        masked=8,
        masked_before=8,
        masked_moved=8,
        masked_norm=0.01,
        terms=(("weight decay", 0.1),),
    )
    return replace(run, audits=(replace(audit, **changes),))


def test_decay_where_the_mask_is_zero():
    """Eight masked elements shrink."""
    (found,) = prove(masked(healthy()))
    assert found.place == at(6)
    assert "8 of the 8 elements" in found.message
    assert "decays them by 0.1" in found.message


def test_a_mask_that_holds():
    """Masked elements that stay."""
    assert not list(prove(masked(healthy(), masked_moved=0, masked_norm=0.0)))


def test_another_mask_in_each_step():
    """Gradients that are thinned out at random: momentum moves what was left out."""
    assert not list(prove(masked(healthy(), masked_before=3)))


@pytest.mark.parametrize("method", ["assign", "scatter_update", "_strided_slice_assign"])
def test_written_back_while_running(method: str):
    """Somebody assigns to the kernel, or to rows of it, after each update."""
    run = masked(healthy())
    run = replace(run, assigned=(Assigned(KERNEL, method, 3, (at(7),)),))
    assert not list(prove(run))


def test_zeros_for_no_gradient():
    """Where a gradient is None, zeros only stand for it."""
    assert not list(prove(unconnected(masked(healthy()), KERNEL)))


def test_masks_made_of_the_weights():
    """What is small is pruned: no gradient passes a comparison, and a cast keeps it a mask."""
    text = """
        adam = keras.optimizers.AdamW(0.01, weight_decay=0.1)
        large = [tf.cast(tf.abs(v) > 0.1, tf.float32) for v in model.trainable_variables]
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            gradients = [g * m for g, m in zip(gradients, large)]{mark}
            adam.apply_gradients(zip(gradients, model.trainable_variables))
            {then}
    """
    back = "[v.assign(v * m) for v, m in zip(model.trainable_variables, large)]"
    assert_findings(text.format(mark="  # GP509", then="pass"))
    assert_silent(text.format(mark="", then=back))


def test_a_gradient_that_is_replaced_by_zeros():
    """The decay of AdamW moves what has a gradient of zero; without decay nothing does."""
    text = """
        net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(4)])
        optimizer = {optimizer}
        for step in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            gradients[0] = tf.zeros_like(gradients[0]){mark}
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    decaying = "keras.optimizers.AdamW(0.01, weight_decay=0.1)"
    assert_findings(text.format(optimizer=decaying, mark="  # GP509"))
    assert_silent(text.format(optimizer="keras.optimizers.SGD(0.01)", mark=""))


def test_a_mask_of_zeros_beside_ones():
    """Joined, they are a mask as well as written out."""
    text = """
    table = tf.Variable(tf.ones((6, 1)))
    adamw = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    keep = tf.concat([tf.{first}((4, 1)), tf.ones((2, 1))], axis=0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(table - 2.0))
    gradient = tape.gradient(loss, table)
    gradient = gradient * keep{mark}
    adamw.apply_gradients([(gradient, table)])
    """
    assert_findings(text.format(first="zeros", mark="  # GP509"))
    assert_silent(text.format(first="ones", mark=""))


def test_a_mask_that_gets_an_axis():
    """`mask[:, None]` is the mask still."""
    text = """
    table = tf.Variable(tf.ones((6, 1)))
    adamw = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    rows = tf.cast(tf.range(6) >= 4, tf.float32)[:, None]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(table - 2.0))
    gradient = tape.gradient(loss, table)
    gradient = gradient * rows{mark}
    adamw.apply_gradients([(gradient, table)])
    """
    assert_findings(text.format(mark="  # GP509"))
    assert_silent(text.format(mark="").replace("AdamW(0.01, weight_decay=0.1)", "SGD(0.01)"))
