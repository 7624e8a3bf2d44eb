"""Copies of one variable that differ between replicas."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """The copies of a variable in two replicas are no longer equal.

    Attributes:
        name: Path of the variable.
        keys: Keys of its copies.
        difference: Norm of the largest difference from the first copy.
        value_norm: Norm of the first copy.
        call: Number of the call of traced functions after which it was seen.
    """

    name: str
    keys: tuple[int, ...]
    difference: float
    value_norm: float
    call: int
