"""When functions are traced, for what, and how long it takes."""

from __future__ import annotations

import inspect
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from ...evidence.tracings import Argument, Tracing
from ...finding import Place
from ..patches import Patches
from ..places import Places, Stack
from .eager import in_graph
from .variables import Variables

KEEP = 400
"""Traces that are remembered."""


@dataclass
class _Open:
    """A trace under way."""

    code: CodeType | None
    number: int
    stack: Stack
    arguments: tuple[Argument, ...]
    graph: Any
    start: float


class Tracings:
    """Every trace that eager code caused.

    Args:
        calls: Tells how often traced functions were called so far.
    """

    def __init__(self, places: Places, variables: Variables, calls: Callable[[], int]) -> None:
        self.found: list[Tracing] = []
        self._places = places
        self._variables = variables
        self._calls = calls
        self._objects: dict[Any, weakref.WeakKeyDictionary[Any, int]] = {}
        self._made: dict[Any, int] = {}
        self._sites: dict[Any, Place | None] = {}
        self._local = threading.local()

    def install(self, patches: Patches) -> None:
        """Watches the tracing of functions."""
        from tensorflow.python.eager.polymorphic_function import tracing_compilation
        from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

        patches.around(
            Function,
            "__init__",
            before=lambda function, args, kwargs: self._makes(*args[:1], **kwargs),
        )
        patches.around(
            tracing_compilation,
            "_create_concrete_function",
            before=self._begin,
            after=self._end,
            raised=lambda note, kind, problem: self._close(note),
        )

    def _makes(self, python_function: Any = None, **options: Any) -> None:
        """A traced function is made; a decorated method is made once more for each object.

        Keras makes one at each eager call of a convolution, always of the same code.
        """
        if getattr(python_function, "__code__", None) in self._sites:
            return
        code = _code_of(python_function)
        if code is not None and code not in self._sites:
            stack, _ = self._places.here(4)
            self._sites[code] = stack[-1] if stack else None

    def _begin(self, kind: Any, args: Any, kwargs: Any) -> _Open | None:
        # A graph under construction is the default one by now, so the depth
        # tells whether eager code asked for the trace.
        depth = self._local.depth = getattr(self._local, "depth", 0) + 1
        if depth > 1 or in_graph() or len(self.found) >= KEEP or len(args) < 3:
            return None
        written = args[2].python_function
        code = _code_of(written)
        stack, _ = self._places.here(4)
        return _Open(
            code,
            self._number(code, written),
            stack,
            tuple(_arguments(kind)),
            args[1],
            time.perf_counter(),
        )

    def _number(self, code: CodeType | None, written: Any) -> int:
        """Which function object of one definition this is."""
        objects = self._objects.setdefault(code, weakref.WeakKeyDictionary())
        try:
            found = objects.get(written)
            if found is None:
                found = self._made[code] = self._made.get(code, 0) + 1
                objects[written] = found
            return found
        except TypeError:
            return 1

    def _close(self, note: _Open | None) -> None:
        self._local.depth = max(0, getattr(self._local, "depth", 1) - 1)

    def _end(self, note: _Open | None, kind: Any, result: Any) -> None:
        self._close(note)
        if note is None:
            return
        seconds = time.perf_counter() - note.start
        code = note.code
        place = None
        if code is not None and not self._places.library(code.co_filename):
            place = self._places.place(code.co_filename, code.co_firstlineno)
        tracing = Tracing(
            code.co_name if code is not None else "",
            place,
            note.stack,
            note.number,
            self._calls() + 1,
            note.arguments,
            frozenset(self._keys(note.graph)),
            seconds,
            self._sites.get(code) if place is not None else None,
        )
        last = self.found[-1] if self.found else None
        if last is not None and _again(last, tracing):
            self.found.pop()
        self.found.append(tracing)

    def _keys(self, graph: Any) -> Iterator[int]:
        for outside, _ in getattr(graph, "captures", ()):
            key = self._variables.handles.get(getattr(outside, "_id", -1))
            if key is not None:
                yield key


def _again(first: Tracing, second: Tracing) -> bool:
    """A function that makes variables is traced twice at its first call."""
    return (first.place, first.function, first.number, first.call, first.stack) == (
        second.place,
        second.function,
        second.number,
        second.call,
        second.stack,
    )


def _code_of(written: Any) -> CodeType | None:
    """The code that the user wrote for a traced function."""
    from tensorflow.python.util import tf_decorator

    _, inner = tf_decorator.unwrap(written)
    inner = inspect.unwrap(inner) if callable(inner) else inner
    inner = getattr(inner, "__wrapped__", inner)
    inner = getattr(inner, "func", inner)
    inner = getattr(inner, "__func__", inner)
    code = getattr(inner, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _arguments(kind: Any) -> Iterator[Argument]:
    """What a trace takes its arguments for."""
    for name, parameter in kind.parameters.items():
        yield from _entries(name, parameter.type_constraint, 0)


def _entries(name: str, given: Any, depth: int) -> Iterator[Argument]:
    entries = getattr(given, "components", None)
    if entries is None:
        entries = getattr(given, "mapping", None)
    if hasattr(given, "value") and type(given).__name__ == "Literal":
        value = given.value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        yield Argument(name, "number" if number else "object", repr(value)[:60])
    elif hasattr(given, "dtype") and hasattr(given, "shape"):
        yield Argument(name, "tensor", f"{given.dtype.name}{given.shape}")
    elif isinstance(entries, dict | list | tuple) and depth < 2:
        pairs = entries.items() if isinstance(entries, dict) else enumerate(entries)
        for key, entry in pairs:
            yield from _entries(f"{name}[{key!r}]", entry, depth + 1)
    else:
        yield Argument(name, "object", repr(given)[:120])
