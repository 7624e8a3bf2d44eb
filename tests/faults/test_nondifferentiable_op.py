"""Operations without a derivative."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.dead_terms import dead_terms
from gradproof.evidence.gradients import Target
from gradproof.evidence.run import Crash
from gradproof.faults.nondifferentiable_op import prove
from records import (
    KERNEL,
    MATMUL,
    MEAN,
    SUB,
    TANH,
    X,
    at,
    healthy,
    operation,
    proven,
    unconnected,
    with_call,
    with_operations,
    with_updates,
)
from snippets import assert_findings, assert_silent


def test_threshold():
    """A comparison cut to numbers has no slope."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            hits = tf.cast(model(x) > 0.5, tf.float32)  # GP203
            loss = tf.reduce_mean(tf.square(hits - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_argmax():
    """The index of the largest score says nothing about the scores."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            chosen = tf.argmax(model(x), axis=1)  # GP203
            loss = tf.reduce_mean(tf.cast(chosen, tf.float32))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_metric():
    """An accuracy beside the loss needs no gradient."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            scores = model(x)
            loss = tf.reduce_mean(tf.square(scores - y))
            accuracy = tf.reduce_mean(tf.cast(tf.argmax(scores, axis=1) == tf.argmax(y, axis=1), tf.float32))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_mask():
    """A mask that chooses among values leaves the values their path."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            error = model(x) - y
            mask = tf.cast(tf.abs(error) > 0.1, tf.float32)
            loss = tf.reduce_mean(mask * tf.square(error))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_gathered():
    """Values gathered by an index keep their path."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            scores = model(x)
            best = tf.gather(scores, tf.argmax(scores, axis=1), axis=1, batch_dims=1)
            loss = -tf.reduce_mean(best)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """A round stands on the only way from the kernel to the target."""
    run = unconnected(healthy(), KERNEL)
    run = with_operations(run, operation(TANH, "Round", (MATMUL,), line=3))
    assert proven(run) == [("GP203", 3)]


def test_sign_gives_zeros():
    """The gradient through a sign is a tensor of zeros."""
    run = with_updates(healthy(), KERNEL, gradient_norm=0.0, change_norm=0.0, along=None)
    run = with_operations(run, operation(TANH, "Sign", (MATMUL,), line=3))
    assert proven(run) == [("GP203", 3)]


@pytest.mark.parametrize(
    ("ops", "found"),
    [
        ({}, True),
        ({15: ("Shape", (TANH,))}, False),
        ({15: ("StopGradient", (TANH,))}, False),
        ({15: ("Greater", (X, 14))}, False),
        ({17: ("Mul", (16, SUB))}, False),
        ({19: ("Identity", (18,))}, False),
    ],
    ids=["counted", "its size", "stopped", "of data", "a mask of what trains", "the only term"],
)
def test_a_term_that_only_counts(ops, found):
    """`error + mean(cast(output > 0.5))`: the second term has no gradient, the first one has."""
    term = {
        14: ("External", ()),
        15: ("Greater", (TANH, 14)),
        16: ("Cast", (15,)),
        17: ("Identity", (16,)),
        18: ("Mean", (17,)),
        19: ("AddV2", (MEAN, 18)),
        **ops,
    }
    run = with_operations(
        healthy(),
        operation(12, "External", taped=False),
        operation(13, "External", taped=False),
        *(
            operation(index, kind, inputs, line=index, shape=() if index > 17 else (8, 4))
            for index, (kind, inputs) in term.items()
        ),
    )
    run = with_call(run, at=20, targets=(Target(19),))
    terms = list(dead_terms(run))
    names = [run.path(key) for term in terms for key in term.variables]
    assert names == ["dense/kernel"] * found
    messages = [one.message for one in prove(run) if one.place == at(15)]
    assert not found or "one term of the target" in messages[0]


def test_a_term_of_counts_in_source():
    """A term that counts moves nothing; counts that weigh another term, or sizes, are right."""
    text = """
        for _ in range(3):
            with tf.GradientTape() as tape:
                output = model(x)
                count = tf.cast({counted}, tf.float32){mark}
                loss = tf.reduce_mean(tf.square(output - y)) {joined} tf.reduce_mean(count)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    mark = "  # GP203"
    assert_findings(text.format(counted="output > 0.5", joined="+ 0.1 *", mark=mark))
    assert_findings(text.format(counted="output > 0.5", joined="-", mark=mark))
    assert_silent(text.format(counted="output > 0.5", joined="*", mark=""))
    assert_silent(text.format(counted="tf.shape(output)[0]", joined="+ 0.1 *", mark=""))


def test_rows_of_an_embedding():
    """What is looked up has no way to the places: they were made integers before."""
    text = """
        class Bucket(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.place, self.table = keras.layers.Dense(1), keras.layers.Embedding(10, 4)

            def call(self, inputs):
                places = {places}
                return tf.squeeze(self.table(places), 1){added}

        net = keras.Sequential([keras.Input((4,)), Bucket(), keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """
    places = "tf.cast(self.place(inputs), tf.int32)"
    assert_findings(text.format(places=f"{places}  # GP203", added=""))
    assert_silent(text.format(places=places, added=" * self.place(inputs)"))


@pytest.mark.parametrize("name", ["binary_accuracy", "categorical_accuracy"])
def test_an_accuracy_of_keras(name):
    """It counts; beside the loss that is as it should be."""
    text = """
        for _ in range(3):
            with tf.GradientTape() as tape:
                out = model(x)
                hits = tf.reduce_mean(keras.metrics.{name}(y, out)){mark}
                loss = {loss}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            print(hits)
    """
    assert_findings(text.format(name=name, loss="1.0 - hits", mark="  # GP203"))
    assert_silent(text.format(name=name, loss="tf.reduce_mean(tf.square(out - y))", mark=""))


@pytest.mark.parametrize(
    ("kind", "message", "found"),
    [
        ("LookupError", "gradient registry has no entry for: RandomPoissonV2", [("GP203", 3)]),
        ("LookupError", "No gradient defined for 'op' (op type: RandomPoissonV2).", [("GP203", 3)]),
        ("LookupError", "gradient registry has no entry for: IteratorGetNext", []),
        ("KeyError", "RandomPoissonV2", []),
    ],
)
def test_an_operation_that_nobody_registered(kind: str, message: str, found: list[object]):
    """TensorFlow raises instead of giving None, and names the kind of operation."""
    run = with_operations(healthy(), operation(TANH, "RandomPoissonV2", (MATMUL,), line=3))
    run = replace(run, crash=Crash(kind, message, (at(5),)))
    assert [(one, line) for one, line in proven(run) if one == "GP203"] == found
