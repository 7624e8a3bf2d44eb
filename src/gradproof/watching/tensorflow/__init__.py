"""Watching TensorFlow and both generations of Keras.

The only part of gradproof that knows a framework. Everything here is called
through `Patches.quietly`: whatever goes wrong ends the watching, not the run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...evidence.recording import Recording
from ...evidence.rows import StepRows
from ...evidence.run import PATIENCE, Crash, Run
from ..aside import Aside
from ..pace import Pace
from ..patches import Patches
from ..places import Places
from .adoption import adopt
from .applies import Applies
from .applying import Applying
from .assigning import Assigning
from .copies import Copies
from .eager import EagerOperations, in_graph, unheard
from .frozen import FrozenNumbers
from .functions import SETTLED, Functions
from .graphs import TracedOperations
from .hoards import Hoards
from .iterators import Iterators
from .layers import Layers
from .listeners import Listeners
from .measuring.series import Series, updates_made
from .measuring.units import UnitLooks
from .offers import Offers
from .optimizers import Optimizers
from .paces import Paces
from .passages import Passages
from .replicas import Replicas
from .saves import Saves
from .stale import Stale
from .tapes import Tapes
from .tracings import Tracings
from .trying.custom import CustomGradients
from .trying.marks import Marks
from .trying.naming import numbered, pairs_with_paths, with_paths
from .variables import Variables
from .versions import remark


class TensorFlow:
    """All that is watched of one program.

    Args:
        patches: Where attributes are replaced.
        news: Called when there is something new to judge.
        pace: Says when to look, and ends the run.
        kept: Called with new steps, for whoever keeps all of them.
        aside: What is wanted beside, for a run that is compared.
    """

    def __init__(
        self,
        patches: Patches,
        news: Callable[[], None],
        pace: Pace,
        kept: Callable[[list[StepRows]], None] | None = None,
        aside: Aside | None = None,
    ) -> None:
        self.patches = patches
        self.pace = pace
        self.listeners = Listeners(self, patches)
        places = Places()
        self.variables = Variables(places)
        self.eager = EagerOperations(1, places, self.variables, patches)
        self.optimizers = Optimizers(places)
        self.stale = Stale(places, self.variables, self.optimizers.key)
        self.frozen = FrozenNumbers(places)
        known = (places, self.variables, self.eager)
        self.functions = Functions(*known, self.stale, self.frozen, self)
        self.tapes = Tapes(*known, self.functions, self.frozen)
        self.applies = Applies(self.variables, self.tapes)
        self.passages = Passages(self.variables, self.eager, self.tapes, self._passed)
        recorded = (*known, self.tapes, self.functions.graph)
        self.applying = Applying(*recorded, self.optimizers, self.applies, self.passages)
        self.assigning = Assigning(*recorded, self.applies, self.passages, self._by_hand)
        self.offers = Offers(*recorded)
        self.paces = Paces(places, self.eager)
        self.copies = Copies(places, self.variables)
        self.iterators = Iterators(places)
        self.hoards = Hoards(places)
        self.replicas = Replicas(self.variables, self._updates_made)
        self.saves = Saves(
            places, self.variables, self.optimizers.key, lambda: bool(self.applies.notes)
        )
        self.tracings = Tracings(places, self.variables, lambda: self.functions.calls)
        self.layers = Layers(places, self.variables, self.tapes)
        self.units = UnitLooks()
        self.custom = CustomGradients(places)
        self.marks = Marks(aside, self.variables, self.eager) if aside is not None else None
        self._news = news
        self._kept = kept
        self._series = Series()
        self._counted = 0
        self._asked = 0
        self._since = 0
        self._looked = 0
        self._gap = 1

    def _unwatched(self) -> tuple[str, ...]:
        """Sentences: what could not be seen."""
        found = sorted(self.passages.unwatched | self.passages.audits.unwatched)
        missed = self.passages.numbers.missed
        if missed:
            found.append(f"the numbers of {missed:,} steps, made in calls that make very many")
        past = self.functions.unrecorded
        if past:
            found.append(f"{past:,} traces of functions, after the first ones of each and of all")
        found += self.listeners.elsewhere.record()
        about = remark(self.listeners.version, self.listeners.lost, self.patches.lacking)
        return (*found, about) if about else tuple(found)

    def shape_of(self, traced: TracedOperations) -> Any:
        """What a trace is told apart by from another one: its gradient calls."""
        return self.tapes.shape_of(traced)

    def settle(self, traced: TracedOperations) -> None:
        """A graph is complete: what it does is looked up once."""
        traced.record()
        self.tapes.settle(traced)
        self.offers.settle(traced)
        self.applies.settle(traced)

    def forget(self, traced: TracedOperations) -> None:
        """Another graph has taken the place of this one, which never runs."""
        self.tapes.forget(traced)
        self.offers.forget(traced)
        self.passages.forget(self.applies.forget(traced))

    def entering(self) -> None:
        """A traced function is about to run."""
        self._audited(partial(self.passages.audits.enter, self.functions.calls + 1))

    def called(self, raised: bool) -> int:
        """A traced function has returned to the program, or raised.

        Gives the number of calls that nobody has to look at after it.
        """
        self._audited(self.passages.audits.leave)
        if in_graph():
            return 0
        calls = self.functions.calls
        passed, self._looked = calls - self._looked - 1, calls
        self._since += passed
        self.hoards.passed(passed)
        if not raised:
            self.replicas.called(calls)
            self.iterators.step()
            self.hoards.step()
        # TensorFlow tells of every operation, the call of a function too: 50 us.
        if self.functions.unchanged >= SETTLED and not self.tapes.open:
            self.eager.stop()
        self._since += 1
        numbers = self.passages.numbers
        looping = numbers.looping
        near = self._near() or (bool(looping) and numbers.filling(looping))
        if self.tapes.fresh or self._since >= self._gap or self.pace.late or near or self.marks:
            self._look()
        if not raised:
            self.pace.stop()
        busy = self.pace.counting or self.marks is not None or self.replicas.there
        if busy or self.iterators.looking or looping:
            return 0
        return min(
            self._gap - self._since - 1, self.passages.audits.spare(calls), self.hoards.spare
        )

    def quiet(self) -> bool:
        """Nothing has come up since the last look, and it was not long ago."""
        return not (self.tapes.fresh or self.eager.on or self.pace.late or self.pace.end)

    @unheard()
    def _audited(self, work: Callable[[], None]) -> None:
        """Lets the audit read variables, which is no operation of the program's."""
        paused, self.eager.paused = self.eager.paused, True
        try:
            work()
        finally:
            self.eager.paused = paused

    def _passed(self) -> None:
        """A step has been applied in eager code, or traced."""
        if not in_graph():
            self._counted += 1
            self.paces.step()
            self.iterators.step()
            self.hoards.step()
            near = self._near() or self.pace.near(self._counted)
            if near or self.pace.late or self.marks:
                self._look()
            self.pace.stop()

    def _near(self) -> bool:
        """Counts the updates, if somebody needs to know; says whether to look."""
        if not self.pace.counting:
            return False
        made = self._updates_made()
        self.pace.reached(made)
        return self.pace.near(made)

    def _updates_made(self) -> int:
        """Updates so far, by optimizers or else by hand."""
        return updates_made(self.applies, self.passages, self.functions.calls)

    def _by_hand(self, times: int) -> None:
        """A variable is about to be changed by hand, in one place so many times."""
        if not in_graph() and not self.applies.used:
            if self.marks is not None:
                self._audited(partial(self.marks.look, times - 1))
            self.pace.reached(times - 1)
            self.pace.stop()

    def idle(self) -> None:
        """A gradient was taken; ends a run in which no update ever follows."""
        if in_graph():
            return
        self._asked += 1
        limit = self.pace.limit or 0
        if self._asked >= (limit + 1) * PATIENCE and not self._counted:
            self.pace.finish(
                f"ended after {self._asked:,} gradient calls without an update, for "
                f"`--steps {limit}` was asked"
            )
            self.pace.stop()

    def _look(self) -> None:
        """Reads the numbers, and tells when there is something new to judge.

        The next time is soon at first, then before the rings are full.
        """
        self.passages.numbers.flush()
        room = self.passages.numbers.room(max(1, self._since))
        self._audited(self.optimizers.rates.look)
        self.units.look(self.passages.told, self.variables)
        self._mark()
        self.pace.read()
        self._gap = max(1, min(self.functions.calls // 2 + 1, room))
        self._since = 0
        broken = self._hand_over()
        counted = sum(site.count for site in self.passages.told if not site.replica)
        due = self.pace.due(max(counted, self._counted))
        if self.tapes.fresh or due or broken:
            self.tapes.fresh = False
            self._news()

    def _mark(self) -> None:
        if self.marks is not None:
            self._audited(partial(self.marks.look, self._updates_made()))

    def _hand_over(self) -> bool:
        """Hands new steps to whoever keeps them; says whether one is not finite."""
        rows, broken = self._series.take(self.passages.told)
        for site in self.passages.numbers.sites:
            site.thin()
        if rows and self._kept is not None:
            self._kept(rows)
        return broken

    def conclude(self) -> None:
        """Leaves what was wanted beside the record."""
        if self.marks is not None:
            self.marks.write()

    def adopt(self) -> None:
        """Takes in the variables that the program has made already."""
        adopt(self.variables, self.offers.declared)

    def path(self, variable: Any) -> str | None:
        """The path of a variable that was seen."""
        key = self.variables.key(variable)
        return next((one.path for one in self.variables.record() if one.key == key), None)

    @unheard()
    def snapshot(self, crash: Crash | None, finished: bool) -> Run:
        """Everything seen so far as plain data."""
        self.eager.paused = True
        try:
            self.passages.numbers.flush()
            self.optimizers.rates.look()
            self.units.look(self.passages.told, self.variables)
            self._hand_over()
            self._mark()
            variables = self.variables.record()
            paths = numbered(variables)
            tapes, calls = self.tapes.record(self.functions.calls)
            calls = with_paths(calls, paths)
            applies = pairs_with_paths(self.applies.record(), paths)
            if finished:
                self.replicas.compare(self.functions.calls)
            recordings: list[Recording] = [self.eager.record()]
            recordings += [traced.record() for traced in self.functions.graphs]
            sites = self.passages.told
            return Run(
                generations=tuple(sorted(self.listeners.generations)),
                variables=variables,
                recordings=tuple(recordings),
                tapes=tapes,
                calls=calls,
                optimizers=self.optimizers.record(),
                applies=applies,
                steps=tuple(step for site in sites for step in site.steps()),
                frozen=self.frozen.record(),
                replaced=tuple(self.stale.replaced),
                flips=tuple(self.stale.flips),
                untrained=tuple(self.stale.untrained),
                scales=self.stale.scales(),
                units=self.units.record(),
                custom_gradients=self.custom.record(),
                modes=self.layers.record({tape.key for tape in tapes}),
                reads=self.layers.reads(),
                assigned=self.assigning.writes.record(),
                audits=self.passages.audits.record(),
                copied_rates=tuple(self.optimizers.rates.found.values()),
                tracings=tuple(self.tracings.found),
                offers=self.offers.record(),
                paces=self.paces.record(),
                copies=self.copies.record(),
                gaps=tuple(self.replicas.gaps.values()),
                digests=tuple(self.replicas.digests.values()),
                feeds=self.replicas.feeds(),
                saves=tuple(self.saves.found),
                generators=self.iterators.record(),
                hoards=self.hoards.record(),
                crash=crash,
                unwatched=self._unwatched(),
                unrecorded=self.functions.unrecorded,
                finished=finished,
                counted=sum(site.count for site in sites if not site.replica),
            )
        finally:
            self.eager.paused = False
