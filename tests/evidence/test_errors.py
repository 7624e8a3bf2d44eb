"""What counts as an error by its arithmetic."""

from __future__ import annotations

import pytest

from gradproof.evidence.errors import measures_error, negative_likelihood
from gradproof.evidence.recording import EXTERNAL, Recording
from records import operation


def recorded(*kinds: tuple[str, tuple[int, ...]]) -> Recording:
    """Operations in order behind a tensor (0), another one (1), and the number -0.5 (2)."""
    given = (
        operation(0, EXTERNAL),
        operation(1, EXTERNAL),
        operation(2, EXTERNAL, shape=(), value=-0.5),
    )
    made = (operation(number, kind, inputs) for number, (kind, inputs) in enumerate(kinds, 3))
    return Recording(1, operations=(*given, *made))


def test_a_square_by_hand():
    """`tf.reduce_mean(e * e)` is a mean of squares; that of two things is not."""
    assert measures_error(recorded(("Mul", (0, 0)), ("Mean", (3,))), 4)
    assert not measures_error(recorded(("Mul", (0, 1)), ("Mean", (3,))), 4)


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        # -mean(-0.5 * z * z - log(s))
        ((("Mul", (2, 0)), ("Mul", (3, 0)), ("Sub", (4, 1)), ("Mean", (5,)), ("Neg", (6,))), True),
        # mean(-(-0.5 * z**2))
        ((("Square", (0,)), ("Mul", (2, 3)), ("Neg", (4,)), ("Mean", (5,))), True),
        # -mean(-z**2 + b)
        ((("Square", (0,)), ("Neg", (3,)), ("AddV2", (4, 1)), ("Mean", (5,)), ("Neg", (6,))), True),
        # -mean(z * z): as large as can be, on purpose maybe
        ((("Mul", (0, 0)), ("Mean", (3,)), ("Neg", (4,))), False),
        # -mean(-0.5 * z * b)
        ((("Mul", (2, 0)), ("Mul", (3, 1)), ("Mean", (4,)), ("Neg", (5,))), False),
        # mean(-0.5 * z * z): a density that is to grow
        ((("Mul", (2, 0)), ("Mul", (3, 0)), ("Mean", (4,))), False),
    ],
)
def test_minus_the_logarithm_of_a_density(kinds, found):
    """Of a normal one: minus half a square, negated."""
    recording = recorded(*kinds)
    assert negative_likelihood(recording, recording.operations[-1].index) is found
