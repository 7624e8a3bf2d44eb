"""Names that lose their variable."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_in_a_loop():
    """The second turn of the loop meets a tensor."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w = w - 0.1 * gradient  # GP207
        """
    )


def test_augmented():
    """`-=` rebinds as well."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w -= 0.1 * gradient  # GP207
        """
    )


def test_assigned():
    """`assign_sub` keeps the variable."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            w.assign_sub(0.1 * tape.gradient(loss, w))
        """
    )


def test_fast_weights():
    """Tensors that live for one step are fast weights."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    first = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
                fast = w - 0.1 * inner.gradient(first, w)
                loss = tf.reduce_mean(tf.square(tf.matmul(x, fast) - y))
            w.assign_sub(0.1 * outer.gradient(loss, w))
        """
    )
