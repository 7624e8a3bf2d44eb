"""Records of gradients that come out of a loop or branch as exact zeros."""

from __future__ import annotations

from gradproof.evidence.run import Run
from gradproof.evidence.zeros import zeros
from records import KERNEL, MATMUL, TANH, healthy, operation, proven, with_operations, with_updates


def flattened(kind: str, **changes: object) -> Run:
    """The kernel's only way passes one operation; its gradient is zero, not None."""
    run = with_operations(healthy(), operation(TANH, kind, (MATMUL,), line=3, **changes))
    return with_updates(run, KERNEL, gradient_norm=0.0, change_norm=0.0, along=None)


def test_without_gradient():
    """A loop gives zeros where there would be None outside of it."""
    assert proven(flattened("Floor")) == [("GP203", 3)]


def test_cast_to_integers():
    """A cast to integers and back in a branch."""
    assert proven(flattened("Cast", dtype="int32")) == [("GP203", 3)]


def test_stopped():
    """A stop_gradient in a recurrent cell."""
    assert proven(flattened("StopGradient")) == [("GP214", 3)]


def test_zero_by_itself():
    """Zeros with nothing flat on the way are not explained by it."""
    assert list(zeros(flattened("Tanh"))) == []


def test_not_zero():
    """An operation without gradient beside the way does no harm."""
    run = with_operations(healthy(), operation(TANH, "Floor", (MATMUL,), line=3))
    assert list(zeros(run)) == []
