"""Losses and last layers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.diagnose import diagnose
from gradproof.evidence.gradients import Target
from gradproof.evidence.run import Run
from gradproof.fault import Verdict
from gradproof.faults import FAULTS
from gradproof.faults.logits_mismatch import settle
from gradproof.finding import Finding
from records import (
    ADD,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    MATMUL,
    MEAN,
    READ_BIAS,
    SQUARE,
    SUB,
    TANH,
    Y,
    at,
    healthy,
    operation,
    proven,
    with_call,
    with_operations,
    with_updates,
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


def test_a_sigmoid_before_a_loss_that_has_its_own():
    """The loss is several operations; one of them asks of the logits alone."""
    via = ("binary_crossentropy", "sigmoid_cross_entropy_with_logits")
    run = with_operations(
        healthy(),
        operation(SUB, "Sigmoid", (ADD,), line=3),
        operation(SQUARE, "Neg", (SUB,), via=via),
    )
    assert proven(run) == [("GP702", 4)]


def stable(before: str) -> Run:
    """The loss as a graph holds it: `log1p(exp(-abs(logits)))` written with a choice."""
    shape = (8, 1)
    return with_operations(
        healthy(),
        operation(ADD, before, (TANH,), line=3, shape=shape),
        operation(Y, "GreaterEqual", (ADD, READ_BIAS), shape=shape, dtype="bool"),
        operation(SUB, "Neg", (ADD,), shape=shape),
        operation(SQUARE, "SelectV2", (Y, SUB, ADD), shape=shape),
        operation(MEAN, "Exp", (SQUARE,), shape=shape),
        operation(KERNEL_GRADIENT, "Log1p", (MEAN,), shape=shape),
        operation(BIAS_GRADIENT, "Mean", (KERNEL_GRADIENT,), shape=()),
    )


def test_a_sigmoid_before_a_loss_in_a_graph():
    """A graph tells nothing of the function that wrote these operations."""
    for before, faults in (("Sigmoid", [("GP702", 4)]), ("Identity", [])):
        run = with_call(stable(before), targets=(Target(BIAS_GRADIENT),), at=BIAS_GRADIENT + 1)
        assert proven(run) == faults


def test_labels_may_be_a_sigmoid():
    """Scores are taught their own probabilities: an entropy, not a mismatch."""
    via = ("sigmoid_cross_entropy_with_logits",)
    run = with_operations(
        healthy(),
        operation(SUB, "Sigmoid", (ADD,), line=3),
        operation(SQUARE, "Mul", (ADD, SUB), via=via),
    )
    assert proven(run) == []


def test_shares_before_a_log_softmax():
    """Connectionist temporal classification takes logits, step by step."""
    run = with_operations(
        healthy(),
        operation(SUB, "Softmax", (ADD,), line=3),
        operation(SQUARE, "LogSoftmax", (SUB,), via=("ctc_loss_dense",)),
    )
    assert proven(run) == [("GP702", 4)]


def test_softmax_layer_before_ctc():
    """The name of the argument says what it takes."""
    assert_findings(
        """
        net = keras.Sequential([keras.Input((8, 4)), keras.layers.Dense(6, activation="softmax")])
        with tf.GradientTape() as tape:
            shares = net(x)
            each = tf.nn.ctc_loss(labels, shares, sizes, lengths, logits_time_major=False)  # GP702
            loss = tf.reduce_mean(each)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_shares_that_are_stacked():
    """One softmax a step of a sequence, put together for the loss."""
    run = with_operations(
        healthy(),
        operation(ADD, "Softmax", (TANH,), line=3),
        operation(SUB, "Pack", (ADD, ADD)),
        operation(SQUARE, "SparseSoftmaxCrossEntropyWithLogits", (SUB, Y)),
    )
    assert proven(run) == [("GP702", 4)]


def test_named_outputs():
    """Outputs of a functional model that has names for them."""
    assert_findings(
        """
        inputs = keras.Input((4,))
        hidden = keras.layers.Dense(8, activation="relu")(inputs)
        kind = keras.layers.Dense(3, activation="softmax")(hidden)
        net = keras.Model(inputs, {"kind": kind, "price": keras.layers.Dense(1)(hidden)})
        cross = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # GP702
        with tf.GradientTape() as tape:
            outputs = net(x)
            loss = cross(labels, outputs["kind"]) + tf.reduce_mean(outputs["price"] ** 2)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_steps_put_together():
    """A list of shares, one a step, that `tf.stack` makes one tensor of."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            steps = []
            for t in range(3):
                steps.append(tf.nn.softmax(model(x)))
            shares = tf.stack(steps, 1)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, shares)  # GP702
            loss = tf.reduce_mean(each)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_a_temperature_between_the_two():
    """Probabilities that are divided by one number are no logits, and a table of weights is."""
    run = with_operations(
        healthy(),
        operation(ADD, "Softmax", (TANH,), line=3),
        operation(Y, "Const", shape=(), value=3.0),
        operation(SUB, "RealDiv", (ADD, Y), line=3),
        operation(SQUARE, "SoftmaxCrossEntropyWithLogits", (SUB, Y)),
    )
    assert proven(run) == [("GP702", 4)]
    many = with_operations(run, operation(Y, "ReadVariableOp", shape=(8, 1)))
    assert proven(many) == []


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (operation(15, "ClipByValue", (14, Y, Y), line=3), [("GP702", 4)]),
        (operation(15, "Maximum", (14, Y), line=3), [("GP702", 4)]),
        (operation(15, "Log", (14,), line=3), []),
        (operation(15, "Sub", (14, Y), line=3), []),
        (operation(15, "AddV2", (14, TANH), line=3), []),
    ],
    ids=["clipped", "from below", "their logarithm", "centred", "with other scores"],
)
def test_smoothed_probabilities(last, found):
    """Smoothed and clipped they are probabilities still; their logarithms are logits."""
    run = with_operations(
        healthy(),
        operation(ADD, "Softmax", (TANH,), line=3),
        operation(Y, "External", shape=(), value=0.05),
        operation(12, "External", shape=(), value=0.95),
        operation(13, "Mul", (12, ADD), line=3),
        operation(14, "AddV2", (13, Y), line=3),
        last,
        operation(16, "SoftmaxCrossEntropyWithLogits", (15, Y)),
        operation(17, "Mean", (16,), shape=()),
    )
    run = with_call(run, targets=(Target(17),), at=18)
    assert proven(run) == found


