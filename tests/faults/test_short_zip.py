"""Lists of different length."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Optimizer
from gradproof.evidence.run import Crash
from gradproof.faults.short_zip import prove
from records import BIAS, KERNEL, healthy, left_out, proven, unconnected, with_apply, with_call
from snippets import assert_findings, assert_silent, mended_snippet


def test_a_slice():
    """A slice of the gradients is shorter than the list."""
    assert_findings(
        """
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients[:-1], variables))  # GP404
        """
    )


def test_cut_on_both_sides():
    """The same slice on both sides is a decision."""
    assert_silent(
        """
        variables = model.trainable_variables[:2]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_added_lists():
    """Two added lists in the same order have the same length."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
        gradients = tape.gradient(loss, encoder.trainable_variables + decoder.trainable_variables)
        variables = [*encoder.trainable_variables, *decoder.trainable_variables]
        optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_proven():
    """Two gradients were taken, one pair arrived."""
    run = healthy()
    short = left_out(run, BIAS)
    assert proven(replace(short, calls=run.calls)) == [("GP404", 6)]


def test_rest_is_applied_elsewhere():
    """What another optimizer gets is not dropped."""
    run = healthy()
    short = left_out(run, BIAS)
    other = replace(run.applies[0], key=2, optimizer=2, pairs=run.applies[0].pairs[1:])
    run = replace(
        short,
        calls=run.calls,
        applies=(*short.applies, other),
        optimizers=(*run.optimizers, Optimizer(2, "SGD")),
    )
    assert proven(run) == []


def test_the_second_cut_of_a_list_is_too_short():
    """One call for the first variable, one for the next, and the last is in none."""
    run = healthy()
    last = replace(run.variables[1], key=9, path="dense/scale")
    source = replace(run.calls[0].sources[1], variable=9, name="dense/scale")
    first, second = run.applies[0].pairs
    run = with_call(run, sources=(*run.calls[0].sources, source))
    head = replace(run.applies[0], pairs=(first,))
    tail = replace(run.applies[0], key=2, pairs=(second,))
    run = replace(run, variables=(*run.variables, last), applies=(head, tail))
    (found,) = prove(run)
    assert (found.variables, found.evidence) == (("dense/scale",), {"gradients": 2, "pairs": 1})
    middle = replace(run, applies=(tail,), steps=left_out(run, KERNEL).steps)
    assert not list(prove(middle))


def test_a_loop_by_hand_that_is_not_over():
    """It may go on, and one that raised would have: only a second round shows where it ends."""
    run = healthy()
    last = replace(run.variables[1], key=9, path="dense/scale")
    source = replace(run.calls[0].sources[1], variable=9, name="dense/scale")
    run = with_call(run, sources=(*run.calls[0].sources, source))
    rounds = tuple(
        replace(run.applies[0], key=key, by="assign_sub", optimizer=None, pairs=(pair,))
        for key, pair in enumerate(run.applies[0].pairs, 1)
    )
    (step,) = run.steps[:1]
    run = replace(run, variables=(*run.variables, last), applies=rounds, optimizers=())
    once = replace(run, steps=(step,), finished=False)
    assert list(prove(once)) == []
    raised = replace(once, finished=True, crash=Crash("ValueError", "shapes"))
    assert list(prove(raised)) == []
    for over in (
        replace(once, finished=True),
        replace(raised, steps=(step, replace(step, index=2))),
        replace(once, applies=tuple(replace(one, traced=True) for one in rounds)),
    ):
        (found,) = prove(over)
        assert found.variables == ("dense/scale",)


def test_pairs_without_a_gradient_are_left_out():
    """Who filters what is None drops nothing."""
    run = with_apply(healthy(), pairs=healthy().applies[0].pairs[:1])
    still = tuple(
        replace(step, updates=tuple(one for one in step.updates if one.variable != BIAS))
        for step in run.steps
    )
    run = replace(run, steps=still)
    assert [finding.variables for finding in prove(run)] == [("dense/bias",)]
    assert list(prove(unconnected(run, BIAS))) == []


def test_sources_that_are_a_slice():
    """Gradients of a part of the list meet the whole list."""
    assert_findings(
        """
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables[:1])
        optimizer.apply_gradients(zip(gradients, variables))  # GP404
        """
    )


def test_two_slices_that_meet():
    """Both halves of one list, in turn: nothing is dropped."""
    assert_silent(
        """
        variables = encoder.trainable_variables + decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
        gradients = tape.gradient(loss, variables)
        optimizer.build(variables)
        optimizer.apply_gradients(zip(gradients[:2], variables[:2]))
        optimizer.apply_gradients(zip(gradients[2:], variables[2:]))
        """
    )


def test_a_list_of_pairs_that_is_cut():
    """`list(zip(...))` of several networks, one column cut: nothing stands twice in it."""
    assert_findings(
        """
        variables = encoder.trainable_variables + decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
        gradients = tape.gradient(loss, variables)
        pairs = list(zip(gradients, variables[:-1]))  # GP404
        largest = max(float(tf.norm(g)) for g, _ in pairs)
        optimizer.apply_gradients(pairs)
        """
    )


def test_pairs_that_are_added_to():
    """Pairs that come later count as well."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
        first, second = tape.gradient(
            loss, (encoder.trainable_variables, decoder.trainable_variables))
        pairs = list(zip(first, encoder.trainable_variables))
        pairs += list(zip(second, decoder.trainable_variables))
        optimizer.apply_gradients(pairs)
        """
    )


def test_a_second_cut_that_ends_too_early():
    """It begins where the other list ends, and leaves the last one out."""
    text = """
        both = encoder.trainable_variables + decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
        gradients = tape.gradient(loss, both)
        optimizer.build(both)
        cut = len(encoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients[:cut], encoder.trainable_variables))
        optimizer.apply_gradients(zip(gradients[cut:-1], decoder.trainable_variables))  # GP404
        """
    assert_findings(text)
    assert_silent(text.replace("cut:-1", "cut:").replace("  # GP404", ""))
    assert "zip(gradients[cut:], decoder" in mended_snippet(text)


def test_a_cut_that_takes_all():
    """A cut by a number that is reckoned: as many as there are, or fewer."""
    text = """
        def pairs(gradients, variables, depth):
            return zip(gradients[:2 * depth], variables)  # GP404

        depth = 2
        layers = [keras.layers.Dense(4) for _ in range(depth)]
        net = keras.Sequential([keras.layers.Input((2,)), *layers, keras.layers.Dense(2)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - x))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(pairs(gradients, net.trainable_variables, depth))
        """
    assert_findings(text)
    assert_silent(text.replace("2 * depth]", "2 * (depth + 1)]").replace("  # GP404", ""))
    biased = text.replace("Dense(4)", "Dense(4, use_bias=False)")
    assert_silent(biased.replace("2 * depth]", "2 + depth]").replace("  # GP404", ""))


RATES = """
net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(4)])
rates = [LIST]
for step in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    gradients = tape.gradient(loss, net.trainable_variables)
    for rate, g, v in zip(rates, gradients, net.trainable_variables):
        v.assign_sub(rate * g)
