"""Whether a loss falls, and what a mend did harm to, from runs written by hand."""

from __future__ import annotations

from math import inf, nan

import pytest

from gradproof.answer import Answer
from gradproof.outcome import Outcome, harm_of

HARD_AND_EASY = tuple(
    10.0 - 0.1 * epoch - 4.0 * batch for epoch in range(5) for batch in (1, 0, 2, 0)
)
"""Batches that differ by more than all epochs gain; the run begins with an easy one."""


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ((), None),
        ((1.0,), None),
        ((2.0, 1.0), True),
        ((1.0, 1.0), False),
        ((1.0, 2.0), False),
        (HARD_AND_EASY, True),
        (tuple(-one for one in HARD_AND_EASY), False),
        ((3.0, 2.0, 1.0, nan), False),
        ((3.0, 2.0, 1.0, inf), False),
        ((nan, 2.0), True),
        ((1.0, 0.5, 4.0, 90.0), False),
    ],
)
def test_loss_falls(losses, falls):
    """By the ends of a run, or by its halves."""
    assert Outcome(Answer("run"), losses).loss_falls is falls


def test_a_loss_that_no_longer_falls_is_harm():
    """One that never fell is none."""
    falling, rising = (Outcome(Answer("run", steps=2), one) for one in ((2.0, 1.0), (1.0, 2.0)))
    assert harm_of(falling, rising, []) == "the loss no longer falls"
    assert harm_of(rising, rising, []) == ""
    assert harm_of(rising, falling, []) == ""
