"""Edge cases of duplicate-variable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.diagnose import diagnose
from gradproof.evidence.applies import Pair
from gradproof.fault import Verdict
from gradproof.faults import FAULTS
from gradproof.faults.duplicate_variable import prove, settle
from gradproof.finding import Finding, Related
from gradproof.source import read
from records import BIAS, BIAS_GRADIENT, KERNEL, at, healthy, with_apply
from snippets import assert_findings, assert_silent

STEP = """
variables = {variables}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
gradients = tape.gradient(loss, variables)
optimizer.apply_gradients(zip(gradients, variables))
"""


@pytest.mark.parametrize(
    "variables",
    [
        "model.trainable_variables + encoder.trainable_variables",
        (
            "[*encoder.trainable_variables, *decoder.trainable_variables,"
            " *encoder.trainable_variables]"
        ),
    ],
)
def test_twice(variables: str):
    """A part beside the whole, or a list joined twice."""
    assert_findings(STEP.format(variables=variables + "  # GP110"))


@pytest.mark.parametrize(
    "variables",
    [
        "model.trainable_variables",
        "encoder.trainable_variables + decoder.trainable_variables",
        (
            "list({id(v): v for v in model.trainable_variables + encoder.trainable_variables}"
            ".values())"
        ),
    ],
)
def test_once(variables: str):
    """Lists apart, or made unique."""
    assert_silent(STEP.format(variables=variables))


def test_the_same_pair_twice():
    """The kernel stands twice among the pairs, with gradients of one call."""
    run = healthy()
    pairs = run.applies[0].pairs
    (found,) = prove(with_apply(run, pairs=(*pairs, pairs[0])))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel",)
    assert "2 times among the 3 pairs" in found.message


def test_gradients_of_two_calls():
    """Two losses, and a gradient of each for the kernel."""
    run = healthy()
    other = Pair(KERNEL, taken_for=frozenset({KERNEL}), call=2, name="dense/kernel")
    assert not list(prove(with_apply(run, pairs=(*run.applies[0].pairs, other))))
    assert not list(prove(run))


def test_a_list_that_is_filled_later():
    """The place is where it is applied; the empty list tells nothing."""
    assert_findings("""
        variables = []
        variables += encoder.trainable_variables
        variables += decoder.trainable_variables
        variables += encoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))  # GP110
    """)


def test_a_list_that_asks_before_it_grows():
    """Each variable once, by a set of those that were seen."""
    assert_silent(
        """
        shared = keras.Sequential([encoder, keras.layers.Dense(2)])
        other = keras.Sequential([encoder, keras.layers.Dense(2)])
        shared.build((None, 4))
        other.build((None, 4))
        seen, variables = set(), []
        for variable in shared.trainable_variables + other.trainable_variables:
            if id(variable) not in seen:
                seen.add(id(variable))
                variables.append(variable)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(shared(x) ** 2) + tf.reduce_mean(other(x) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        """
    )


def test_a_module_with_lists_of_its_own():
    """`weights` of a `tf.Module` is what the class says, not all of its variables."""
    assert_silent(
        """
        class Net(tf.Module):
            def __init__(self):
                super().__init__()
                self.weights = [tf.Variable(tf.ones((4, 4)))]
                self.biases = [tf.Variable(tf.zeros((4,)))]

            def __call__(self, inputs):
                return inputs @ self.weights[0] + self.biases[0]

        net = Net()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, net.weights + net.biases)
        optimizer.apply_gradients(zip(gradients, net.weights + net.biases))
        """
    )


BY_HAND = """
table = tf.Variable(tf.zeros((4, 4)))
first, second = tf.Variable(tf.zeros((4, 4))), tf.Variable(tf.zeros((4, 4)))
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ table @ first - x @ table @ second - y))
    weights = {weights}
    for weight, gradient in zip(weights, tape.gradient(loss, weights)):
        weight.assign_sub(0.1 * gradient)
"""


def test_weights_of_one_layer_by_their_names():
    """`kernel` and `bias` of one layer are two variables."""
    assert_silent(
        """
        layer = keras.layers.Dense(1)
        layer.build((None, 4))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(x) - y))
        gradients = tape.gradient(loss, [layer.kernel, layer.bias])
        optimizer.apply_gradients(zip(gradients, [layer.kernel, layer.bias]))
        """
    )


def test_moved_by_hand():
    """A loop over pairs moves what stands twice in its list twice."""
    assert_findings(BY_HAND.format(weights="[table, first] + [table, second]  # GP110"))
    assert_silent(BY_HAND.format(weights="[table, first] + [second]"))


def test_an_old_gradient_is_no_second_fault():
    """The second move by hand looks like one along the gradient of an earlier step."""
    run = healthy()
    pair = Pair(BIAS, taken_for=frozenset({BIAS}), name="dense/bias", handed=BIAS_GRADIENT)
    hand = replace(run.applies[0], by="assign_sub", optimizer=None, pairs=(pair,))
    run = replace(run, applies=(hand, replace(hand, key=2)))
    text = (
        "import tensorflow as tf\n\n"
        'bias, rest = tf.Variable([0.0], name="bias"), tf.Variable([0.0], name="rest")\n'
        "for _ in range(9):\n"
        "    with tf.GradientTape() as tape:\n"
        "        loss = tf.reduce_mean((bias + rest - 1.0) ** 2)\n"
        "    both = [bias, rest] + [bias]\n"
        "    for one, gradient in zip(both, tape.gradient(loss, both)):\n"
        "        one.assign_sub(0.1 * gradient)\n"
    )
    found = [one.fault.name for one in diagnose(FAULTS, [read(text, "snippet.py", "3")], run)]
    assert "duplicate-variable" in found
    assert "stale-gradient" not in found


def test_a_run_clears_what_source_suspects():
    """Each variable came once where the list was applied; elsewhere nothing is known."""
    run = healthy()
    (apply,) = run.applies
    assert apply.place is not None
    listed = Finding("suspected", place=at(1), related=(Related(apply.place, "applied here"),))
    assert settle(listed, run) is Verdict.CLEARED
    assert settle(Finding("suspected", place=at(1)), run) is None
    twice = with_apply(run, pairs=(*apply.pairs, apply.pairs[0]))
    assert settle(listed, twice) is None
