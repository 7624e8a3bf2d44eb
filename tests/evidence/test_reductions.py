"""Constants that take part in arithmetic."""

from __future__ import annotations

from gradproof.evidence.reductions import number
from records import KERNEL_GRADIENT, healthy, operation, with_operations

FIRST = 12


def test_a_constant_through_arithmetic():
    """1 - 0.9 is a number, whatever it is cast to."""
    run = with_operations(
        healthy(),
        operation(FIRST, "Const", shape=(), value=1.0),
        operation(FIRST + 1, "Const", shape=(), value=0.9),
        operation(FIRST + 2, "Sub", (FIRST, FIRST + 1), shape=()),
        operation(FIRST + 3, "Cast", (FIRST + 2,), shape=()),
    )
    value = number(run.recordings[0], FIRST + 3)
    assert value is not None
    assert abs(value - 0.1) < 1e-9


def test_a_number_that_many_ways_lead_to():
    """In an unrolled loop the ways to the beginning double at each round: they are not all gone."""
    kinds = [(kind, shape) for kind, shape in (("AddV2", (8, 4)), ("Sub", ())) for _ in range(60)]
    before = [KERNEL_GRADIENT, *range(FIRST, FIRST + len(kinds))]
    ladder = [
        operation(FIRST + step, kind, (before[step], before[step]), shape=shape)
        for step, (kind, shape) in enumerate(kinds)
    ]
    run = with_operations(healthy(), *ladder)
    assert number(run.recordings[0], FIRST + len(ladder) - 1) is None
