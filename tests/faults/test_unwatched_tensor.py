"""Tensors that no tape watches."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_input_gradient():
    """The gradient by a constant input is `None` without `watch`."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            output = tf.reduce_sum(model(x))
        saliency = tape.gradient(output, x)  # GP205
        print(tf.abs(saliency))
        """
    )


def test_watched():
    """With `watch` it is there."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = tf.reduce_sum(model(x))
        saliency = tape.gradient(output, x)
        print(tf.abs(saliency))
        """
    )


def test_intermediate():
    """A tensor computed from variables under the tape needs no `watch`."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            hidden = encoder(x)
            output = tf.reduce_sum(decoder(hidden))
        print(tape.gradient(output, hidden))
        """
    )


def test_variable_as_input():
    """A variable is watched by itself."""
    assert_silent(
        """
        image = tf.Variable(tf.zeros((1, 4)))
        with tf.GradientTape() as tape:
            output = tf.reduce_sum(model(image))
        image.assign_add(0.1 * tape.gradient(output, image))
        """
    )
