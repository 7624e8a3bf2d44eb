"""Variables changed by hand: `assign`, `assign_add`, `assign_sub` past any optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..patches import Patches
from ..places import Places
from . import replicas
from .applies import Applies, ApplyNote
from .eager import EagerOperations, in_graph
from .frames import stack_here
from .graphs import TracedOperations
from .measuring.measures import measurable
from .notes import Operations
from .pairs import name_of
from .passages import Passage, Passages
from .tapes import KEEP, Tapes
from .variables import Variables
from .writes import Writes

SCATTERS = (
    "scatter_add",
    "scatter_sub",
    "scatter_update",
    "batch_scatter_update",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_nd_update",
    "_strided_slice_assign",
)
"""Changes of single rows, `w[:5].assign(...)` among them: counted, not measured."""

HANDMADE = 400
"""Changes by hand that are remembered one by one."""


class Assigning:
    """Watches assignments to variables.

    Attributes:
        writes: Counts all of them.

    Args:
        by_hand: Called before each, with the number of those at its place.
    """

    def __init__(
        self,
        places: Places,
        variables: Variables,
        eager: EagerOperations,
        tapes: Tapes,
        graph_of: Callable[[], TracedOperations | None],
        applies: Applies,
        passages: Passages,
        by_hand: Callable[[int], None],
    ) -> None:
        self.writes = Writes(places, variables)
        self._places = places
        self._variables = variables
        self._eager = eager
        self._tapes = tapes
        self._graph_of = graph_of
        self._applies = applies
        self._passages = passages
        self._by_hand = by_hand

    def install(self, patches: Patches) -> None:
        """Watches `assign*` of `tf.Variable`s, and so of Keras variables."""
        from tensorflow.python.ops.resource_variable_ops import (
            BaseResourceVariable,
            ResourceVariable,
        )

        # ResourceVariable has its own, set by TensorFlow's weak tensors.
        for kind in (BaseResourceVariable, ResourceVariable):
            for name in ("assign", "assign_add", "assign_sub"):
                if name in vars(kind):
                    patches.around(
                        kind,
                        name,
                        before=lambda variable, args, kwargs, name=name: self._begin(
                            variable, args, kwargs, name
                        ),
                        after=lambda passage, variable, result: self._end(passage),
                        raised=lambda passage, variable, problem: self._raised(passage),
                        unless=self._passages.is_settled,
                    )
        for name in SCATTERS:
            patches.around(
                BaseResourceVariable,
                name,
                before=lambda variable, args, kwargs, name=name: self.writes.note(
                    variable, name, not self._passages.depth, bool(self._tapes.open)
                ),
            )

    def _begin(self, variable: Any, args: Any, kwargs: Any, name: str) -> Passage | None:
        depth = self._passages.depth
        self.writes.note(variable, name, not depth, bool(self._tapes.open))
        busy = depth or self._passages.merging or self._eager.paused
        if busy or not getattr(variable, "trainable", False):
            return None
        key = self._variables.key(variable)
        traced = in_graph()
        # In a graph nobody knows yet what the rest of it will ask a gradient for.
        if key is None or not (traced or self._tapes.trained):
            return None
        if traced and _initializing():
            return None
        operations: Operations | None = self._graph_of() if traced else self._eager
        if operations is None or len(self._applies.notes) > HANDMADE:
            return None
        passage = Passage(None, start=len(operations))
        value = args[0] if args else kwargs.get("value", kwargs.get("delta"))
        passage.note = note = self._note(operations, name, key, variable, value, traced)
        measured = not (traced and self._passages.numbers.saving) and replicas.count() == 1
        trained = key in self._tapes.trained or (traced and not self._tapes.trained)
        if measured and trained and measurable(variable):
            self._passages.begin_by_hand(passage, note, key, variable)
        if key not in self._tapes.trained:
            # A loss may read the value back: the assignment stays part of its way.
            passage.heard = len(operations)
        self._passages.enter()
        return passage

    def _note(
        self,
        operations: Operations,
        name: str,
        key: int,
        variable: Any,
        value: Any,
        traced: bool,
    ) -> ApplyNote:
        """The note of this place: a new one for each trace and the first eager times."""
        stack, via = stack_here(self._places) if traced else self._places.here(5)
        word = next((step for step in via if step.startswith("assign_")), name)
        pattern = (stack[-1] if stack else None, key, word, operations.key)
        self._applies.times[pattern] += 1
        times = self._applies.times[pattern]
        self._by_hand(times)
        earlier = self._applies.latest.get(pattern)
        if earlier is not None and not traced and times > KEEP:
            return earlier
        note = ApplyNote(
            self._applies.new_key(),
            stack,
            operations,
            len(operations),
            word,
            None,
            [(key, "gradient", value, name_of(variable))],
            traced,
            "pairs",
            None,
            self._tapes.last.key if self._tapes.last is not None else None,
        )
        if earlier is not None and not traced:
            note.site = earlier.site
        self._applies.add(pattern, note)
        return note

    def _end(self, passage: Passage | None) -> None:
        if passage is not None:
            self._passages.leave()
            self._passages.end(passage)

    def _raised(self, passage: Passage | None) -> None:
        if passage is not None:
            self._passages.leave()


def _initializing() -> bool:
    """TensorFlow is tracing the first values of variables made in a function."""
    from tensorflow.python.framework import ops

    graph = ops.get_default_graph()
    while graph is not None and getattr(graph, "name", "") != "initialize_variables":
        graph = getattr(graph, "outer_graph", None)
    return graph is not None
