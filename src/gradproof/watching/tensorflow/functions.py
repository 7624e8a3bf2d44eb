"""Traced functions: their calls and their graphs."""

from __future__ import annotations

import itertools
import re
import threading
import weakref
from collections import Counter
from typing import Any, Protocol

from ..patches import Patches
from ..places import Places
from .eager import EagerOperations, in_graph
from .frozen import FrozenNumbers
from .graphs import TracedOperations
from .stale import Stale
from .variables import Variables

TRACES = 16
"""Traces of one function that are recorded."""

GRAPHS = 60

SETTLED = 8
"""Calls without a new trace after which eager operations between them are known."""


class Listener(Protocol):
    """Who is told of the outermost calls, and of the graphs that they trace."""

    def entering(self) -> None:
        """A call that is looked at begins."""

    def called(self, raised: bool) -> int:
        """A call that is looked at has returned, or raised.

        Gives the number of calls after it that need no look.
        """

    def quiet(self) -> bool:
        """Says whether the next call may be passed over, too."""

    def settle(self, traced: TracedOperations) -> None:
        """A graph's record is complete."""

    def forget(self, traced: TracedOperations) -> None:
        """Another graph's record has taken the place of this one."""

    def shape_of(self, traced: TracedOperations) -> Any:
        """What a trace is told apart by from another one."""


class _Running(threading.local):
    """Calls of traced functions under way in this thread: how many, and the outermost one."""

    depth = 0
    function: Any = None


class Functions:
    """Every traced function that trains.

    Attributes:
        calls: Outermost calls so far.
        unchanged: Those since the last new trace.
        unrecorded: Traces past the first `TRACES` of one function, or `GRAPHS` of all.

    Args:
        around: Is told of each call, of nested ones too.
        frozen: The numbers that traced code reads.
        listener: Is told of the outermost calls.
    """

    def __init__(
        self,
        places: Places,
        variables: Variables,
        eager: EagerOperations,
        around: Stale,
        frozen: FrozenNumbers,
        listener: Listener,
    ) -> None:
        self.graphs: list[TracedOperations] = []
        self.unrecorded = 0
        self.calls = 0
        self.unchanged = 0
        self._places = places
        self._variables = variables
        self._eager = eager
        self._around = around
        self._frozen = frozen
        self._listener = listener
        self._open: dict[int, TracedOperations] = {}
        self._skipped: set[int] = set()
        self._traces: weakref.WeakKeyDictionary[Any, Counter[str]] = weakref.WeakKeyDictionary()
        self._unowned: Counter[str] = Counter()
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
        self._around.enter(function)
        self._local.depth += 1
        if self._local.depth > 1:
            return False
        self._local.function = function
        if self._spare > 0 and not in_graph() and self._listener.quiet():
            self._spare -= 1
            return True
        self._listener.entering()
        return False

    def _leave(self, function: Any, passed: bool, raised: bool = False) -> None:
        """A call has ended; one that was to be passed over is, if nothing was new."""
        self._around.leave(function)
        self._local.depth = max(0, self._local.depth - 1)
        if self._local.depth:
            return
        self._local.function = None
        self.calls += 1
        self.unchanged += 1
        if passed and not self._open and self._listener.quiet():
            return
        if self._open:
            self._close_graphs()
        else:
            self._frozen.compare(self.calls)
        spare = self._listener.called(raised)
        compared = self._frozen.spare(self.calls)
        if self.unchanged < SETTLED:
            spare = 0
        elif compared is not None:
            spare = min(spare, compared)
        self._spare = spare

    def _close_graphs(self) -> None:
        """A call that traced has ended: its graphs are complete."""
        self.unchanged = 0
        for traced in self._replaced(list(self._open.values())):
            self._listener.settle(traced)
            traced.close()
        self._open.clear()
        self._skipped.clear()

    def _replaced(self, traces: list[TracedOperations]) -> list[TracedOperations]:
        """The traces of one call that count, each of its kind the last.

        A function that makes variables at its first call is traced twice, and
        only the second graph runs.
        """
        last: dict[Any, TracedOperations] = {}
        for traced in traces:
            key = (_base_name(traced.name), self._listener.shape_of(traced))
            if key in last:
                self._listener.forget(last[key])
                self.graphs.remove(last[key])
            last[key] = traced
        return list(last.values())


def _base_name(name: str) -> str:
    """The name of a graph without the number that makes it unique."""
    return re.sub(r"_\d+$", "", name)
