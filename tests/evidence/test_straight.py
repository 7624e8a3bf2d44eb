"""Records of straight-through forms: which stop makes them right."""

from __future__ import annotations

import pytest

from gradproof.evidence.recording import EXTERNAL
from gradproof.evidence.run import Run
from gradproof.evidence.straight import straight
from gradproof.faults.wrong_custom_gradient import prove
from records import MATMUL, MEAN, READ_KERNEL, X, healthy, operation, proven, with_operations

SOFT, HARD, FIRST = MATMUL, MATMUL + 1, MATMUL + 2


def formed(*parts: tuple[str, tuple[int, ...]], hard: str = "Round") -> Run:
    """The product and what `hard` makes of it go through these parts to the loss."""
    made = [
        operation(number, kind, sources, line=3)
        for number, (kind, sources) in enumerate(parts, start=FIRST)
    ]
    return with_operations(
        healthy(),
        operation(HARD, hard, (SOFT,), line=3),
        *made,
        *(operation(unused, EXTERNAL, taped=False) for unused in range(made[-1].index + 1, MEAN)),
        operation(MEAN, "Mean", (made[-1].index,), shape=()),
    )


def slopes(run: Run) -> list[int]:
    """The slope of each wrong form."""
    return [found.slope for found in straight(run)]


def test_no_stop():
    """`soft + (hard - soft)`: one part takes away what the other gives."""
    run = formed(("Sub", (HARD, SOFT)), ("AddV2", (SOFT, FIRST)))
    assert slopes(run) == [0]
    assert proven(run)[0] == ("GP301", 3)


def test_stops_the_wrong_part():
    """`stop(soft) + (hard - soft)` turns the gradient around."""
    run = formed(("StopGradient", (SOFT,)), ("Sub", (HARD, SOFT)), ("AddV2", (FIRST, FIRST + 1)))
    assert slopes(run) == [-1]


def test_stops_the_hard_value_only():
    """`soft + (stop(hard) - soft)` still cancels."""
    run = formed(("StopGradient", (HARD,)), ("Sub", (FIRST, SOFT)), ("AddV2", (SOFT, FIRST + 1)))
    assert slopes(run) == [0]


def test_a_soft_value_that_is_a_sum():
    """What a normalisation adds up last is one value all the same."""
    run = formed(("Sub", (HARD, SOFT)), ("AddV2", (SOFT, FIRST)))
    summed = with_operations(run, operation(SOFT, "AddV2", (X, READ_KERNEL), line=3))
    assert slopes(summed) == [0]


def test_turned_around():
    """`hard + stop(soft - hard)` has the soft value, and what is hard gets the gradient."""
    parts = ("Sub", (SOFT, HARD)), ("StopGradient", (FIRST,)), ("AddV2", (HARD, FIRST + 1))
    (found,) = straight(formed(*parts))
    assert (found.swapped, found.slope, found.names) == (True, 0, ("dense/kernel",))
    assert "swapped" in next(prove(formed(*parts))).label
    assert slopes(formed(*parts, hard="Tanh")) == []


@pytest.mark.parametrize(
    "parts",
    [
        [("Sub", (HARD, SOFT)), ("StopGradient", (FIRST,)), ("AddV2", (SOFT, FIRST + 1))],
        [("StopGradient", (SOFT,)), ("Sub", (SOFT, FIRST)), ("AddV2", (HARD, FIRST + 1))],
    ],
)
def test_right(parts):
    """The soft value passes its gradient once."""
    assert slopes(formed(*parts)) == []


def test_a_residual_that_is_smooth():
    """Where the second value has a gradient, nothing is straight through."""
    run = formed(("Sub", (HARD, SOFT)), ("AddV2", (SOFT, FIRST)), hard="Tanh")
    assert slopes(run) == []


def test_a_form_that_is_stopped_as_a_whole():
    """A target is taken out of it on purpose."""
    run = formed(
        ("Sub", (HARD, SOFT)),
        ("AddV2", (SOFT, FIRST)),
        ("StopGradient", (FIRST + 1,)),
        ("Mul", (FIRST + 2, SOFT)),
    )
    assert slopes(run) == []
