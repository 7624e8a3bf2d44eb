"""Gradients that are not finite: a run shows them, source does not."""

from __future__ import annotations

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
