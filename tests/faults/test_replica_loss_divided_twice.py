"""Edge cases of replica-loss-divided-twice."""

from __future__ import annotations

import pytest

from gradproof.faults.replica_loss_divided_twice import prove
from records import replicated


def test_divided_by_the_loss_object_and_again():
    """A mean times a quarter, under two replicas, is half of what it should be."""
    (found,) = prove(replicated("Mean", 0.25))
    assert "2 times too small" in found.message
    assert found.variables == ("dense/kernel", "dense/bias")


@pytest.mark.parametrize(
    "run",
    [
        replicated("Mean", 0.5),
        replicated("Mean", 1.0),
        replicated("Mean", 0.3),
        replicated("Sum", 1 / 16),
        replicated("Sum", 1 / 64),
        replicated("Mean", 0.25, replicas=1),
    ],
    ids=["once", "not at all", "another factor", "global batch", "unknown batch", "one replica"],
)
def test_other_factors(run):
    """What is divided once, or by a number of its own, is left alone."""
    assert list(prove(run)) == []


def test_a_sum_over_too_much():
    """A sum over 8 examples a replica divided by 32, twice the global batch."""
    (found,) = prove(replicated("Sum", 1 / 32))
    assert found.evidence == {"replicas": 2}
