"""The time that eager steps take, told by the moments of their ends."""

from __future__ import annotations

import statistics
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from types import FrameType

from ...evidence.pace import Pace
from ..places import Places
from .eager import EagerOperations
from .tapes import KEEP

RECENT = 200


@dataclass
class _Note:
    function: str
    place: tuple[str, int]
    steps: int = 0
    moments: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    counts: list[int] = field(default_factory=list)


class Paces:
    """The pace of the places at which eager code applies gradients."""

    def __init__(self, places: Places, eager: EagerOperations) -> None:
        self._places = places
        self._eager = eager
        self._notes: dict[tuple[str, int], _Note] = {}
        self._last: _Note | None = None

    def step(self) -> None:
        """An eager step has ended."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and self._places.library(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            return
        code = frame.f_code
        top = code.co_name.startswith("<")
        key = (code.co_filename, frame.f_lineno if top else code.co_firstlineno)
        note = self._notes.get(key)
        if note is None:
            note = self._notes[key] = _Note("" if top else code.co_name, key)
        note.steps += 1
        if note.steps <= KEEP and self._eager.on:
            note.counts.append(len(self._eager))
        elif note.steps > KEEP + 2:
            if self._last is not note:
                note.moments.clear()
            note.moments.append(time.perf_counter())
        self._last = note

    def record(self) -> tuple[Pace, ...]:
        """All paces that are known by now."""
        return tuple(
            Pace(
                note.function,
                self._places.place(*note.place),
                note.steps,
                statistics.median(_gaps(list(note.moments))),
                _gap(note.counts),
            )
            for note in self._notes.values()
            if len(note.moments) > 8
        )


def _gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def _gap(counts: list[int]) -> int:
    """Operations from one step to the next."""
    return counts[-1] - counts[-2] if len(counts) > 1 else 0
