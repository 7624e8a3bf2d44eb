"""Python numbers that traced functions read once, and keep for good."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from ...evidence.frozen import FrozenState
from ...finding import Place
from ..places import Places
from .frames import stack_here
from .kinds import kind_of

WATCHED_CALLS, COMPARED = 100, 50
"""Calls after each of which the numbers are compared; after them, once in so many."""

_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


@dataclass
class _Read:
    """A Python number that traced code can read."""

    holder: dict[str, Any]
    attribute: str
    name: str
    function: str
    place: Place | None
    value: Any
    traces: int = 1


class FrozenNumbers:
    """The numbers that traced code could read, and which of them have changed since."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._reads: dict[tuple[int, str], _Read] = {}
        self._changed: dict[tuple[int, str], FrozenState] = {}

    def record(self) -> tuple[FrozenState, ...]:
        """Those that have changed, while the traced code did not notice."""
        return tuple(self._changed.values())

    def note(self) -> None:
        """Notes the numbers that the running traced code can read."""
        stack, _ = stack_here(self._places)
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            path = frame.f_code.co_filename
            if "__autograph_generated_file" in path or not self._places.library(path):
                if frame.f_code.co_name == "<module>":
                    return
                self._note_frame(frame, stack[-1] if stack else None)
            elif frame.f_code.co_name == "func_graph_from_py_func":
                return
            frame = frame.f_back

    def compare(self, calls: int) -> None:
        """Looks whether a number has changed, after so many calls of traced functions."""
        if calls > WATCHED_CALLS and calls % COMPARED:
            return
        for key, read in self._reads.items():
            earlier = self._changed.get(key)
            # What only the trace itself changed, such as a counter of traces,
            # differs once and stays; so a second change is worth noting.
            if earlier is not None and earlier.call - 1 > earlier.traces:
                continue
            value = read.holder.get(read.attribute)
            if earlier is not None and earlier.value == repr(value):
                continue
            if _plain(value) and value != read.value:
                self._changed[key] = FrozenState(
                    read.name,
                    read.function,
                    read.place,
                    repr(read.value),
                    repr(value),
                    calls,
                    read.traces,
                )

    def spare(self, calls: int) -> int | None:
        """Calls before they are compared again; `None` where there is nothing to compare."""
        if not self._reads:
            return None
        return 0 if calls < WATCHED_CALLS else COMPARED - 1 - calls % COMPARED

    def _note_frame(self, frame: FrameType, place: Place | None) -> None:
        code = _source_code(frame)
        function = frame.f_code.co_name.removeprefix("tf__")
        for holder, name, words in _readable(frame):
            key = (id(holder), name)
            earlier = self._reads.get(key)
            traces = earlier.traces + 1 if earlier is not None else 1
            line = self._line(code, name, place)
            self._reads[key] = _Read(holder, name, words, function, line, holder[name], traces)

    def _line(self, code: CodeType | None, name: str, otherwise: Place | None) -> Place | None:
        """The line of a function that reads an attribute or a global."""
        if code is None:
            return otherwise
        for part in _with_inner(code):
            starts = dict(dis.findlinestarts(part))
            line: int | None = None
            for step in dis.get_instructions(part):
                line = starts.get(step.offset) or line
                if step.argval == name and step.opname.startswith("LOAD_") and line is not None:
                    return self._places.place(part.co_filename, line)
        return otherwise


def _readable(frame: FrameType) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Numbers whose names stand in the code of a frame: where each is kept, and how it is written.

    Those of its object first, then those of its module.
    """
    names = tuple(
        dict.fromkeys(name for code in _with_inner(frame.f_code) for name in code.co_names)
    )
    owner = frame.f_locals.get("self")
    attributes = getattr(owner, "__dict__", None)
    library = owner is not None and kind_of(owner)
    if isinstance(attributes, dict):
        for name in names:
            value = attributes.get(name)
            inherited = library and (isinstance(value, bool) or name.startswith("_"))
            if _plain(value) and not inherited:
                yield attributes, name, f"self.{name}"
    for name in names:
        value = frame.f_globals.get(name)
        if _plain(value) and not isinstance(value, bool):
            yield frame.f_globals, name, name


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    """A function's code with that of its comprehensions, which Python before 3.12 sets apart."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and inner.co_name in _COMPREHENSIONS:
            yield from _with_inner(inner)


def _source_code(frame: FrameType) -> CodeType | None:
    """The code that the user wrote for a frame, which AutoGraph may have made."""
    if "__autograph_generated_file" not in frame.f_code.co_filename:
        return frame.f_code
    name = frame.f_code.co_name.removeprefix("tf__")
    owner = frame.f_locals.get("self")
    written = inspect.getattr_static(type(owner), name, None) if owner is not None else None
    if written is None:
        written = frame.f_globals.get(name)
    written = getattr(written, "python_function", written)
    code = getattr(inspect.unwrap(written), "__code__", None) if callable(written) else None
    return code if isinstance(code, CodeType) else None


def _plain(value: Any) -> bool:
    return isinstance(value, int | float | bool) and value == value