def test_the_logarithm_of_a_softmax_of_probabilities():
    """`log_softmax` takes logits, in a likelihood by hand as in a loss."""
    text = """
        policy = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4{last})])
        for _ in range(3):
            with tf.GradientTape() as tape:
                logp = tf.nn.log_softmax(policy(x)){mark}
                loss = -tf.reduce_mean(tf.gather(logp, [0, 1, 2, 3, 0, 1, 2, 3], batch_dims=1))
            gradients = tape.gradient(loss, policy.trainable_variables)
            optimizer.apply_gradients(zip(gradients, policy.trainable_variables))
    """
    assert_findings(text.format(last=', activation="softmax"', mark="  # GP702"))
    assert_silent(text.format(last="", mark=""))


def test_scores_for_a_divergence():
    """A divergence compares distributions, and has no flag for logits."""
    text = """
        divergence = keras.losses.KLDivergence()
        with tf.GradientTape() as tape:
            scores = model(x) / 2.0
            loss = divergence(tf.nn.softmax(y), {given}){mark}
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(text.format(given="scores", mark="  # GP702"))
    assert_silent(text.format(given="tf.nn.softmax(scores)", mark=""))


@pytest.mark.parametrize("loss", ["CategoricalCrossentropy()", "KLDivergence()"])
def test_logarithms_for_probabilities(loss: str):
    """What ends in `log_softmax` is never above 0; its exponential is what the loss expects."""
    step = """
        loss_function = keras.losses.{loss}{made}
        with tf.GradientTape() as tape:
            logs = tf.nn.log_softmax(model(x))
            loss = loss_function(shares, {given}){mark}
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    marks = ("", "  # GP702") if loss.startswith("KL") else ("  # GP702", "")
    assert_findings(step.format(loss=loss, given="logs", made=marks[0], mark=marks[1]))
    assert_silent(step.format(loss=loss, given="tf.exp(logs)", made="", mark=""))


def test_a_loss_by_its_name():
    """`keras.losses.get` gives the function of that name, or what it was given."""
    text = """
        import keras
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4{last})])
        loss_function = keras.losses.get({loss})
        with tf.GradientTape() as tape:
            loss = loss_function(y, net(x)){mark}
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """
    softmax = ', activation="softmax"'
    named, made = '"categorical_crossentropy"', "keras.losses.CategoricalCrossentropy()"
    assert_findings(text.format(last="", loss=named, mark="  # GP702"))
    assert_findings(text.format(last="", loss=f"{made})  # GP702\n        (0", mark=""))
    for loss in (named, made):
        assert_silent(text.format(last=softmax, loss=loss, mark=""))
    assert_silent(text.format(last="", loss='"mse"', mark=""))


def test_logarithms_are_logits():
    """A softmax over log-probabilities gives the probabilities again."""
    assert_silent(
        """
        loss_function = keras.losses.CategoricalCrossentropy(from_logits=True)
        with tf.GradientTape() as tape:
            loss = loss_function(shares, tf.nn.log_softmax(model(x)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_logarithms_for_probabilities_proven():
    """The clip of a loss of probabilities makes one number of them all."""
    via = ("__call__", "sparse_categorical_crossentropy", "minimum")
    run = with_operations(
        healthy(),
        operation(TANH, "LogSoftmax", (MATMUL,), line=3),
        operation(ADD, "Minimum", (TANH, READ_BIAS), via=via),
    )
    assert proven(run) == [("GP702", 4)]


def test_a_clip_that_zeroes_belongs_to_the_mismatch():
    """That the gradient is zero behind the clip needs no other explanation."""
    via = ("__call__", "sparse_categorical_crossentropy", "minimum")
    run = with_operations(
        healthy(),
        operation(TANH, "LogSoftmax", (MATMUL,), line=3),
        operation(ADD, "Minimum", (TANH, READ_BIAS), via=via),
    )
    flat = with_updates(run, KERNEL, gradient_norm=0.0, change_norm=0.0, along=None)
    (found,) = diagnose(FAULTS, [], flat)
    assert found.fault.code == "GP702"
    assert [one.fault.code for one in found.consequences] == ["GP302"]
