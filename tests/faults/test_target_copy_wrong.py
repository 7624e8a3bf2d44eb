"""Edge cases of target-copy-wrong."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_two_names():
    """The copy of a network's weights onto itself."""
    assert_findings(
        """
        target = encoder  # GP707
        target.set_weights(encoder.get_weights())
        """
    )


def test_best_weights():
    """Weights that are put by and restored."""
    assert_silent(
        """
        best = encoder.get_weights()
        encoder.set_weights(best)
        """
    )


def test_decay():
    """A variable that is shrunk is no target."""
    assert_silent(
        """
        for variable in encoder.trainable_variables:
            variable.assign(0.99 * variable)
        """
    )
