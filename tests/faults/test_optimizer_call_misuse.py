"""Calls that the optimizer does not understand."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.run import Crash
from records import at, healthy, proven, with_apply
from snippets import assert_findings, assert_silent


def test_two_arguments():
    """Gradients and variables as two arguments."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(gradients, model.trainable_variables)  # GP406
        """
    )


def test_swapped():
    """Variables first, gradients second."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(model.trainable_variables, gradients))  # GP406
        """
    )


def test_apply_of_keras_3():
    """`apply` of Keras 3 takes two lists."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        """
    )


def test_minimize_with_a_function():
    """tf-keras minimizes a function."""
    assert_silent(
        """
        optimizer.minimize(lambda: tf.reduce_mean(tf.square(model(x) - y)), model.trainable_variables)
        """,
        keras="2",
    )


def test_proven():
    """Two lists raised a TypeError."""
    error = "TypeError: apply_gradients() takes 2 positional arguments but 3 were given"
    run = with_apply(healthy(), pairs=(), given="two lists", error=error)
    crash = Crash("TypeError", error, (at(6),))
    assert proven(replace(run, steps=(), crash=crash)) == [("GP406", 6)]
