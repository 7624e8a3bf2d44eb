"""Looks at the biases of layers now and then: which entries changed at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ....evidence.units import Units
from ..variables import Variables
from .sites import Site

LARGEST = 65_536
"""Entries of a variable that is looked at."""

MOST = 400
"""Variables that are looked at."""

ROOM = 1_000_000
"""Entries of all of them together: of each, three values are kept."""


@dataclass
class _Look:
    """What a variable was when looked at first, at half-time, and last.

    Half-time moves on: when twice as many steps have passed since, the last
    look becomes the new half.
    """

    first: Any
    half: Any
    last: Any
    steps: tuple[int, int, int]
    moved: Any = field(default=None)


class UnitLooks:
    """Entries of one-dimensional variables, kept as NumPy arrays."""

    def __init__(self) -> None:
        self._looks: dict[int, _Look] = {}
        self._room = ROOM

    def look(self, sites: Iterable[Site], variables: Variables) -> None:
        """Reads the variables of some sites; in eager code only."""
        for site in sites:
            for key in site.variables:
                variable = variables.alive(key)
                if variable is not None:
                    self._read(key, variable, site.count)

    def _read(self, key: int, variable: Any, now: int) -> None:
        known = self._looks.get(key)
        if known is None:
            if now and len(self._looks) < MOST and _fits(variable, self._room):
                value = variable.numpy()
                self._room -= value.size
                self._looks[key] = _Look(value, value, value, (now, now, now))
            return
        if now <= known.steps[2]:
            return
        start, half, last = known.steps
        if now - start >= 2 * (half - start) and last > half:
            known.moved = _joined(known.moved, known.half != known.last)
            known.moved = _joined(known.moved, known.first != known.half)
            known.half, half = known.last, last
        known.last = variable.numpy()
        known.steps = (start, half, now)

    def record(self) -> tuple[Units, ...]:
        """How many entries changed, variable by variable."""
        found = []
        for key, look in self._looks.items():
            start, half, last = look.steps
            if last == start or look.last.shape != look.first.shape:
                continue
            still = look.half == look.last
            moved = _joined(look.moved, look.first != look.half)
            never = int((still & ~moved).sum())
            stopped = int((still & moved).sum())
            found.append(
                Units(key, int(look.first.size), never, stopped, last - start, last - half)
            )
        return tuple(found)


def _joined(one: Any, other: Any) -> Any:
    return other if one is None else one | other


def _fits(variable: Any, room: int) -> bool:
    shape = variable.shape
    return (
        shape.rank == 1
        and variable.dtype.base_dtype.is_floating
        and 4 <= (shape.num_elements() or 0) <= min(LARGEST, room)
    )
