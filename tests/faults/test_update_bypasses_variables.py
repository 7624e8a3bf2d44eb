"""New values that no variable gets."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_new_list():
    """New tensors in a new list change nothing."""
    assert_findings(
        """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            variables = [v - 0.1 * g for v, g in zip(model.trainable_variables, gradients)]  # GP402
        """
    )


def test_item_of_the_property():
    """An item of the property's list is thrown away."""
    assert_findings(
        """
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for index, gradient in enumerate(gradients):
                model.trainable_variables[index] = model.trainable_variables[index] - 0.1 * gradient  # GP402
        """
    )


def test_assigned_afterwards():
    """New values that are assigned arrive."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        values = [v - 0.1 * g for v, g in zip(model.trainable_variables, gradients)]
        for variable, value in zip(model.trainable_variables, values):
            variable.assign(value)
        """
    )


def test_set_weights():
    """`set_weights` assigns all of them."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.set_weights([v - 0.1 * g for v, g in zip(model.trainable_variables, gradients)])
        """
    )
