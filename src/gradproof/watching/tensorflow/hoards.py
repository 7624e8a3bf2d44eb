"""Lists in the frames that make steps: do they keep tensors or tapes alive?"""

from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from ...evidence.hoards import Hoard
from ...finding import Place
from ..places import Places

MOMENTS = (10, 20, 50, 100, 200, 500, 1000)
"""Steps after which the lists are looked at."""

FRAMES = 12
_ADDING = frozenset({"append", "extend", "appendleft", "insert"})


class Hoards:
    """The lists that are in reach of the frames that make steps."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._steps = 0
        self._before: dict[int, tuple[int, int]] = {}
        self._found: dict[int, Hoard] = {}

    @property
    def spare(self) -> int:
        """Steps before the next look; after the last one, as good as all."""
        coming = (moment - self._steps - 1 for moment in MOMENTS if moment > self._steps)
        return next(coming, sys.maxsize)

    def passed(self, steps: int) -> None:
        """So many steps have ended at which nobody needed to look."""
        self._steps += steps

    def step(self) -> None:
        """A step, or a call of a traced function, has ended."""
        self._steps += 1
        if self._steps not in MOMENTS:
            return
        frame: FrameType | None = sys._getframe(2)
        left = FRAMES
        seen: set[int] = set()
        while frame is not None and left:
            if not self._places.library(frame.f_code.co_filename):
                left -= 1
                for name, found in _lists(frame):
                    if id(found) not in seen:
                        seen.add(id(found))
                        self._look(frame, name, found)
            frame = frame.f_back

    def _look(self, frame: FrameType, name: str, found: Any) -> None:
        entries = len(found)
        before = self._before.get(id(found))
        self._before[id(found)] = (entries, self._steps)
        if before is None or entries <= before[0]:
            return
        kind, size = _held(found)
        if kind is not None:
            self._found[id(found)] = Hoard(
                name,
                self._line(frame, name),
                kind,
                entries,
                size,
                self._steps,
                entries - before[0],
                self._steps - before[1],
            )

    def _line(self, frame: FrameType | None, name: str) -> Place | None:
        """The line that adds to the list, in this function or one that it calls."""
        start = frame
        attribute = name.rsplit(".", 1)[-1]
        while frame is not None:
            code = frame.f_code
            line = None if self._places.library(code.co_filename) else _adding(code, attribute)
            if line is not None:
                return self._places.place(code.co_filename, line)
            frame = frame.f_back
        return self._places.place(start.f_code.co_filename, start.f_lineno) if start else None

    def record(self) -> tuple[Hoard, ...]:
        """All lists that grew as plain data."""
        return tuple(self._found.values())


def _lists(frame: FrameType) -> Iterator[tuple[str, Any]]:
    names = dict(frame.f_locals)
    if frame.f_code.co_name != "<module>":
        names = {
            **{name: frame.f_globals.get(name) for name in frame.f_code.co_names},
            **names,
        }
    for name, value in names.items():
        if isinstance(value, list | deque):
            yield name, value
    owner = vars(names["self"]) if hasattr(names.get("self"), "__dict__") else {}
    for name, value in list(owner.items()):
        if isinstance(value, list | deque) and not name.startswith("_"):
            yield f"self.{name}", value


def _held(found: Any) -> tuple[str | None, int]:
    """What the entries are, and the bytes of the tensors among them."""
    size = 0
    tensors = tapes = 0
    for entry in found:
        for part in entry if isinstance(entry, list | tuple) else (entry,):
            if type(part).__name__ == "GradientTape":
                tapes += 1
            elif type(part).__name__ == "EagerTensor":
                tensors += 1
                size += int(part._num_elements()) * int(part.dtype.size)
    if tapes * 2 >= len(found) > 0:
        return "tape", size
    return ("tensor" if tensors * 2 >= len(found) > 0 else None), size


def _adding(code: CodeType, name: str) -> int | None:
    """The line of a function that calls `name.append` or the like."""
    line: int | None = None
    last = ""
    starts = dict(dis.findlinestarts(code))
    for step in dis.get_instructions(code):
        line = starts.get(step.offset) or line
        if not step.opname.startswith("LOAD_"):
            last = ""
        elif step.argval in _ADDING and last == name:
            return line
        else:
            last = str(step.argval)
    return None
