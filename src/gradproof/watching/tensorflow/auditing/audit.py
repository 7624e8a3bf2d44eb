"""The audit: on a few steps, does the change follow from gradient, state and rule?

Eager steps are audited on the first passages of each apply call and seldom
later: values, gradients and state are read before, values after. Inside a
traced function nothing is added for it: values and state are read before and
after a call of the function that makes one step, and the gradient that must
have been used is told from the state. Only arithmetic of our own runs, so that
nothing of the program's is called or changed.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

from ....evidence.ledger import Audit
from ....interrupts import theirs
from ..eager import in_graph
from ..kinds import bare
from ..masks import masked_by
from ..measuring.sites import Site
from ..pairs import inner_of
from ..variables import Variables
from .openings import Opened, Passage, Traced, before_apply, before_call, before_first
from .optimizer_state import rule_of
from .rules import Array

FIRST = 3
"""Steps of each apply call that are audited at first."""

TRIES = 8
"""Traced calls in a row that are looked at in vain."""

ELEMENTS = 1_000_000
"""Elements of all variables together up to which a step is audited."""

MANY = 1_000_000
"""Calls before the next audit, where there is none to come."""

KEPT = 6
"""Audits of one variable at one apply call that are kept."""


class Audits:
    """Audited steps, eager and traced.

    Args:
        variables: Knows the keys.
        latest: Gives the gradient that was last taken for a variable, if it
            was taken for the present step.
        origin: Says whether a tensor is a gradient as a tape gave it.
        flush: Reads what was measured of the latest steps.
    """

    def __init__(
        self,
        variables: Variables,
        latest: Callable[[int], Any],
        origin: Callable[[Any], bool],
        flush: Callable[[], None],
    ) -> None:
        self.found: dict[tuple[int, int], list[Audit]] = {}
        self.problem: str | None = None
        self._variables = variables
        self._latest = latest
        self._origin = origin
        self._flush = flush
        self._traced: list[Traced] = []
        self._first: list[Opened] = []
        self._passed: Counter[int] = Counter()
        self._hidden: dict[tuple[int, int], Array] = {}
        self._again: set[int] = set()
        self._local = threading.local()
        self._calls = 0
        self._next = 0
        self._vain = 0

    @property
    def unwatched(self) -> set[str]:
        """What could not be audited, in words."""
        if self.problem is None:
            return set()
        return {f"whether changes are what the optimizer's rule says ({self.problem})"}

    def record(self) -> tuple[Audit, ...]:
        """All audits, by apply call and variable, in order."""
        return tuple(audit for audits in self.found.values() for audit in audits)

    def begin(
        self, site: Site, optimizer: Any, variables: list[Any], gradients: list[Any], traced: bool
    ) -> Opened | None:
        """Reads what stands before a step, if it is to be audited.

        An apply call that is being traced is only remembered.
        """
        if self.problem is not None:
            return None
        if traced:
            self._safely(self._remember, site, optimizer, variables, gradients)
            return None
        self._passed[site.apply] += 1
        # A mask is known to last by two steps in a row.
        if not _due(self._passed[site.apply] - 1) and site.apply not in self._again:
            return None
        self._again.discard(site.apply)
        found: Opened | None = self._safely(self._open, site, optimizer, variables, gradients)
        return found

    def _remember(self, site: Site, optimizer: Any, variables: list[Any], gradients: Any) -> None:
        if len(self._traced) >= 20 or not _small(variables):
            return
        self._traced = [one for one in self._traced if one.optimizer() is not None]
        traced = Traced(
            site,
            weakref.ref(optimizer),
            rule_of(inner_of(optimizer)),
            [
                (key, weakref.ref(variable))
                for key, variable in zip(site.variables, variables, strict=True)
            ],
        )
        for key, variable, gradient in zip(site.variables, variables, gradients, strict=True):
            mask = masked_by(gradient, self._origin, self._variables)
            if mask is not None and mask.shape == tuple(variable.shape):
                traced.masks[key] = mask
            if gradient is not None and self._origin(gradient):
                traced.direct.add(key)
        self._traced.append(traced)
        first = before_first(traced, optimizer) if traced.masks else None
        if first is not None:
            self._first.append(first)
        # The graph was not run yet; variables made in it have no value.
        self._next = self._calls + 1
        self._vain = 0

    def _after_first(self) -> None:
        from .judge import traced_audits

        self._flush()
        first, self._first = self._first, []
        for one in first:
            if one.site.count == one.count + 1:
                self._keep(traced_audits(one))

    def forget(self, applies: set[int]) -> None:
        """Drops what a trace told that another one has replaced."""
        self._first = [one for one in self._first if one.apply not in applies]
        self._traced = [one for one in self._traced if one.site.apply not in applies]

    def spare(self, calls: int) -> int:
        """Calls of traced functions after so many that are not audited."""
        return self._next - calls - 1 if self._traced and self.problem is None else MANY

    def enter(self, calls: int) -> None:
        """The call of this number of a traced function begins, from eager code."""
        self._calls = calls
        if self._calls < self._next or not self._traced or self.problem is not None or in_graph():
            return
        self._local.opened = self._safely(self._open_all)

    def leave(self) -> None:
        """It has ended."""
        opened: list[Opened] | None = getattr(self._local, "opened", None)
        if self._first and not in_graph():
            self._safely(self._after_first)
        if opened is None:
            return
        self._local.opened = None
        if not in_graph():
            self._safely(self._close_all, opened)

    def _open_all(self) -> list[Opened]:
        self._flush()
        return [one for traced in self._traced if (one := before_call(traced)) is not None]

    def _close_all(self, opened: list[Opened]) -> None:
        from .judge import traced_audits

        self._flush()
        made = 0
        for one in opened:
            if one.site.count == one.count + 1:
                made += 1
                self._keep(traced_audits(one))
                for traced in self._traced:
                    traced.done += traced.site is one.site
        self._vain = 0 if made else self._vain + 1
        waiting = any(traced.done < FIRST - 1 for traced in self._traced)
        if not waiting or self._vain >= TRIES:
            self._next, self._vain = max(16, 4 * self._calls), 0
            if self._calls > 20_000:
                self._traced.clear()

    def _open(
        self, site: Site, optimizer: Any, variables: list[Any], gradients: list[Any]
    ) -> Opened | None:
        if not _small(variables):
            return None
        passages = []
        for key, variable, gradient in zip(site.variables, variables, gradients, strict=True):
            direct = gradient is not None and self._origin(gradient)
            taken = None if gradient is None or direct else self._latest(key)
            masked = self._hidden.pop((site.apply, key), None)
            passages.append(Passage(key, variable, gradient, taken, direct, masked))
        return before_apply(site, optimizer, passages)

    def end(self, opened: Opened | None, rate: float | None) -> None:
        """Compares what stands after an eager step with what should.

        Args:
            opened: What `begin` gave.
            rate: Learning rate in force, if it was measured.
        """
        if opened is not None and self.problem is None:
            self._safely(self._close, opened, self._passed[opened.apply], rate)

    def _close(self, opened: Opened, step: int, rate: float | None) -> None:
        from .judge import eager_audits

        self._keep(eager_audits(opened, step, rate))
        for entry in opened.entries:
            if entry.masked is not None and entry.masked.any():
                self._hidden[opened.apply, entry.key] = entry.masked
                if entry.earlier is None:
                    self._again.add(opened.apply)

    def _keep(self, audits: list[Audit]) -> None:
        for audit in audits:
            kept = self.found.setdefault((audit.apply, audit.variable), [])
            if len(kept) >= KEPT:
                del kept[FIRST]
            kept.append(audit)

    def _safely(self, work: Callable[..., Any], *args: Any) -> Any:
        """An optimizer that we do not understand ends the audit, not the watching."""
        try:
            return work(*args)
        except Exception as problem:
            if theirs(problem):
                raise
            self.problem = f"{type(problem).__name__}: {problem}"
            self._traced.clear()
            return None


def _due(passed: int) -> bool:
    """The first steps, then seldom and seldomer."""
    return passed < FIRST or (passed >= 16 and passed & (passed - 1) == 0)


def _small(variables: list[Any]) -> bool:
    sizes = [bare(variable).shape.num_elements() for variable in variables]
    return all(size is not None for size in sizes) and sum(sizes) <= ELEMENTS
