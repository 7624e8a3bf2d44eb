"""`variables` and `weights` where `trainable_variables` is meant."""

from __future__ import annotations

from records import BIAS, healthy, proven, unconnected, with_variable
from snippets import assert_findings, assert_silent


def test_weights():
    """`weights` holds the moving averages too."""
    assert_findings(
        """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        gradients = tape.gradient(loss, net.weights)  # GP108
        optimizer.apply_gradients(zip(gradients, net.weights))
        """
    )


def test_saving_and_counting():
    """Any other use of the full list is right."""
    assert_silent(
        """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        print(len(net.weights), [variable.name for variable in net.variables])
        """
    )


def test_module_variables():
    """The variables of a `tf.Module` may all train."""
    assert_silent(
        """
        class Line(tf.Module):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(0.5)

            def __call__(self, inputs):
                return self.w * inputs

        line = Line()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(line(x) - y))
        gradients = tape.gradient(loss, line.variables)
        optimizer.apply_gradients(zip(gradients, line.variables))
        """
    )


def test_proven():
    """A moving mean among the sources has no gradient."""
    run = with_variable(unconnected(healthy(), BIAS), BIAS, trainable=False)
    assert proven(run) == [("GP108", 5)]


def test_watched_on_purpose():
    """Points that a sampler moves are no weights; the tape is told to watch them."""
    assert_silent(
        """
        points = tf.Variable(tf.zeros((8, 2)), trainable=False)

        def moved(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                energy = tf.reduce_sum(model(x))
            return x - 0.1 * tape.gradient(energy, x)

        points.assign(moved(points))
        """
    )


def test_collected_elsewhere():
    """The place is where the list is put together."""
    assert_findings("""
        norm = keras.layers.BatchNormalization()

        def collected():
            return [one for net in (norm, decoder) for one in net.weights]  # GP108

        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(decoder(norm(x, training=True)) - y))
            variables = collected()
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
    """)


def test_read_in_another_function():
    """The list is named where it was read, also if it was filled bit by bit."""
    assert_findings(
        """
        def weights_of(*nets):
            found = []
            for net in nets:
                found.extend(net.variables)  # GP108
            return found

        net = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(),
                                keras.layers.Dense(4)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        weights = weights_of(net)
        gradients = tape.gradient(loss, weights)
        optimizer.apply_gradients(zip(gradients, weights))
        """
    )
