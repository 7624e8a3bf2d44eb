"""Learning rates of nothing."""

from __future__ import annotations

from dataclasses import replace

from records import BIAS, KERNEL, healthy, proven, with_updates
from snippets import assert_findings, assert_silent


def test_written_out():
    """A zero is a zero."""
    assert_findings(
        """
        sgd = keras.optimizers.SGD(0.0)  # GP501
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        sgd.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_warm_up():
    """A schedule that starts at zero and rises is a warm-up."""
    assert_silent(
        """
        schedule = keras.optimizers.schedules.PolynomialDecay(0.0, 100, end_learning_rate=0.1)
        adam = keras.optimizers.Adam(schedule)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        adam.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_set_later():
    """A zero that is replaced before the first step is none."""
    assert_silent(
        """
        sgd = keras.optimizers.SGD(0.0)
        sgd.learning_rate = 0.1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        sgd.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """The rate was zero in every step, although gradients arrived."""
    run = with_updates(healthy(), KERNEL, BIAS, change_norm=0.0, along=None)
    steps = tuple(replace(step, learning_rate=0.0) for step in run.steps)
    assert proven(replace(run, steps=steps)) == [("GP501", 1)]


def test_a_rate_that_rises():
    """A rate that starts at zero and rises is a warm-up."""
    run = healthy()
    steps = (replace(run.steps[0], learning_rate=0.0), *run.steps[1:])
    assert proven(replace(run, steps=steps)) == []