"""


def test_a_third_list_that_ends_first():
    """Two rates, one a layer, for the four variables of two layers."""
    marked = RATES.replace("variables):", "variables):  # GP404")
    assert_findings(marked.replace("LIST", "0.1, 0.2"))
    assert_silent(RATES.replace("LIST", "0.1, 0.1, 0.2, 0.2"))
    assert_silent(RATES.replace("[LIST]", "[0.1] * len(net.trainable_variables)"))


CLIPPED = """
net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(4)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x) - y))
gradients = tape.gradient(loss, net.trainable_variables)
clipped = [tf.clip_by_norm(gradients[i], 1.0) for i in range(len(gradients))]
optimizer.apply_gradients(zip(clipped, net.trainable_variables))
"""


def test_gradients_counted_by_len():
    """Two layers have four gradients, and `len` counts these."""
    assert_silent(CLIPPED)
    short = CLIPPED.replace("range(len(gradients))", "range(len(gradients) - 1)")
    assert_findings(short.replace("variables))\n", "variables))  # GP404\n"))
    last = CLIPPED.replace("clipped = [", "gradients[len(gradients) - 1] *= 2.0\nclipped = [")
    assert_silent(last)


@pytest.mark.parametrize("pairs", ["list({zip})", "[(g, v) for g, v in {zip}]"])
def test_a_list_of_pairs_for_a_part(pairs):
    """What the zip left out was on its way to the optimizer: one fault, not two."""
    text = """
        variables = encoder.trainable_variables + decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
        gradients = tape.gradient(loss, variables)
        pairs = {pairs}{mark}
        optimizer.apply_gradients(pairs)
    """
    short = pairs.format(zip="zip(gradients, encoder.trainable_variables)")
    assert_findings(text.format(pairs=short, mark="  # GP404"))
    assert_silent(text.format(pairs=pairs.format(zip="zip(gradients, variables)"), mark=""))
