"""Edge cases of tracing-cost."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_defined_in_a_loop():
    """Each round traces its own function."""
    assert_findings(
        """
        for turn in range(10):

            @tf.function  # GP802
            def double(values):
                return 2.0 * values

            double(x)
        """
    )


def test_tensor_arguments():
    """A tensor is no new signature."""
    assert_silent(
        """
        @tf.function
        def scale(values, factor):
            return values * factor

        for turn in range(10):
            scale(x, tf.constant(1.0 / (1 + turn)))
        """
    )
