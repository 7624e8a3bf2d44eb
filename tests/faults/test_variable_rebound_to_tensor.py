"""Names that lose their variable."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import Source, Target
from gradproof.evidence.run import Crash
from records import (
    BIAS,
    KERNEL_GRADIENT,
    READ_KERNEL,
    X,
    at,
    healthy,
    left_out,
    never_applied,
    operation,
    proven,
    with_operations,
)
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


def test_proven():
    """The second call asks for a tensor made of the variable and its gradient."""
    run = never_applied(left_out(healthy(), BIAS))
    run = with_operations(
        run,
        operation(12, "Sub", (READ_KERNEL, KERNEL_GRADIENT), line=6, taped=False),
        operation(13, "MatMul", (X, 12), line=3),
        operation(14, "Mean", (13,)),
    )
    second = replace(
        run.calls[0],
        key=2,
        at=15,
        targets=(Target(14),),
        sources=(Source(None, 12, "tensor", connected=False),),
    )
    crash = Crash("TypeError", "unsupported operand type(s) for *", (at(6),))
    run = replace(run, calls=(*run.calls, second), crash=crash)
    assert ("GP207", 6) in proven(run)
