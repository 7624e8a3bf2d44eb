"""The steps of a run as lanes: what one optimizer did, on one count of steps."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite, isnan

from ...answer import Answer
from ...evidence.applies import Apply
from ...evidence.run import Run
from ...evidence.series import Series
from ...fault import Diagnosis
from .buckets import Condensed, condensed, cuts, merged, ratios, sampled, stretches
from .packing import codes

PLACES = 800_000
"""Numbers that a page holds, about; long runs of many variables get fewer stretches."""

MOST, FEWEST = 600, 64
"""Stretches of steps in a lane."""

KINDS = 8
"""Series that are kept of each variable, see `Row`."""


@dataclass(frozen=True)
class Summary:
    """One variable over all its steps that were kept.

    Attributes:
        steps: How many there are.
        moved: Steps at which it changed.
        without: Steps at which there was no gradient for it.
        unfinite: Steps at which gradient or change was not finite.
        gradient: Norm at the first step, at the last, the least, the greatest.
        value: Norm at the last step.
        change: Norm of the last change.
        ratio: Median of change by value.
    """

    steps: int
    moved: int
    without: int
    unfinite: int
    gradient: tuple[float, float, float, float]
    value: float
    change: float
    ratio: float


@dataclass(frozen=True)
class Row:
    """One variable of a lane: its numbers by stretches of steps.

    Attributes:
        key: Of the variable.
        series: Codes of gradient (least, median, greatest), of change by value
            (likewise), of the value and of the change (one of them).
        summary: All steps together.
        replica: Whose numbers they are, where several update it.
    """

    key: int
    series: tuple[array[int], ...]
    summary: Summary
    replica: int | None = None

    def name(self, named: Mapping[int, str]) -> str:
        """What it is called: the variable, and its replica if there are several."""
        of_replica = "" if self.replica is None else f" (replica {self.replica})"
        return named[self.key] + of_replica


@dataclass(frozen=True)
class Lane:
    """What one optimizer, or a place of updates by hand, did.

    Attributes:
        name: Such as `"Adam at train.py:42"`.
        starts: First step of each stretch, and one behind the last.
        loss: By stretches.
        rate: Learning rate, by stretches.
        scales: Loss scale at the steps at which it is known.
        rows: One a variable.
        marks: Step, code and title of diagnoses.
        applies: Keys of the apply calls.
    """

    name: str
    starts: list[int]
    loss: Condensed
    rate: list[float]
    scales: list[tuple[int, float]]
    rows: list[Row]
    marks: list[tuple[int, str, str]] = field(default_factory=list)
    applies: frozenset[int] = frozenset()

    @property
    def loss_ends(self) -> tuple[float, float] | None:
        """The loss in the first and the last stretch, if it is known."""
        known = [number for number in self.loss.middle if not isnan(number)]
        return (known[0], known[-1]) if known else None


def lanes(run: Run, series: Sequence[Series], answer: Answer) -> list[Lane]:
    """The lanes of a run, those with most variables first."""
    applies = {apply.key: apply for apply in run.applies}
    groups: dict[tuple[object, ...], list[Series]] = {}
    for one in series:
        if one.steps:
            groups.setdefault(_clock(one, applies.get(one.apply)), []).append(one)
    many = max(1, sum(one.width for one in series))
    most = max(FEWEST, min(MOST, PLACES // (KINDS * many)))
    found = [_lane(group, applies, run, most) for group in groups.values()]
    found.sort(key=lambda lane: -len(lane.rows))
    for diagnosis in answer.diagnoses:
        _mark(diagnosis, found, run)
    return found


def _clock(series: Series, apply: Apply | None) -> tuple[object, ...]:
    """The same for series whose steps count the same."""
    if apply is not None and apply.optimizer is not None:
        return ("optimizer", apply.optimizer)
    place = apply.place if apply else None
    return ("by hand", place.path if place else "", len(series.steps), series.steps[-1])


def _lane(group: Sequence[Series], applies: dict[int, Apply], run: Run, most: int) -> Lane:
    starts = stretches(merged([one.steps for one in group]), most)
    order = {variable.key: at for at, variable in enumerate(run.variables)}
    replicas = {one.apply: apply.replica for one in group if (apply := applies.get(one.apply))}
    if len(set(replicas.values())) == 1:
        replicas.clear()
    rows = [row for one in group for row in _rows(one, starts, replicas.get(one.apply))]
    rows.sort(key=lambda row: order.get(row.key, len(order)))
    losses = next((one for one in group if any(map(isfinite, one.losses))), group[0])
    keys = frozenset(one.apply for one in group)
    cut = cuts(losses.steps, starts)
    return Lane(
        _name([applies[key] for key in sorted(keys) if key in applies]),
        starts,
        condensed(losses.losses, cut),
        condensed(losses.rates, cut).middle,
        list(_scales(run, keys)),
        rows,
        applies=keys,
    )


def _name(applies: Sequence[Apply]) -> str:
    if not applies:
        return "updates"
    first = applies[0]
    where = f" at {first.place.words}" if first.place else ""
    return f"{first.by}{where}"


def _scales(run: Run, applies: frozenset[int]) -> Iterator[tuple[int, float]]:
    found = {
        audit.step: value
        for audit in run.audits
        if audit.apply in applies
        for name, value in audit.terms
        if name == "loss scale"
    }
    yield from sorted(found.items())


def _rows(series: Series, starts: Sequence[int], replica: int | None) -> Iterator[Row]:
    cut = cuts(series.steps, starts)
    present = [end > begin for begin, end in pairwise(cut)]
    nothing = array("f", [float("nan")] * len(series.steps))
    for position, key in enumerate(series.variables):
        gradient, value, change = (
            column if (column := series.column(position, name)) is not None else nothing
            for name in ("gradient_norm", "value_norm", "change_norm")
        )
        ratio = ratios(change, value)
        by_stretch = (condensed(gradient, cut), condensed(ratio, cut))
        shown = [part for one in by_stretch for part in (one.low, one.middle, one.high)]
        shown += [sampled(value, cut), sampled(change, cut)]
        yield Row(
            key,
            tuple(codes(numbers, present) for numbers in shown),
            _summary(gradient, value, change, ratio),
            replica,
        )


def _summary(
    gradient: array[float], value: array[float], change: array[float], ratio: Sequence[float]
) -> Summary:
    known: Sequence[float] = gradient
    without = unfinite = 0
    if not isfinite(sum(gradient)) or min(gradient) < 0:
        known = [one for one in gradient if isfinite(one) and one >= 0]
        without = sum(one < 0 for one in gradient)
        unfinite = len(gradient) - len(known) - without
    # Medians of a thousand steps are as good as those of all.
    sample = sorted(one for one in ratio[:: 1 + len(ratio) // 1000] if isfinite(one) and one >= 0)
    return Summary(
        len(change),
        len(change) - change.count(0.0),
        without,
        unfinite,
        (gradient[0], gradient[-1], min(known, default=0.0), max(known, default=0.0)),
        value[-1],
        change[-1],
        sample[len(sample) // 2] if sample else float("nan"),
    )


def _mark(diagnosis: Diagnosis, found: Sequence[Lane], run: Run) -> None:
    """Notes the step of a diagnosis in the lanes of its variables."""
    if diagnosis.step is None or not found:
        return
    concerned = {one.key for one in run.variables if one.path in diagnosis.variables}
    here = [lane for lane in found if concerned & {row.key for row in lane.rows}]
    for lane in here or found[:1]:
        lane.marks.append((diagnosis.step, diagnosis.fault.code, diagnosis.title))
