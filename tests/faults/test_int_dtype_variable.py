"""Variables that hold integers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from records import BIAS, at, healthy, proven, unconnected, with_call, with_variable
from snippets import STEP, assert_findings, assert_silent


def test_by_dtype():
    """An integer dtype counts as an integer value does."""
    assert_findings(
        """
        w = tf.Variable(3, dtype=tf.int64)  # GP111
        with tf.GradientTape() as tape:
            loss = tf.square(tf.cast(w, tf.float32) - 4.0)
        gradient = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(gradient, [w]))
        """
    )


def test_counter():
    """Nobody asks for the gradient of a counter."""
    assert_silent(
        """
        steps = tf.Variable(0)
        steps.assign_add(1)
        """,
        then=STEP,
    )


def test_float_dtype():
    """An integer value with a floating dtype is a float."""
    assert_silent(
        """
        w = tf.Variable(3, dtype=tf.float32)
        with tf.GradientTape() as tape:
            loss = tf.square(w - 4.0)
        gradient = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(gradient, [w]))
        """
    )


def test_proven():
    """A gradient is asked for a variable of integers."""
    run = with_variable(unconnected(healthy(), BIAS), BIAS, dtype="int32", made_at=at(1))
    first, second = run.calls[0].sources
    run = with_call(run, sources=(first, replace(second, dtype="int32")))
    assert proven(run) == [("GP111", 1)]


@pytest.mark.parametrize(
    ("start", "mark"),
    [
        ("tf.range(5)", "  # GP111"),
        ("tf.range(5, dtype=chosen())", ""),
        ('tf.range(5, dtype="float32")', ""),
        ("np.arange(0.0, 1.0, 0.2)", ""),
    ],
)
def test_ranges(start, mark):
    """A range is whole unless a dtype or a float in it tells otherwise."""
    assert_findings(f"""
        from settings import chosen

        steps = tf.Variable({start}){mark}
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(steps))
        gradients = tape.gradient(loss, [steps])
        optimizer.apply_gradients(zip(gradients, [steps]))
    """)


def test_numpy_counts():
    """`np.arange(3)` gives integers, `np.arange(3.0)` does not."""
    for numbers, mark in (
        ("np.arange(3)", "  # GP111"),
        ("2 * np.arange(3) - 1", "  # GP111"),
        ("np.arange(3) / 2", ""),
        ("np.arange(3) - 0.5", ""),
        ("np.arange(3.0)", ""),
        ("np.arange(3, dtype='float32')", ""),
    ):
        assert_findings(f"""
            bias = tf.Variable({numbers}){mark}
            kernel = tf.Variable(tf.zeros((4, 3)))
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ kernel + tf.cast(bias, tf.float32)))
            gradients = tape.gradient(loss, [kernel, bias])
            optimizer.apply_gradients(zip(gradients, [kernel, bias]))
        """)


def test_numpy_dtype():
    """What NumPy makes is whole where its dtype says so."""
    for made, mark in (
        ("np.ones((4, 3), dtype=int)", "  # GP111"),
        ("np.zeros((4, 3), dtype='int64')", "  # GP111"),
        ("np.ones((4, 3))", ""),
    ):
        assert_findings(f"""
            kernel = tf.Variable({made}){mark}
            bias = tf.Variable(tf.zeros(3))
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ tf.cast(kernel, tf.float32) + bias))
            gradients = tape.gradient(loss, [kernel, bias])
            optimizer.apply_gradients(zip(gradients, [kernel, bias]))
        """)


def test_among_the_attributes_of_an_object():
    """`vars` gives them; that the gradient which is None goes nowhere follows from it."""
    assert_findings("""
        class Line:
            def __init__(self):
                self.w = tf.Variable(tf.ones((4, 4)))
                self.b = tf.Variable([0, 0, 0, 0])  # GP111

            def parameters(self):
                return [one for one in vars(self).values() if isinstance(one, tf.Variable)]

        line = Line()
        for _ in range(3):
            with tf.GradientTape() as tape:
                shifted = x @ line.w + tf.cast(line.b, tf.float32)
                loss = tf.reduce_mean(tf.square(shifted - y))
            variables = line.parameters()
            for one, gradient in zip(variables, tape.gradient(loss, variables)):
                if gradient is not None:
                    one.assign_sub(0.1 * gradient)
    """)
