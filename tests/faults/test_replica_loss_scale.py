"""Edge cases of replica-loss-scale."""

from __future__ import annotations

from snippets import assert_findings, assert_silent

STEP = """
strategy = tf.distribute.MirroredStrategy()


def replica_step(batch, target):
    with tf.GradientTape() as tape:
        {loss}
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


strategy.run(replica_step, args=(x, y))
"""


def test_mean_of_a_replica():
    """Gradients of all replicas are added up."""
    line = "loss = tf.reduce_mean(tf.square(model(batch) - target))  # GP511"
    assert_findings(STEP.format(loss=line))


def test_divided_by_the_replicas():
    """The mean is divided by their number."""
    line = "loss = tf.reduce_mean(tf.square(model(batch) - target)) / 2"
    assert_silent(STEP.format(loss=line))
