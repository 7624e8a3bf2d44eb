"""Edge cases of wrong-custom-gradient."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_turned_around():
    """A reversed gradient is wrong on purpose."""
    assert_silent(
        """
        @tf.custom_gradient
        def reverse(values):
            return tf.identity(values), lambda upstream: -upstream

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(reverse(model(x)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_ignored():
    """The gradient from above is not used."""
    assert_findings(
        """
        @tf.custom_gradient
        def double(values):
            return 2.0 * values, lambda upstream: tf.fill(tf.shape(values), 2.0)  # GP301

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(double(model(x)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )
