"""Python functions that are wrapped as operations."""

from __future__ import annotations

from records import KERNEL, MATMUL, TANH, healthy, operation, proven, unconnected, with_operations
from snippets import assert_findings, assert_silent


def test_as_the_loss():
    """A loss computed by NumPy behind a wrapper is a constant."""
    assert_findings(
        """
        def error(prediction, target):
            return np.mean((prediction - target) ** 2).astype("float32")

        with tf.GradientTape() as tape:
            loss = tf.numpy_function(error, [model(x), y], tf.float32)  # GP204
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_on_data():
    """On data alone the wrapper is right."""
    assert_silent(
        """
        def shift(values):
            return np.roll(values, 1, axis=0)

        with tf.GradientTape() as tape:
            batch = tf.numpy_function(shift, [x], tf.float32)
            loss = tf.reduce_mean(tf.square(model(tf.ensure_shape(batch, (8, 4))) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_py_function():
    """A body of TensorFlow functions has a gradient."""
    assert_silent(
        """
        def soften(values):
            return tf.math.softplus(values)

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.py_function(soften, [model(x)], tf.float32))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_model_within():
    """The wrapped function uses a model that none of its inputs tells of."""
    assert_findings(
        """
        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                values = tf.numpy_function(lambda z: model(z).numpy(), [x], tf.float32)  # GP204
                loss = tf.reduce_mean(tf.square(values - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_proven():
    """A Python function stands on the only way from the kernel to the target."""
    run = unconnected(healthy(), KERNEL)
    run = with_operations(run, operation(TANH, "PyFunc", (MATMUL,), line=3))
    assert proven(run) == [("GP204", 3)]
