"""The calls that change variables, while their tensors live and as plain data."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ...evidence.applies import Apply, Pair
from ...evidence.origins import follow
from ..places import Stack
from .eager import EagerOperations
from .graphs import TracedOperations
from .kinds import is_variable
from .measuring.sites import Site
from .notes import Operations, identity
from .tapes import Tapes
from .variables import Variables


@dataclass
class ApplyNote:
    """An apply call while its tensors live.

    `measured`: by the positions of the pairs whose variables can be, the keys of these.
    """

    key: int
    stack: Stack
    operations: Operations
    at: int
    by: str
    optimizer: int | None
    pairs: list[tuple[int | None, str, Any, str]]
    traced: bool
    given: str
    known: frozenset[int] | None
    call: int | None
    replicas: int = 1
    replica: int = 0
    error: str | None = None
    counted: int = 0
    site: Site | None = None
    measured: dict[int, int] | None = None
    plain: Apply | None = None
    settled: bool = False


class Applies:
    """All places at which variables are changed, by optimizers and by hand.

    Attributes:
        notes: In order.
        latest: The last note of each pattern: of a place, and all that is told apart there.
        times: Calls of each pattern.
    """

    def __init__(self, variables: Variables, tapes: Tapes) -> None:
        self.notes: list[ApplyNote] = []
        self.latest: dict[Any, ApplyNote] = {}
        self.times: Counter[Any] = Counter()
        self._variables = variables
        self._tapes = tapes
        self._numbers = itertools.count(1)

    @property
    def used(self) -> bool:
        """An optimizer was asked to apply gradients: it is not only there."""
        return any(note.optimizer is not None for note in self.notes)

    def new_key(self) -> int:
        """A number for one more note."""
        return next(self._numbers)

    def add(self, pattern: Any, note: ApplyNote) -> None:
        """Keeps a note; that of eager code is made plain while its tensors live."""
        self.latest[pattern] = note
        self.notes.append(note)
        if not note.traced:
            self.plain(note)

    def forget(self, operations: Operations) -> set[int]:
        """Drops the notes of a trace that another one has replaced; gives their keys."""
        gone = {note.key for note in self.notes if note.operations is operations}
        self.notes = [note for note in self.notes if note.key not in gone]
        return gone

    def settle(self, operations: Operations) -> None:
        """Turns the notes of a finished graph into plain data."""
        for note in self.notes:
            if note.operations is operations:
                self.plain(note, final=True)

    def record(self) -> tuple[Apply, ...]:
        """All apply calls as plain data."""
        return tuple(self.plain(note) for note in self.notes)

    def plain(self, note: ApplyNote, final: bool = False) -> Apply:
        """One apply call as plain data; what is settled is not worked out again."""
        if note.plain is not None and (note.settled or not note.traced):
            if not note.traced and note.plain.counted != note.counted:
                note.plain = replace(note.plain, counted=note.counted)
            return note.plain
        operations = note.operations
        at = operations.position(note.at) if isinstance(operations, TracedOperations) else note.at
        note.plain = Apply(
            note.key,
            note.stack,
            operations.key,
            at,
            note.by,
            note.optimizer,
            tuple(self._pair(note, *pair) for pair in note.pairs),
            note.traced,
            note.given,
            note.error,
            note.known,
            note.counted,
            note.call,
            note.replicas,
            note.replica,
        )
        if final or not note.traced:
            note.settled = True
            note.pairs = []
        return note.plain

    def _pair(self, note: ApplyNote, key: int | None, kind: str, gradient: Any, name: str) -> Pair:
        if kind != "gradient":
            buffer = self._variables.key(gradient) if kind == "variable" else None
            return Pair(key, kind, None, None, name, buffer=buffer)
        found = self._tapes.origin.get(identity(gradient))
        if isinstance(note.operations, EagerOperations) and not note.operations.on:
            index = -1
        else:
            index = note.operations.find(getattr(gradient, "values", gradient))
        handed = index if index >= 0 else None
        if found is not None:
            return Pair(key, kind, frozenset({found[1]}), found[0], name, handed)
        if handed is None:
            return Pair(key, kind, None, None, name)
        taken = follow(note.operations.record(), handed, self._results(note.operations))
        return Pair(key, kind, taken, None, name, handed)

    def _results(self, operations: Operations) -> dict[int, frozenset[int]]:
        """For operations that made gradients: the variables they are for."""
        found: dict[int, set[int]] = {}
        for call in self._tapes.calls:
            if call.tape.operations is not operations:
                continue
            if call.plain is not None and call.settled:
                for source in call.plain.sources:
                    if source.result is not None and source.variable is not None:
                        found.setdefault(source.result, set()).add(source.variable)
                continue
            for source, gradient in zip(call.sources, call.results or [], strict=False):
                key = self._variables.key(source) if is_variable(source) else None
                if key is not None and gradient is not None:
                    index = operations.find(getattr(gradient, "values", gradient))
                    found.setdefault(index, set()).add(key)
        return {index: frozenset(keys) for index, keys in found.items() if index >= 0}
