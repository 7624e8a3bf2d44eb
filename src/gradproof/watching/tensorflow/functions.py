"""Traced functions: their graphs, and Python values that they froze."""

from __future__ import annotations

import dis
import inspect
import itertools
import re
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from ...evidence.frozen import FrozenState
from ...finding import Place
from ..patches import Patches
from ..places import Places
from .eager import EagerOperations, in_graph
from .graphs import TracedOperations, stack_here
from .kinds import kind_of
from .stale import Stale
from .variables import Variables

TRACES = 16
"""Traces of one function that are recorded."""

GRAPHS = 60
WATCHED_CALLS, COMPARED = 100, 50
"""Calls after each of which frozen numbers are compared; after them, once in so many."""

_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})

SETTLED = 8
"""Calls without a new trace after which eager operations between them are known."""


class _Running(threading.local):
    """Calls of traced functions under way in this thread: how many, and the outermost one."""

    depth = 0
    function: Any = None


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


class Functions:
    """Every traced function that trains.

    Attributes:
        calls: Outermost calls so far.
        unchanged: Those since the last new trace.
        unrecorded: Traces past the first `TRACES` of one function, or `GRAPHS` of all.
        around: Is told of each call, of nested ones too.
        entering: Called before each outermost call that is looked at.
        quiet: Says whether the next call may be passed over, too.

    Args:
        called: Called after each outermost call of a traced function that is
            looked at, with whether it raised. Gives the number of calls after
            it that need no look.
        settle: Called with each graph record that is complete.
        shape_of: Tells what a trace is told apart by from another one.
        forget: Called with a graph record that another one has replaced.
    """

    def __init__(
        self,
        places: Places,
        variables: Variables,
        eager: EagerOperations,
        called: Callable[[bool], int],
        settle: Callable[[TracedOperations], None],
        shape_of: Callable[[TracedOperations], Any],
        forget: Callable[[TracedOperations], None],
    ) -> None:
        self.graphs: list[TracedOperations] = []
        self.frozen: dict[tuple[int, str], FrozenState] = {}
        self._places = places
        self._variables = variables
        self._eager = eager
        self._called = called
        self._settle = settle
        self._shape_of = shape_of
        self._forget = forget
        self._open: dict[int, TracedOperations] = {}
        self._skipped: set[int] = set()
        self._traces: weakref.WeakKeyDictionary[Any, Counter[str]] = weakref.WeakKeyDictionary()
        self._unowned: Counter[str] = Counter()
        self._reads: dict[tuple[int, str], _Read] = {}
        self._fresh: set[tuple[int, str]] = set()
        self.unrecorded = 0
        self.calls = 0
        self.unchanged = 0
        self.around: Stale | None = None
        self.entering: Callable[[], None] | None = None
        self.quiet: Callable[[], bool] = lambda: False
        self._spare = 0
        self._local = _Running()
        self._numbers = itertools.count(2)

    def install(self, patches: Patches) -> None:
        """Watches calls of `tf.function`."""
        from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function

        patches.around(
            Function,
            "__call__",
            before=lambda function, args, kwargs: self._enter(function),
            after=lambda passed, function, result: self._leave(function, passed),
            raised=lambda passed, function, problem: self._leave(function, False, raised=True),
        )

    def graph(self) -> TracedOperations | None:
        """The record of the graph that is being traced."""
        from tensorflow.python.framework import ops
        from tensorflow.python.framework.func_graph import FuncGraph

        graph = ops.get_default_graph()
        if not isinstance(graph, FuncGraph) or id(graph) in self._skipped:
            return None
        found = self._open.get(id(graph))
        if found is None:
            traces = self._traces_so_far()
            traces[str(graph.name)] += 1
            if len(self.graphs) >= GRAPHS or traces[str(graph.name)] > TRACES:
                self._skipped.add(id(graph))
                self.unrecorded += 1
                return None
            found = TracedOperations(
                next(self._numbers), graph, self._places, self._variables, self._eager
            )
            self._open[id(graph)] = found
            self.graphs.append(found)
            self._eager.start()
        return found

    def _traces_so_far(self) -> Counter[str]:
        """Traces of the function that is called, by name: it may trace others within."""
        function = self._local.function
        if function is None:
            return self._unowned
        return self._traces.setdefault(function, Counter())

    def _enter(self, function: Any) -> bool:
        """A call begins; says whether it may be passed over: a look costs 30 us."""
        if self.around is not None:
            self.around.enter(function)
        self._local.depth += 1
        if self._local.depth > 1:
            return False
        self._local.function = function
        if self._spare > 0 and not in_graph() and self.quiet():
            self._spare -= 1
            return True
        if self.entering is not None:
            self.entering()
        return False

    def _leave(self, function: Any, passed: bool, raised: bool = False) -> None:
        """A call has ended; one that was to be passed over is, if nothing was new."""
        if self.around is not None:
            self.around.leave(function)
        self._local.depth = max(0, self._local.depth - 1)
        if self._local.depth:
            return
        self._local.function = None
        self.calls += 1
        self.unchanged += 1
        if passed and not self._open and self.quiet():
            return
        if self._open:
            self.unchanged = 0
            for traced in self._replaced(list(self._open.values())):
                self._settle(traced)
                traced.close()
            self._open.clear()
            self._skipped.clear()
        elif self._reads:
            self._compare()
        self._fresh.clear()
        spare = self._called(raised)
        if self.unchanged < SETTLED:
            spare = 0
        elif self._reads:
            spare = min(spare, self._uncompared)
        self._spare = spare

    @property
    def _uncompared(self) -> int:
        """Calls before frozen numbers are compared again."""
        return 0 if self.calls < WATCHED_CALLS else COMPARED - 1 - self.calls % COMPARED

    def _replaced(self, traces: list[TracedOperations]) -> list[TracedOperations]:
        """The traces of one call that count, each of its kind the last.

        A function that makes variables at its first call is traced twice, and
        only the second graph runs.
        """
        last: dict[Any, TracedOperations] = {}
        for traced in traces:
            key = (_base_name(traced.name), self._shape_of(traced))
            if key in last:
                self._forget(last[key])
                self.graphs.remove(last[key])
            last[key] = traced
        return list(last.values())

    def freeze(self) -> None:
        """Notes the Python numbers that the running traced code can read."""
        stack, _ = stack_here(self._places)
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            path = frame.f_code.co_filename
            if "__autograph_generated_file" in path or not self._places.library(path):
                if frame.f_code.co_name == "<module>":
                    return
                self._freeze_frame(frame, stack[-1] if stack else None)
            elif frame.f_code.co_name == "func_graph_from_py_func":
                return
            frame = frame.f_back

    def _freeze_frame(self, frame: FrameType, place: Place | None) -> None:
        names = tuple(
            dict.fromkeys(name for code in _with_inner(frame.f_code) for name in code.co_names)
        )
        code = _source_code(frame)
        function = frame.f_code.co_name.removeprefix("tf__")
        owner = frame.f_locals.get("self")
        attributes = getattr(owner, "__dict__", None)
        library = kind_of(owner) if owner is not None else None
        if isinstance(attributes, dict):
            for name in names:
                value = attributes.get(name)
                if _plain(value) and not (
                    library and (isinstance(value, bool) or name.startswith("_"))
                ):
                    self._note(
                        attributes,
                        name,
                        f"self.{name}",
                        function,
                        self._line(code, name, place),
                        value,
                    )
        variables = frame.f_globals
        for name in names:
            value = variables.get(name)
            if _plain(value) and not isinstance(value, bool):
                self._note(variables, name, name, function, self._line(code, name, place), value)

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

    def _note(
        self,
        holder: dict[str, Any],
        attribute: str,
        name: str,
        function: str,
        place: Place | None,
        value: Any,
    ) -> None:
        key = (id(holder), attribute)
        earlier = self._reads.get(key)
        traces = earlier.traces + 1 if earlier is not None else 1
        self._fresh.add(key)
        self._reads[key] = _Read(holder, attribute, name, function, place, value, traces)

    def _compare(self) -> None:
        """Looks whether a frozen number has changed since."""
        if self.calls > WATCHED_CALLS and self.calls % COMPARED:
            return
        for key, read in self._reads.items():
            earlier = self.frozen.get(key)
            # What only the trace itself changed, such as a counter of traces,
            # differs once and stays; so a second change is worth noting.
            if earlier is not None and earlier.call - 1 > earlier.traces:
                continue
            value = read.holder.get(read.attribute)
            if earlier is not None and earlier.value == repr(value):
                continue
            if _plain(value) and value != read.value:
                self.frozen[key] = FrozenState(
                    read.name,
                    read.function,
                    read.place,
                    repr(read.value),
                    repr(value),
                    self.calls,
                    read.traces,
                )


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


def _base_name(name: str) -> str:
    """The name of a graph without the number that makes it unique."""
    return re.sub(r"_\d+$", "", name)


def _plain(value: Any) -> bool:
    return isinstance(value, int | float | bool) and value == value
