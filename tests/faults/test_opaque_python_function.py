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


def test_the_body_of_a_scan():
    """What the cell computes goes through NumPy; the state comes back row by row."""
    text = """
        kernel = tf.Variable(tf.ones((4, 4)))

        def cell(state, row):
            first, second = state
            inner = row @ kernel
            {body}
            return tf.tanh(inner + first), second + first

        with tf.GradientTape() as tape:
            zero = tf.zeros((8, 4))
            states = tf.scan(cell, tf.stack([x, x]), initializer=(zero, zero))
            loss = tf.reduce_mean(tf.square(states[0][-1] - y))
        optimizer.apply_gradients(zip(tape.gradient(loss, [kernel]), [kernel]))
        """
    body = "inner = tf.numpy_function(np.sort, [inner], tf.float32)  # GP204"
    assert_findings(text.format(body=body))
    assert_silent(text.format(body="inner = tf.sort(inner)"))


def test_beside_a_live_way():
    """The penalty keeps the encoder connected; what it is rebuilt from does not reach it."""
    text = """
        def draw(mean):
            return np.random.normal(mean).astype("float32")

        for _ in range(3):
            with tf.GradientTape() as tape:
                code = encoder(x)
                drawn = {drawn}{mark}
                loss = tf.reduce_mean(tf.square(decoder(drawn) - y)) + tf.reduce_mean(code ** 2)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    drawn = "tf.ensure_shape(tf.numpy_function(draw, [code], tf.float32), (8, 4))"
    assert_findings(text.format(drawn=drawn, mark="  # GP204"))
    assert_silent(text.format(drawn="code + tf.random.normal((8, 4))", mark=""))
