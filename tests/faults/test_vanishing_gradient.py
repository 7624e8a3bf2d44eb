"""Edge cases of vanishing-gradient; the records stand in tests/evidence/test_units.py."""

from __future__ import annotations

from gradproof.faults.vanishing_gradient import FAULT, prove
from records import healthy


def test_healthy():
    """Three even steps prove nothing."""
    assert list(prove(healthy())) == []


def test_level():
    """It slows a program down or wastes a part of it: a warning."""
    assert FAULT.level == "warning"
