"""Lists of gradients and of variables that differ."""

from __future__ import annotations

from dataclasses import replace

from records import BIAS, KERNEL, healthy, proven, with_apply
from snippets import assert_findings, assert_silent


def test_different_models():
    """Gradients of one network on the variables of another."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))  # GP403
        """
    )


def test_reversed():
    """The same list, but the other way round."""
    assert_findings(
        """
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, reversed(variables)))  # GP403
        """
    )


def test_two_names():
    """Two names for one list are one list."""
    assert_silent(
        """
        variables = decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_clipped():
    """Clipping keeps the order."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
        gradients = [tf.clip_by_value(gradient, -1.0, 1.0) for gradient in gradients]
        optimizer.apply_gradients(zip(gradients, model.trainable_weights))
        """
    )


def test_proven():
    """Each variable got the gradient of the other one."""
    first, second = healthy().applies[0].pairs
    pairs = (
        replace(first, taken_for=frozenset({BIAS})),
        replace(second, taken_for=frozenset({KERNEL})),
    )
    assert proven(with_apply(healthy(), pairs=pairs)) == [("GP403", 6)]


def test_unknown_is_silent():
    """A gradient that can't be followed accuses nobody."""
    pairs = tuple(replace(pair, taken_for=None) for pair in healthy().applies[0].pairs)
    assert proven(with_apply(healthy(), pairs=pairs)) == []
