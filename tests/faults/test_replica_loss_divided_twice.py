"""Edge cases of replica-loss-divided-twice."""

from __future__ import annotations

import pytest

from gradproof.faults.replica_loss_divided_twice import prove
from records import replicated
from snippets import assert_findings, assert_silent


def test_divided_by_the_loss_object_and_again():
    """A mean times a quarter, under two replicas, is half of what it should be."""
    (found,) = prove(replicated("Mean", 0.25))
    assert "2 times too small" in found.message
    assert found.variables == ("dense/kernel", "dense/bias")


@pytest.mark.parametrize(
    "run",
    [
        replicated("Mean", 0.5),
        replicated("Mean", 1.0),
        replicated("Mean", 0.3),
        replicated("Sum", 1 / 16),
        replicated("Sum", 1 / 64),
        replicated("Mean", 0.25, replicas=1),
    ],
    ids=["once", "not at all", "another factor", "global batch", "unknown batch", "one replica"],
)
def test_other_factors(run):
    """What is divided once, or by a number of its own, is left alone."""
    assert list(prove(run)) == []


def test_a_sum_over_too_much():
    """A sum over 8 examples a replica divided by 32, twice the global batch."""
    (found,) = prove(replicated("Sum", 1 / 32))
    assert found.evidence == {"replicas": 2}


STRATEGY = """
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    chosen = keras.optimizers.SGD(0.01)
    measure = keras.losses.MeanSquaredError({options})

def replica_step(a, b, flag):
    with tf.GradientTape() as tape:
        loss = {loss}
    gradients = tape.gradient(loss, net.trainable_variables)
    {apply}

@tf.function
def step(a, b):
    strategy.run(replica_step, args=(a, b, True))

step(x, y)
"""

APPLY = "chosen.apply_gradients(zip(gradients, net.trainable_variables))"


def test_found_in_a_replica():
    """A loss object's mean, divided by the number of replicas."""
    loss = "measure(b, net(a)) / strategy.num_replicas_in_sync  # GP512"
    assert_findings(STRATEGY.format(options="", loss=loss, apply=APPLY))


def test_silent_when_divided_once():
    """As it is; a sum that is divided; tf-keras, whose loss objects do not divide."""
    assert_silent(STRATEGY.format(options="", loss="measure(b, net(a))", apply=APPLY))
    loss = "measure(b, net(a)) / strategy.num_replicas_in_sync"
    summed = 'reduction="sum"'
    assert_silent(STRATEGY.format(options=summed, loss=loss, apply=APPLY))
    assert_silent(STRATEGY.format(options="", loss=loss, apply=APPLY), keras="2")


def test_multiplied_by_a_share():
    """`* (1.0 / replicas)` divides as well; another share does not."""
    loss = "(1.0 / strategy.num_replicas_in_sync) * measure(b, net(a))  # GP512"
    assert_findings(STRATEGY.format(options="", loss=loss, apply=APPLY))
    loss = "measure(b, net(a)) * (1.0 / 3.0) * strategy.num_replicas_in_sync"
    assert_silent(STRATEGY.format(options="", loss=loss, apply=APPLY))
