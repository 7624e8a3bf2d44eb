"""Edge cases of replica-loss-scale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.fault import Verdict
from gradproof.faults.replica_loss_scale import prove, settle
from gradproof.finding import Finding
from records import at, grown, healthy, proven, replicated
from snippets import assert_findings, assert_silent

STEP = """
strategy = tf.distribute.MirroredStrategy()
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    adam = keras.optimizers.Adam()


def replica_step(batch, target):
    with tf.GradientTape() as tape:
        {loss}
    gradients = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(gradients, net.trainable_variables))


strategy.run(replica_step, args=(x, y))
"""


def test_mean_of_a_replica():
    """Gradients of all replicas are added up."""
    line = "loss = tf.reduce_mean(tf.square(net(batch) - target))  # GP511"
    assert_findings(STEP.format(loss=line))


def test_divided_by_the_replicas():
    """The mean is divided by their number."""
    line = "loss = tf.reduce_mean(tf.square(net(batch) - target)) / 2"
    assert_silent(STEP.format(loss=line))


def test_a_mean_in_each_of_two_replicas():
    """The step is as many times too large as there are replicas."""
    (found,) = prove(replicated("Mean", 1.0))
    assert found.place == at(4)
    assert "2 times too large" in found.message


def test_gradients_explode_with_it():
    """Then it is no matter of taste, and the one cause that is told."""
    run = replicated("Mean", 1.0)
    assert proven(run) == [("GP511", 4)]
    exploding = replace(run, steps=grown([1.0, 1e3, 1e6, 1e9], [1.0, 1e6, 1e12, 1e18]).steps)
    assert proven(exploding) == [("GP511", 4)]
    assert [one.level for one in prove(run)] == [None]
    assert [one.level for one in prove(exploding)] == ["error"]


def test_a_sum_over_the_part_of_one_replica():
    """A sum over 8 examples, divided by 8, where the global batch has 16."""
    (found,) = prove(replicated("Sum", 1 / 8))
    assert found.evidence == {"replicas": 2}


@pytest.mark.parametrize(
    "run",
    [
        replicated("Mean", 0.5),
        replicated("Sum", 1 / 16),
        replicated("Sum", 1.0),
        replicated("Mean", 1.0, replicas=1),
        replicated("Mean", 0.7),
    ],
    ids=["divided", "global batch", "a bare sum", "one replica", "another factor"],
)
def test_right_scales(run):
    """What is divided by all examples, or can't be told, is left alone."""
    assert list(prove(run)) == []


def test_one_replica_clears_the_suspicion():
    """With one replica nothing is summed; while the run goes on it is open."""
    suspicion = Finding("the mean over one replica's part", place=at(4))
    assert settle(suspicion, healthy()) is Verdict.CLEARED
    assert settle(suspicion, replicated("Mean", 1.0)) is None


def test_means_that_are_averaged_by_hand():
    """`all_reduce` decides what becomes of the mean of a replica."""
    assert_silent("""
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        with strategy.scope():
            slope = tf.Variable(tf.zeros((4, 4)))

        def update(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ slope - y))
            gradient = tape.gradient(loss, slope)
            gradient = tf.distribute.get_replica_context().all_reduce("MEAN", gradient)
            slope.assign_sub(0.1 * gradient)

        @tf.function
        def train(x, y):
            strategy.run(update, args=(x, y))

        train(x, y)
    """)


def test_variables_that_average_by_themselves():
    """What each replica subtracts is averaged by the variable, so a mean is right."""
    assert_silent(
        """
        strategy = tf.distribute.MirroredStrategy()
        with strategy.scope():
            slope = tf.Variable(tf.zeros((4, 4)), aggregation=tf.VariableAggregation.MEAN)

        def replica_step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ slope - y))
            slope.assign_sub(0.1 * tape.gradient(loss, slope))

        @tf.function
        def step(x, y):
            strategy.run(replica_step, args=(x, y))

        for _ in range(3):
            step(x, y)
        """
    )


SIZES = """
part = 16
whole = part * strategy.num_replicas_in_sync
"""


@pytest.mark.parametrize(
    ("size", "of_all"),
    [
        ("part", "whole"),
        ("tf.cast(tf.shape(batch)[0], tf.float32)", "64.0"),
        ("len(target)", "(len(target) * strategy.num_replicas_in_sync)"),
    ],
)
def test_a_sum_over_the_examples_of_one_replica(size: str, of_all: str):
    """Divided by the number of examples of one replica, it is its mean."""
    text = STEP.replace("\n\n\ndef", SIZES + "\n\ndef")
    line = "loss = tf.reduce_sum(tf.square(net(batch) - target)) / "
    assert_findings(text.format(loss=line + size + "  # GP511"))
    assert_silent(text.format(loss=line + of_all))
