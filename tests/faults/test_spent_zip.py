"""Iterators of pairs that were read before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.faults.spent_zip import settle
from gradproof.finding import Finding
from gradproof.watching.tensorflow.pairs import Replay
from records import at, healthy, proven, with_apply
from snippets import assert_findings, assert_silent


def test_by_a_list():
    """`list` reads the iterator to its end."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        pairs = zip(gradients, model.trainable_variables)  # GP405
        print(len(list(pairs)))
        optimizer.apply_gradients(pairs)
        """
    )


def test_by_a_loop():
    """So does a loop."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        pairs = zip(gradients, model.trainable_variables)  # GP405
        for gradient, variable in pairs:
            print(variable.name, float(tf.norm(gradient)))
        optimizer.apply_gradients(pairs)
        """
    )


BY_HAND = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        pairs = MADE
        norms = [tf.norm(gradient) for gradient, _ in pairs]
        UPDATE
        """
LOOP = """for gradient, variable in pairs:
            variable.assign_sub(0.1 * gradient)"""


@pytest.mark.parametrize("update", [LOOP, "optimizer.apply_gradients(pairs)"])
@pytest.mark.parametrize("made", ["zip({})", "((g, v) for g, v in zip({}))"])
def test_by_a_comprehension(update: str, made: str):
    """What walks them afterwards, a loop or an optimizer, finds nothing."""
    made = made.format("gradients, model.trainable_variables")
    text = BY_HAND.replace("UPDATE", update)
    assert_findings(text.replace("MADE", f"{made}  # GP405"))
    assert_silent(text.replace("MADE", f"list({made})"))


def test_gradients_that_nothing_used():
    """Where gradients were taken and nothing moved, a run bears out what the source shows."""
    suspicion = Finding("an iterator", place=at(6))
    idle = replace(healthy(), applies=(), steps=())
    settled = settle(suspicion, idle)
    assert settled is not None
    assert settled.variables == ("dense/kernel", "dense/bias")
    assert settle(suspicion, healthy()) is None


def test_a_list_of_pairs():
    """A list can be read again."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        pairs = list(zip(gradients, model.trainable_variables))
        print(len(pairs), [float(tf.norm(gradient)) for gradient, _ in pairs])
        optimizer.apply_gradients(pairs)
        """
    )


def test_mapped_pairs():
    """A new list made from the pairs is fresh."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        pairs = zip(gradients, model.trainable_variables)
        pairs = [(tf.clip_by_norm(gradient, 1.0), variable) for gradient, variable in pairs]
        optimizer.apply_gradients(pairs)
        """
    )


def test_proven():
    """The optimizer found nothing in the iterator."""
    run = with_apply(healthy(), pairs=(), given="spent")
    assert proven(replace(run, steps=())) == [("GP405", 6)]


def used_up(pairs):
    """An iterator that somebody has walked."""
    list(pairs)
    return pairs


@pytest.mark.parametrize(
    ("pairs", "spent"),
    [
        (used_up(zip([1], [2], strict=True)), True),
        (used_up(pair for pair in [(1, 2)]), True),
        (zip([1], [2], strict=True), False),
        ((pair for pair in [(None, 2)] if pair[0] is not None), False),
        (filter(lambda pair: pair[0] is not None, [(None, 2)]), False),
    ],
)
def test_sifted_out_is_not_used_up(pairs, spent):
    """A fresh generator that lets no pair pass was not read by anybody before."""
    assert Replay(pairs).spent is spent


def test_a_generator_of_the_program_that_was_walked():
    """Pairs that a function yields are met once, by whoever comes first."""
    text = """
        def clipped(gradients, variables):
            for gradient, variable in zip(gradients, variables):
                yield tf.clip_by_norm(gradient, 1.0), variable

        def describe(pairs):
            return [float(tf.norm(gradient)) for gradient, _ in pairs]

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            pairs = {pairs}
            describe(pairs)
            optimizer.apply_gradients(pairs)
    """
    made = "clipped(gradients, model.trainable_variables)"
    assert_findings(text.format(pairs=f"{made}  # GP405"))
    assert_silent(text.format(pairs=f"list({made})"))


SIFTED = """
class Split:
    def __init__(self, inner):
        self.inner = inner

    def apply_gradients(self, pairs):
        {before}
        signed = [(g, v) for g, v in pairs if len(v.shape) > 1]
        plain = [(g, v) for g, v in {second} if len(v.shape) < 2]{mark}
        for g, v in signed:
            v.assign_sub(0.01 * tf.sign(g))
        if plain:
            self.inner.apply_gradients(plain)

split = Split(keras.optimizers.Adam(0.01))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, model.trainable_variables)
split.apply_gradients({given})
"""
PAIRS = "zip(gradients, model.trainable_variables)"


def test_pairs_that_are_sifted_twice():
    """The first comprehension leaves nothing for the second."""
    bad = SIFTED.format(before="pass", second="pairs", mark="  # GP405", given=PAIRS)
    assert_findings(bad)


@pytest.mark.parametrize(
    ("before", "second", "given"),
    [
        ("pairs = list(pairs)", "pairs", PAIRS),
        ("pass", "pairs", f"list({PAIRS})"),
        ("pairs, others = itertools.tee(pairs)", "others", PAIRS),
        ("if self.inner is None:\n            return [g for g, _ in pairs]", "list(pairs)", PAIRS),
    ],
)
def test_pairs_that_are_kept(before: str, second: str, given: str):
    """A list can be sifted as often as one likes, and one branch alone uses up its own."""
    text = SIFTED.format(before=before, second=second, mark="", given=given)
    if second == "list(pairs)":
        text = text.replace("for g, v in pairs if", "for g, v in () if")
    assert_silent("import itertools\n" + text)
