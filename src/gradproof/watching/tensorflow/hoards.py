"""Lists in the frames that make steps: do they keep tensors or tapes alive?"""

from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import is_dataclass
from types import CodeType, FrameType, ModuleType
from typing import Any

from ...evidence.hoards import Hoard
from ...finding import Place
from ..places import Places

MOMENTS = (10, 20, 50, 100, 200, 500, 1000)
"""Steps after which the lists are looked at."""

FRAMES = 12
MOST_KEYS = 50
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
                for name, found, owner in _lists(frame, self._places):
                    if id(found) not in seen:
                        seen.add(id(found))
                        self._look(frame, name, found, owner)
            frame = frame.f_back

    def _look(self, frame: FrameType, name: str, found: Any, owner: type | None) -> None:
        entries = len(found)
        before = self._before.get(id(found))
        self._before[id(found)] = (entries, self._steps)
        if before is None or entries <= before[0]:
            return
        kind, size = _held(found)
        if kind is not None:
            self._found[id(found)] = Hoard(
                name,
                self._line_in(owner, name) or self._line(frame, name),
                kind,
                entries,
                size,
                self._steps,
                entries - before[0],
                self._steps - before[1],
            )

    def _line_in(self, owner: type | None, name: str) -> Place | None:
        """The line of a class of the program that adds to the list of an object."""
        for method in vars(owner).values() if owner is not None else ():
            code: CodeType | None = getattr(method, "__code__", None)
            line = _adding(code, name.rsplit(".", 1)[-1]) if code is not None else None
            if code is not None and line is not None:
                return self._places.place(code.co_filename, line)
        return None

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


def _lists(frame: FrameType, places: Places) -> Iterator[tuple[str, Any, type | None]]:
    """The lists in reach of a frame: by name, in a dict, or of an object of the program.

    With each its name and the class of the object that it belongs to.
    """
    names = dict(frame.f_locals)
    if frame.f_code.co_name != "<module>":
        names = {
            **{name: frame.f_globals.get(name) for name in frame.f_code.co_names},
            **names,
        }
    for name, value in names.items():
        if isinstance(value, list | deque):
            yield name, value, None
        elif type(value) is dict and len(value) <= MOST_KEYS:
            for key, entry in list(value.items()):
                if isinstance(entry, list | deque):
                    yield f"{name}[{key!r}]", entry, None
        elif _own(value, places):
            for attribute, entry in list(vars(value).items()):
                if isinstance(entry, list | deque) and not attribute.startswith("_"):
                    yield f"{name}.{attribute}", entry, type(value)


def _own(value: Any, places: Places) -> bool:
    """Says whether a value is an object of a class whose methods the program wrote."""
    if not hasattr(value, "__dict__") or isinstance(value, type | ModuleType):
        return False
    codes = (getattr(one, "__code__", None) for one in vars(type(value)).values())
    return any(code is not None and not places.library(code.co_filename) for code in codes)


def _parts(entry: Any) -> Any:
    """What an entry of a list holds: a pair, a dict, a record, or itself."""
    if isinstance(entry, list | tuple):
        return entry
    if type(entry) is dict:
        return entry.values()
    return vars(entry).values() if is_dataclass(entry) else (entry,)


def _held(found: Any) -> tuple[str | None, int]:
    """What the entries are, and the bytes of the tensors among them."""
    size = 0
    tensors = tapes = 0
    for entry in found:
        kinds = set()
        for part in _parts(entry):
            kinds.add(type(part).__name__)
            if type(part).__name__ == "EagerTensor":
                size += int(part._num_elements()) * int(part.dtype.size)
        tapes += "GradientTape" in kinds
        tensors += "EagerTensor" in kinds
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
