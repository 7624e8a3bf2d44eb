"""Gradients that are not finite: a run shows them, source does not."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from records import KERNEL, healthy, proven, with_updates
from snippets import assert_silent


def test_source_is_silent():
    """A norm in a loss may be fine."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.norm(model(x) - y + 1e-3, axis=1) + 1e-6)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """A NaN gradient made a finite variable NaN."""
    run = with_updates(healthy(), KERNEL, gradient_norm=nan, change_norm=nan, along=None)
    assert proven(run) == [("GP304", 6)]


def test_a_skipped_step_is_healthy():
    """A NaN gradient that was not written did no harm."""
    run = with_updates(healthy(), KERNEL, gradient_norm=nan, change_norm=0.0, along=None)
    run = replace(run, steps=(run.steps[0], *healthy().steps[1:]))
    assert proven(run) == []
