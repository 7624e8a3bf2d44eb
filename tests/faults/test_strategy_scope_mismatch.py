"""Edge cases of strategy-scope-mismatch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash
from gradproof.faults.strategy_scope_mismatch import prove
from records import at, healthy, proven, with_apply
from snippets import assert_findings, assert_silent

MIXED = "Mixing different tf.distribute.Strategy objects: <a> is not <b>"


def test_optimizer_outside():
    """The optimizer that was made outside the scope is the cause."""
    run = with_apply(healthy(), error=f"RuntimeError: {MIXED}", counted=0)
    run = replace(run, crash=Crash("RuntimeError", MIXED, (at(6),)), steps=(), counted=0)
    assert proven(run) == [("GP415", 1)]


@pytest.mark.parametrize(
    "message",
    [
        (
            "`colocate_vars_with` must only be passed a variable created in this"
            " tf.distribute.Strategy.scope(), not: <tf.Variable>"
        ),
        'Need to be inside "with strategy.scope()" for <MirroredStrategy>',
        "DistributedVariable.handle is not available outside the replica context or a",
        "Variable (<tf.Variable 'k'>) was not created in the distribution strategy scope of (<s>)",
    ],
)
def test_refused(message: str):
    """What is not the optimizer's doing is named where it was refused."""
    run = replace(healthy(), crash=Crash("ValueError", message, (at(6),)))
    assert [finding.place for finding in prove(run)] == [at(6)]


def test_merge_call():
    """A condition around the apply call is another fault."""
    message = "in cross-replica context, use get_replica_context().merge_call() instead"
    assert not list(prove(replace(healthy(), crash=Crash("RuntimeError", message, (at(6),)))))


PROGRAM = """
strategy = tf.distribute.{kind}()
{before}
with strategy.scope():
    {within}


def update(x, y):
    with tf.GradientTape() as tape:
        loss = tf.nn.compute_average_loss(tf.reduce_mean(tf.square(net(x) - y), axis=-1))
    gradients = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(gradients, net.trainable_variables))


@tf.function
def distributed(x, y):
    strategy.run(update, args=(x, y))


for _ in range(3):
    distributed(x, y)
"""
NET = "net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])"
ADAM = "adam = keras.optimizers.Adam()"


def program(before: str, within: str, kind: str = "MirroredStrategy") -> str:
    """What is made before the scope, and in it."""
    return PROGRAM.format(before=before, within=within, kind=kind)


@pytest.mark.parametrize("keras", ["3", "2"])
def test_model_outside_in_source(keras: str):
    """The model has its variables before the scope is entered."""
    mark = "net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])  # GP415"
    assert_findings(program(mark, ADAM), keras=keras)


def test_optimizer_outside_in_source():
    """Keras 3 refuses slots made for another strategy; tf-keras takes them."""
    assert_findings(program(ADAM + "  # GP415", NET), keras="3")
    assert_silent(program(ADAM, NET), keras="2")
    assert_silent(program("adam = keras.optimizers.SGD(0.1)", NET), keras="3")


def test_right_in_source():
    """All inside; variables that come to be inside; one device; a scope nobody sees."""
    assert_silent(program("", NET + "\n    " + ADAM))
    lazy = "net = keras.Sequential([keras.layers.Dense(4)])"
    assert_silent(program(lazy, "net.build((None, 4))\n    " + ADAM))
    assert_silent(program(NET, ADAM, "OneDeviceStrategy").replace("()", '("CPU:0")', 1))
    assert_silent("tf.distribute.experimental_set_strategy(None)\n" + program(NET, ADAM))


def test_made_by_functions():
    """A function that makes the model is called in the scope."""
    made = f"def build():\n    {NET}\n    return net\n"
    assert_silent(program(made, "net = build()\n    " + ADAM))


def test_made_by_a_function_outside():
    """The call is the place: what it calls may serve both inside and outside."""
    made = f"def build():\n    {NET}\n    return net\nnet = build()  # GP415"
    assert_findings(program(made, ADAM))
