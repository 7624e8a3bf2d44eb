"""Losses and last layers."""

from __future__ import annotations

from dataclasses import replace

from gradproof.fault import Verdict
from gradproof.faults.logits_mismatch import settle
from gradproof.finding import Finding
from records import (
    ADD,
    MATMUL,
    READ_BIAS,
    SQUARE,
    SUB,
    TANH,
    Y,
    at,
    healthy,
    operation,
    proven,
    with_operations,
)
from snippets import assert_findings, assert_silent


def test_softmax_twice():
    """A softmax that Keras can't see behind, and the flag."""
    assert_findings(
        """
        loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # GP702
        with tf.GradientTape() as tape:
            shares = tf.reshape(tf.nn.softmax(model(x)), (8, 4))
            loss = loss_function(labels, shares)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_probabilities():
    """A softmax layer and a loss without the flag agree."""
    assert_silent(
        """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
        loss_function = keras.losses.SparseCategoricalCrossentropy()
        with tf.GradientTape() as tape:
            loss = loss_function(labels, net(x))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_metric_beside():
    """A softmax for a metric does not reach the loss."""
    assert_silent(
        """
        loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        with tf.GradientTape() as tape:
            scores = model(x)
            loss = loss_function(labels, scores)
        print(tf.nn.softmax(scores))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """A softmax goes into a loss that applies its own."""
    run = with_operations(
        healthy(),
        operation(SUB, "Softmax", (ADD,), line=3),
        operation(SQUARE, "SoftmaxCrossEntropyWithLogits", (SUB, Y)),
    )
    assert proven(run) == [("GP702", 4)]


def test_raw_scores_proven():
    """A linear layer goes into the clip of a loss of probabilities."""
    via = ("__call__", "sparse_categorical_crossentropy", "minimum")
    run = with_operations(
        healthy(),
        operation(TANH, "BiasAdd", (MATMUL,), line=3),
        operation(ADD, "Minimum", (TANH, READ_BIAS), via=via),
    )
    assert proven(run) == [("GP702", 4)]


def test_log_softmax_is_harmless():
    """A softmax over log-probabilities gives the probabilities again."""
    run = with_operations(
        healthy(),
        operation(SUB, "LogSoftmax", (ADD,), line=3),
        operation(SQUARE, "SoftmaxCrossEntropyWithLogits", (SUB, Y)),
    )
    assert proven(run) == []


def test_a_product_with_a_variable():
    """What a hand-made linear model gives are logits, until an activation follows."""
    assert_findings(
        """
        weights, bias = tf.Variable(tf.zeros((4, 1))), tf.Variable(tf.zeros((1,)))
        with tf.GradientTape() as tape:
            logits = tf.matmul(x, weights) + bias
            loss = tf.reduce_mean(keras.losses.binary_crossentropy(y, logits))  # GP702
            right = tf.reduce_mean(keras.losses.binary_crossentropy(y, tf.sigmoid(logits)))
            squashed = 0.5 * (1.0 + tf.tanh(logits))
            also_right = tf.reduce_mean(keras.losses.binary_crossentropy(y, squashed))
            total = loss + right + also_right
        gradients = tape.gradient(total, [weights, bias])
        optimizer.apply_gradients(zip(gradients, [weights, bias]))
        """
    )


SUSPECTED = Finding("`mean` expects logits", place=at(4), label="expects logits")


def test_logits_that_keras_found():
    """The loss gets what stood before the softmax: nothing is applied twice."""
    run = with_operations(
        healthy(), operation(SQUARE, "SoftmaxCrossEntropyWithLogits", (SUB, Y), line=4)
    )
    assert settle(SUSPECTED, run) is Verdict.CLEARED
    assert settle(replace(SUSPECTED, place=at(9)), run) is None
    assert settle(replace(SUSPECTED, label="expects probabilities"), run) is None


def test_probabilities_that_stay():
    """A softmax before the loss of logits, as the source said."""
    run = with_operations(
        healthy(),
        operation(SUB, "Softmax", (ADD,), line=3),
        operation(SQUARE, "SoftmaxCrossEntropyWithLogits", (SUB, Y), line=4),
    )
    assert settle(SUSPECTED, run) is None
