"""One passage through a call that changes variables: measured before and after."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import replicas
from .applies import ApplyNote
from .auditing.audit import Audits
from .auditing.openings import Opened
from .auditing.optimizer_state import rule_of
from .eager import EagerOperations
from .graphs import TracedOperations
from .kinds import is_variable
from .measuring.measures import measurable
from .measuring.numbers import Numbers
from .measuring.sites import Site
from .measuring.sums import Sums
from .notes import identity
from .optimizers import state
from .pairs import inner_of
from .tapes import KEEP, Tapes
from .variables import Variables


@dataclass
class Passage:
    """One call under way, of an optimizer or by hand.

    Attributes:
        start: Operations before it.
        heard: Operations before the call itself, where it may be part of a loss.
    """

    note: ApplyNote | None
    site: Site | None = None
    variables: list[Any] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    gradients: list[Any] = field(default_factory=list)
    earlier: list[Any] = field(default_factory=list)
    audit: Opened | None = None
    loss: Any = None
    rate: Any = None
    iterations: Any = None
    start: int = 0
    heard: int | None = None
    outermost: bool = True
    merging: bool = False


SETTLED = 32
"""Eager steps of one kind after which it is known to which variables its optimizer assigns."""


class _Local(threading.local):
    depth = 0
    settled = False


class Passages:
    """Measures what the outermost of such calls do, and audits them.

    Attributes:
        numbers: What is measured.
        sums: Gradients before and after replicas sum them.
        audits: Compares some steps with the optimizer's rule.
        unwatched: Sentences: what could not be measured.
        made: Updates by optimizers in eager code.
        merging: Optimizers that wait until all replicas have come.

    Args:
        passed: Called after each of them.
    """

    def __init__(
        self,
        variables: Variables,
        eager: EagerOperations,
        tapes: Tapes,
        passed: Callable[[], None],
    ) -> None:
        self.numbers = Numbers()
        self.sums = Sums()
        self.audits = Audits(
            variables,
            tapes.taken_now,
            lambda tensor: identity(tensor) in tapes.origin,
            self.numbers.flush,
        )
        self.unwatched: set[str] = set()
        self.made = 0
        self.merging = 0
        self._variables = variables
        self._eager = eager
        self._tapes = tapes
        self._passed = passed
        self._local = _Local()

    @property
    def depth(self) -> int:
        """Such calls under way in this thread."""
        return self._local.depth

    def enter(self) -> int:
        """One more begins; gives how many were under way."""
        depth = self.depth
        self._local.depth = depth + 1
        return depth

    def leave(self) -> None:
        """The innermost one has ended."""
        self._local.depth = max(0, self.depth - 1)
        self._local.settled = False

    def is_settled(self, variable: object = None) -> bool:
        """An optimizer is at work in this thread whose assignments are known."""
        return self._local.settled

    def begin(
        self, passage: Passage, note: ApplyNote, pairs: list[tuple[Any, Any]], optimizer: Any
    ) -> None:
        """Reads the values before a step of an optimizer."""
        self._local.settled = not note.traced and note.counted >= SETTLED
        if note.given != "pairs":
            return
        parted = note.replicas > 1
        if parted and replicas.index() is None:
            self.unwatched.add("steps applied outside the replicas of a strategy")
            return
        if note.measured is None:
            note.measured = self._measurable(pairs, parted)
        passage.keys = list(note.measured.values())
        for position in note.measured:
            gradient, variable = pairs[position]
            passage.variables.append(replicas.local(variable) if parted else variable)
            passage.gradients.append(gradient)
        if not passage.variables or (note.traced and self.numbers.saving):
            return
        # The rule of a user's class may go any way; one of a library goes down.
        own = not parted and rule_of(inner_of(optimizer)).own
        site = self._site(note, passage, directed=own)
        if parted:
            self.sums.begin(passage.gradients)
            passage.loss = self._loss(note)
        self._eager.paused = True
        passage.earlier = self.numbers.before(site, passage.variables)
        if note.traced or note.counted < KEEP or note.counted % 16 == 0:
            passage.rate, passage.iterations = state(optimizer)
        if not parted:
            passage.audit = self.audits.begin(
                site, optimizer, passage.variables, passage.gradients, note.traced
            )
        self._eager.paused = False

    def _measurable(self, pairs: list[tuple[Any, Any]], parted: bool) -> dict[int, int]:
        """Positions and keys of the variables that can be measured, each once."""
        found: dict[int, int] = {}
        for position, (_, variable) in enumerate(pairs):
            key = self._variables.key(variable) if is_variable(variable) else None
            if key is None or not measurable(replicas.local(variable) if parted else variable):
                continue
            found.setdefault(key, position)
        return {position: key for key, position in found.items()}

    def begin_by_hand(self, passage: Passage, note: ApplyNote, key: int, variable: Any) -> None:
        """Reads the value before a change by hand."""
        gradient = self._tapes.latest.get(key)
        fits = gradient is not None and _usable(gradient, note)
        passage.gradients = [gradient if fits else None]
        passage.variables, passage.keys = [variable], [key]
        site = self._site(note, passage, directed=True)
        passage.earlier = self.numbers.before(site, passage.variables)

    def _site(self, note: ApplyNote, passage: Passage, directed: bool = False) -> Site:
        """The site of a note, a new one if it has none."""
        if note.site is None:
            note.site = Site(
                note.key,
                tuple(passage.keys),
                tuple(gradient is not None for gradient in passage.gradients),
                directed,
                note.replicas > 1,
                note.replica,
            )
            self.numbers.sites.append(note.site)
        passage.site = note.site
        return note.site

    @property
    def told(self) -> list[Site]:
        """The sites of steps: a change by hand is one if the variable is trained."""
        trained = self._tapes.trained
        return [
            site for site in self.numbers.sites if not site.directed or site.variables[0] in trained
        ]

    def end(self, passage: Passage) -> None:
        """Measures what the step did, unheard by our own recording."""
        self._eager.paused = True
        try:
            self._finish(passage)
        finally:
            self._eager.paused = False

    def _finish(self, passage: Passage) -> None:
        note = passage.note
        if note is None:
            return
        operations = note.operations
        done = len(operations)
        note.counted += 1
        first = note.replica == 0
        self.made += note.optimizer is not None and not note.traced and first
        if passage.site is not None:
            gradients, parts = passage.gradients, None
            if passage.site.parted:
                gradients, parts = self.sums.end(passage.gradients)
            self.numbers.after(
                passage.site,
                passage.variables,
                gradients,
                passage.earlier,
                passage.loss if passage.site.parted else self._loss(note),
                passage.rate,
                passage.iterations,
                parts,
            )
            self.audits.end(passage.audit, passage.rate)
        if isinstance(operations, TracedOperations):
            first_end = len(operations) if passage.heard is None else passage.heard
            operations.ranges.append((passage.start, first_end, "apply"))
            if passage.heard is not None:
                operations.ranges.append((done, len(operations), "apply"))
        if not note.traced:
            self._tapes.steps += first
            # A critic and an actor that take turns make one step together.
            self._tapes.passed = max(self._tapes.passed, note.counted)
        if first:
            self._passed()

    def _loss(self, note: ApplyNote) -> Any:
        """The latest target, if it can be read where the step happens."""
        loss = self._tapes.loss
        if loss is None or not hasattr(loss, "dtype") or not loss.dtype.is_floating:
            return None
        if hasattr(loss, "numpy"):
            return loss if not note.traced else None
        graph = getattr(note.operations, "graph", None)
        return loss if note.traced and loss.graph is graph else None

    def forget(self, applies: set[int]) -> None:
        """Drops what was to be measured in a trace that another one has replaced."""
        self.numbers.sites = [site for site in self.numbers.sites if site.apply not in applies]
        self.audits.forget(applies)


def _usable(gradient: Any, note: ApplyNote) -> bool:
    """The gradient belongs to the graph (or the eager code) at hand."""
    tensor = getattr(gradient, "values", gradient)
    eager = hasattr(tensor, "numpy")
    if not note.traced:
        return eager
    return eager or tensor.graph is getattr(note.operations, "graph", None)
