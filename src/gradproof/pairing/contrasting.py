"""Runs two programs, or reads two records, and finds where they part."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from ..contrast import STAGES, Contrast, Course, Part, Point, Twin
from ..fault import Diagnosis
from ..mending.cells import left_out
from .parting import Noise, differences, first_parts
from .programs import OTHER_SEED, Named, Orders, Runs
from .quantities import OTHER, RATE, START, STEPS, Quantities, quantities
from .reasons import reasons
from .seen import Seen, starts
from .twins import Pair, apart, paired

NUDGES = 2
"""Runs from slightly moved values: they show what noise does."""

Say = Callable[[str], None]


@dataclass
class Contrasting:
    """One comparison under way.

    Attributes:
        runs: Runs programs.
        sides: What is compared.
        names: What the two are called.
        steps: Most updates of a run.
        say: Told before each run.
        seen: The two runs.
    """

    runs: Runs
    sides: tuple[Named, Named]
    names: tuple[str, str]
    steps: int
    say: Say

    def go(self, same_start: bool = False) -> Contrast:
        """Runs and compares.

        Args:
            same_start: The second begins from the values of the first.

        Raises:
            Unfit: One of them can't be run, or makes no update.
        """
        seen = (self._run(0, Orders()), self._run(1, Orders()))
        start = self._start(seen)
        if same_start and start != "equal":
            given = self._given(seen)
            again = self._run(1, Orders(given=given), "from the values of the other")
            seen, start = (seen[0], again), "given"
        self.seen = seen
        twins = paired(*seen)
        left, right = self._both(seen, twins)
        ends = _ends(seen, twins)
        if start == "unknown" or start == "given":
            left, right = (_without_start(one) for one in (left, right))
        noise, how = None, "not needed"
        if next(differences(left, right, ends), None) is not None and start != "different":
            noise, how = self._noise(seen, left, twins)
        step, parts = first_parts(left, right, ends, noise)
        notes = self._notes(seen, twins, noise)
        if not parts:
            step, parts = _unequal_ends(seen, ends)
        causes = _causes(seen) if parts else ()
        found = reasons(seen, parts, twins, self.names) if parts else []
        if parts and step:
            found += self._chance(seen, twins, left, step, parts[0])
        return Contrast(
            (self._course(0, seen[0]), self._course(1, seen[1])),
            start,
            step,
            tuple(parts),
            tuple(dict.fromkeys(found)),
            causes,
            tuple(notes),
            tuple(_twin(pair, seen) for pair in twins),
            tuple(_stages(left, right, step, parts)),
            max((len(seen[0].points.get(pair[0].key, ())) for pair in twins), default=0),
            how,
        )

    def _run(self, which: int, orders: Orders, words: str = "as it is") -> Seen:
        side = self.sides[which]
        if side.trial is not None:
            self.say(f"run {self.runs.count + 1}: {self.names[which]} {words}")
        return self.runs.run(side, orders)

    def _both(self, seen: tuple[Seen, Seen], twins: list[Pair]) -> tuple[Quantities, Quantities]:
        shared = [{pair[which].key: pair[0].path for pair in twins} for which in (0, 1)]
        left, right = (
            quantities(one, _apart_by_number(names), self.steps)
            for one, names in zip(seen, shared, strict=True)
        )
        return left, right

    def _start(self, seen: tuple[Seen, Seen]) -> str:
        """Whether both begin from equal values."""
        left, right = self._both(seen, paired(*seen))
        known = [key for key in left if key[1] == START and key in right]
        if not known:
            return "unknown"
        begun = [{key: one[key] for key in known} for one in (left, right)]
        apart_there = next(differences(begun[0], begun[1], (0, 0)), None)
        return "equal" if apart_there is None else "different"

    def _given(self, seen: tuple[Seen, Seen]) -> dict[int, object]:
        """Values for the second run, by its own keys."""
        from .programs import Unfit

        if self.sides[0].trial is None or self.sides[1].trial is None:
            raise Unfit("--same-start needs two programs: a record holds no values")
        values = starts(seen[0].path.with_suffix(".npz"))
        return {its.key: values[mine.key] for mine, its in paired(*seen) if mine.key in values}

    def _noise(
        self, seen: tuple[Seen, Seen], left: Quantities, twins: list[Pair]
    ) -> tuple[Noise | None, str]:
        """Runs the first again from values moved by a few spacings."""
        if self.sides[0].trial is None:
            return None, "resolved"
        names = _apart_by_number({pair[0].key: pair[0].path for pair in twins})
        near = []
        for number in range(1, NUDGES + 1):
            words = "from values a few roundings beside its own"
            near.append(quantities(self._run(0, Orders(nudge=number), words), names, self.steps))
        return Noise(left, tuple(near)), "measured"

    def _chance(
        self,
        seen: tuple[Seen, Seen],
        twins: list[Pair],
        left: Quantities,
        step: int,
        part: Part,
    ) -> list[str]:
        """Whether other random numbers make as large a difference there."""
        if self.sides[0].trial is None or part.stage not in STAGES[1:3]:
            return []
        values = starts(seen[0].path.with_suffix(".npz"))
        orders = Orders(seed=OTHER_SEED, given=dict(values))
        other = self._run(0, orders, "from its own values, with other random numbers")
        names = _apart_by_number({pair[0].key: pair[0].path for pair in twins})
        key = (step, STAGES.index(part.stage), part.variable)
        chance = Noise(left, (quantities(other, names, self.steps),)).at(key)
        if chance <= part.noise:
            return []
        words = (
            f"{self.names[0]} with other random numbers, from the same values, differs there from "
            f"itself by {chance:.2g}: order of batches, dropout or other chance has a part in it"
        )
        return [words]

    def _notes(self, seen: tuple[Seen, Seen], twins: list[Pair], noise: Noise | None) -> list[str]:
        notes = [
            f"{name}: {words}"
            for name, side in zip(self.names, self.sides, strict=True)
            if side.trial
            for words in left_out(os.path.join(side.root, side.trial.script))
        ]
        for which, variable in apart(*seen, twins)[:5]:
            notes.append(
                f"`{variable.path}` is updated in {self.names[which]} and has no counterpart in "
                f"{self.names[1 - which]}"
            )
        lost = noise.lost_at() if noise else None
        if lost is not None:
            notes.append(
                f"float noise alone changes the loss by half from update {lost} on: what comes "
                "later could not be compared"
            )
        if noise is None and self.sides[0].trial is None:
            notes.append(
                "records have norms only, in float32: a difference counts if it stands out from "
                "all before it"
            )
        return notes

    def _course(self, which: int, seen: Seen) -> Course:
        error = seen.about.get("error")
        return Course(
            self.names[which],
            self.sides[which].words,
            seen.answer,
            tuple(dict.fromkeys(rule for rule in seen.rules.values() if rule)),
            error if isinstance(error, str) else None,
            seen.about,
        )


def _apart_by_number(names: dict[int, str]) -> dict[int, str]:
    """The names, with a number where one stands for several variables."""
    counts: dict[str, int] = {}
    found = {}
    for key, name in names.items():
        counts[name] = counts.get(name, 0) + 1
        found[key] = name if counts[name] == 1 else f"{name} ({counts[name]})"
    return found


def _without_start(found: Quantities) -> Quantities:
    return {key: one for key, one in found.items() if key[1] != START}


def _ends(seen: tuple[Seen, Seen], twins: list[Pair]) -> tuple[int, int]:
    """The last update of each run up to which a missing one counts."""
    lasts = [
        max((len(one.points.get(pair[which].key, ())) for pair in twins), default=0)
        for which, one in enumerate(seen)
    ]
    return lasts[0], lasts[1]


def _unequal_ends(seen: tuple[Seen, Seen], ends: tuple[int, int]) -> tuple[int | None, list[Part]]:
    """One run makes more updates than the other, by itself."""
    shorter = 0 if ends[0] < ends[1] else 1
    if ends[0] == ends[1] or _was_ended(seen[shorter]):
        return None, []
    part = Part(STAGES[STEPS], STAGES[STEPS], ends[0], ends[1], abs(ends[0] - ends[1]), 0.0, None)
    return min(ends) + 1, [part]


def _was_ended(seen: Seen) -> bool:
    """It was ended from outside, and might have gone on."""
    return not seen.run.finished or "ended" not in seen.about


def _causes(seen: tuple[Seen, Seen]) -> tuple[tuple[int, Diagnosis], ...]:
    """What is wrong with one run only."""
    loud = [[one for one in each.answer.diagnoses if one.level != "advice"] for each in seen]
    codes = [{one.fault.code for one in found} for found in loud]
    return tuple(
        (which, one)
        for which, found in enumerate(loud)
        for one in found
        if one.fault.code not in codes[1 - which]
    )


def _twin(pair: Pair, seen: tuple[Seen, Seen]) -> Twin:
    points: list[tuple[Point, ...]] = [
        tuple(one.points.get(variable.key, ())) for one, variable in zip(seen, pair, strict=True)
    ]
    return Twin((pair[0].path, pair[1].path), points[0], points[1])


def _stages(left: Quantities, right: Quantities, step: int | None, parts: list[Part]) -> list[str]:
    """What could be compared at the update at which they part."""
    found = {key[1] for key in left if key in right and key[0] == step}
    found |= {STAGES.index(part.stage) for part in parts}
    if not any(part.stage == STAGES[RATE] for part in parts):
        found.discard(RATE)
    if not any(part.stage == STAGES[OTHER] for part in parts):
        found.discard(OTHER)
    return [STAGES[stage] for stage in sorted(found)]
