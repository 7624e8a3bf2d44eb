"""Edge cases of inner-gradient-not-recorded."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_penalty_taken_before():
    """The penalty's gradient is taken before the outer tape opens."""
    assert_findings(
        """
        with tf.GradientTape() as inner:
            inner.watch(x)
            score = tf.reduce_sum(model(x))
        slope = inner.gradient(score, x)  # GP210
        with tf.GradientTape() as tape:
            fit = tf.reduce_mean(tf.square(model(x) - y))
            loss = fit + 10.0 * tf.reduce_mean(tf.square(slope))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_nothing_but_the_penalty():
    """The whole loss is made of a gradient that nobody recorded."""
    assert_findings(
        """
        with tf.GradientTape() as inner:
            inner.watch(x)
            score = tf.reduce_sum(model(x))
        slope = inner.gradient(score, x)  # GP210
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(slope))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_nested():
    """Both forms of nesting: the gradient is taken while the outer tape records."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(x)
                score = tf.reduce_sum(model(x))
            slope = inner.gradient(score, x)
            fit = tf.reduce_mean(tf.square(model(x) - y))
            loss = fit + 10.0 * tf.reduce_mean(tf.square(slope))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_loss_balancing():
    """A weight from gradients scales a loss, as a constant on purpose."""
    assert_silent(
        """
        with tf.GradientTape() as probe:
            first = tf.reduce_mean(tf.square(model(x) - y))
        sizes = [tf.norm(g) for g in probe.gradient(first, model.trainable_variables)]
        weight = tf.reduce_max(sizes)
        with tf.GradientTape() as tape:
            one = tf.reduce_mean(tf.square(model(x) - y))
            other = tf.reduce_mean(tf.abs(model(x) - y))
            loss = one + weight * other
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_adversarial_example():
    """An input that was moved along its gradient goes through the model again."""
    assert_silent(
        """
        with tf.GradientTape() as inner:
            inner.watch(x)
            attack = tf.reduce_mean(tf.square(model(x) - y))
        moved = x + 0.1 * tf.sign(inner.gradient(attack, x))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            loss = loss + tf.reduce_mean(tf.square(model(moved) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )
