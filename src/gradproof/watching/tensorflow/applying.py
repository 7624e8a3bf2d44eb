"""Optimizers at work: every call that hands gradients to one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ..patches import Patches
from ..places import Places
from . import replicas
from .applies import Applies, ApplyNote
from .eager import EagerOperations, in_graph
from .frames import stack_here
from .graphs import TracedOperations
from .kinds import is_variable
from .notes import Operations
from .optimizers import Optimizers
from .pairs import inner_of, keep_pairs, kind_of_gradient, known_to, name_of, pairs_of
from .passages import Passage, Passages
from .tapes import KEEP, Tapes
from .variables import Variables


class Applying:
    """Watches `apply_gradients` and the like of both Keras generations."""

    def __init__(
        self,
        places: Places,
        variables: Variables,
        eager: EagerOperations,
        tapes: Tapes,
        graph_of: Callable[[], TracedOperations | None],
        optimizers: Optimizers,
        applies: Applies,
        passages: Passages,
    ) -> None:
        self._places = places
        self._variables = variables
        self._eager = eager
        self._tapes = tapes
        self._graph_of = graph_of
        self._optimizers = optimizers
        self._applies = applies
        self._passages = passages

    def install(self, patches: Patches, kind: Any, methods: tuple[str, ...]) -> None:
        """Watches the optimizers of one Keras generation."""
        for name in methods:
            if name in vars(kind):
                patches.around(
                    kind,
                    name,
                    before=lambda optimizer, args, kwargs, name=name: self._begin(
                        optimizer, args, kwargs, name
                    ),
                    after=lambda passage, optimizer, result: self._end(passage, optimizer),
                    raised=lambda passage, optimizer, problem: self._raised(passage, problem),
                    prepare=keep_pairs if name == "apply_gradients" else None,
                )
        if "__init__" in vars(kind):
            patches.around(
                kind, "__init__", after=lambda note, new, result: self._optimizers.made(new)
            )

    def _begin(self, optimizer: Any, args: Any, kwargs: Any, method: str) -> Passage | None:
        within = self._passages.depth and method != "minimize"
        given, pairs = ("", []) if within else pairs_of(method, args, kwargs, optimizer)
        if method == "minimize" and given != "loss":
            return None  # it goes on to `apply_gradients`, which tells all
        if self._passages.enter():
            return Passage(None, outermost=False)
        if given == "spent" and (self._tapes.last is None or not self._tapes.last.asked):
            given = "empty"
        traced = in_graph()
        operations: Operations | None = self._graph_of() if traced else self._eager
        # Replicas hand their gradients to the main thread, which assigns for all.
        passage = Passage(None, merging=replicas.count() > 1)
        self._passages.merging += passage.merging
        if operations is None:
            return passage
        passage.start = len(operations)
        passage.note = self._note(optimizer, method, given, pairs, operations, traced)
        self._passages.begin(passage, passage.note, pairs, optimizer)
        if not traced:
            self._eager.paused = True
        return passage

    def _note(
        self,
        optimizer: Any,
        method: str,
        given: str,
        pairs: list[tuple[Any, Any]],
        operations: Operations,
        traced: bool,
    ) -> ApplyNote:
        """The note of this place, a new one when something is new."""
        stack = (stack_here(self._places) if traced else self._places.here(5))[0]
        number = self._optimizers.key(optimizer)
        keys = [
            self._variables.key(variable) if is_variable(variable) else None
            for _, variable in pairs
        ]
        pattern = (
            stack[-1] if stack else None,
            number,
            given,
            tuple(keys),
            tuple(gradient is None for gradient, _ in pairs),
            operations.key,
            replicas.index(),
        )
        self._applies.times[pattern] += 1
        if not traced and self._applies.times[pattern] > KEEP:
            return self._applies.latest[pattern]
        applied = optimizer if method == "minimize" else inner_of(optimizer)
        note = ApplyNote(
            self._applies.new_key(),
            stack,
            operations,
            len(operations),
            type(applied).__name__,
            number,
            [
                (key, kind_of_gradient(gradient), self._own(gradient), name_of(variable))
                for key, (gradient, variable) in zip(keys, pairs, strict=True)
            ],
            traced,
            given,
            known_to(optimizer, self._variables),
            self._tapes.last.key if self._tapes.last is not None else None,
            replicas.count(),
            replicas.index() or 0,
        )
        earlier = self._applies.latest.get(pattern)
        if earlier is not None:
            note.site = earlier.site
        self._applies.add(pattern, note)
        self._tapes.fresh = True
        return note

    def _own(self, gradient: Any) -> Any:
        """A gradient; of one that the replica had summed its own part."""
        part = self._passages.sums.part_of(gradient)
        return gradient if part is None else part

    def _end(self, passage: Passage | None, optimizer: Any) -> None:
        if passage is None:
            return
        self._leave(passage)
        if passage.outermost:
            self._passages.end(passage)
            if passage.note is not None and passage.note.counted == 1:
                self._optimizers.describe(optimizer)

    def _raised(self, passage: Passage | None, problem: BaseException) -> None:
        if passage is None:
            return
        self._leave(passage)
        if passage.outermost:
            self._eager.paused = False
            if passage.note is not None:
                passage.note.error = f"{type(problem).__name__}: {str(problem)[:300]}"
                plain = self._applies.plain(passage.note)
                passage.note.plain = dataclasses.replace(plain, error=passage.note.error)

    def _leave(self, passage: Passage) -> None:
        self._passages.merging -= passage.merging
        self._passages.leave()
