"""Generators in the frames from which steps are called: are they used up?"""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass
from types import FrameType, GeneratorType
from typing import Any

from ...evidence.iterators import Generator
from ..places import Places

LOOKS = 2
"""Steps at which the frames are looked through."""

FRAMES = 12


@dataclass
class _Note:
    name: str
    function: str
    generator: weakref.ref[Any]


class Iterators:
    """Generators that are kept under a name while steps are made."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._notes: dict[int, _Note] = {}
        self._looks = 0

    @property
    def looking(self) -> bool:
        """The next step will be looked at."""
        return self._looks < LOOKS

    def step(self) -> None:
        """A step, or a call of a traced function, has ended."""
        if self._looks >= LOOKS:
            return
        self._looks += 1
        frame: FrameType | None = sys._getframe(2)
        left = FRAMES
        while frame is not None and left:
            if not self._places.library(frame.f_code.co_filename):
                left -= 1
                self._frame(frame)
            frame = frame.f_back

    def _frame(self, frame: FrameType) -> None:
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, GeneratorType) and id(value) not in self._notes:
                self._notes[id(value)] = _Note(name, value.__name__, weakref.ref(value))

    def record(self) -> tuple[Generator, ...]:
        """All generators as plain data."""
        return tuple(
            Generator(note.name, note.function, not _left(note.generator()))
            for note in self._notes.values()
        )


def _left(generator: Any) -> bool:
    """The generator may still give items."""
    return generator is not None and generator.gi_frame is not None
