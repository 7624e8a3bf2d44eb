"""Updates along the gradient."""

from __future__ import annotations

from dataclasses import replace

from records import BIAS, KERNEL, healthy, proven, with_apply, with_updates
from snippets import assert_findings, assert_silent


def test_assigned_sum():
    """`assign` of a sum climbs as well."""
    assert_findings(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w.assign(w + 0.1 * gradient)  # GP504
        """
    )


def test_negative_rate():
    """Two minus signs make a descent."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            gradient = tape.gradient(loss, w)
            w.assign_add(-0.1 * gradient)
        """
    )


def test_adversarial():
    """An input is moved up the loss on purpose."""
    assert_silent(
        """
        image = tf.Variable(tf.zeros((1, 4)))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(image) - 1.0))
        image.assign_add(0.1 * tf.sign(tape.gradient(loss, image)))
        """
    )


def test_reward():
    """A reward is climbed."""
    assert_silent(
        """
        w = tf.Variable(tf.zeros((4, 4)))
        for _ in range(3):
            with tf.GradientTape() as tape:
                reward = tf.reduce_mean(tf.matmul(x, w) * y)
            w.assign_add(0.1 * tape.gradient(reward, w))
        """
    )


def test_proven():
    """Every change by hand went along the gradient, and the loss grew."""
    run = with_updates(healthy(), KERNEL, BIAS, along=-1.0)
    steps = tuple(replace(step, loss=float(step.index)) for step in run.steps)
    run = with_apply(run, by="assign_add", optimizer=None)
    assert proven(replace(run, optimizers=(), steps=steps)) == [("GP504", 6)]
