"""Edge cases of misspelt-api."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_tape_is_not_called():
    """The class instead of a tape."""
    assert_findings(
        """
        with tf.GradientTape as tape:  # GP418
            loss = tf.reduce_mean(tf.square(model(x) - y))
        """
    )


def test_names_that_were_never_there():
    """Of an optimizer and of a model."""
    assert_findings("optimizer.apply_gradient(zip(x, y))  # GP418")
    assert_findings("print(len(model.trainable_variable))  # GP418")


def test_own_names():
    """Own classes may call their methods as they like."""
    assert_silent(
        """
        class Tape:
            def gradients(self, target):
                return target

            def apply_gradient(self, pair):
                return pair

        tape = Tape()
        tape.apply_gradient(tape.gradients(x))

        def unknown(optimizer, tape):
            optimizer.apply_gradient(tape.gradients(x))
        """
    )


def test_what_follows_is_folded():
    """That nothing is applied needs no other explanation."""
    text = """
        for _ in range(9):
            try:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradient(zip(gradients, model.trainable_variables))  # GP418
            except Exception:
                pass
    """
    assert_findings(text)
