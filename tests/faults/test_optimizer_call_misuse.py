"""Calls that the optimizer does not understand."""

from __future__ import annotations

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
