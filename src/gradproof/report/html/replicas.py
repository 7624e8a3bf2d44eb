"""What each replica gave and got at its last step, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from ...evidence.run import Run
from ...evidence.series import Series
from .words import number

MOST = 8
"""Replicas that have a column each."""

MOST_ROWS = 200
"""Variables that are shown; of more the first ones."""


@dataclass(frozen=True)
class Row:
    """One variable at the last step: norms as they are shown."""

    name: str
    own: tuple[str, ...]
    applied: str
    changes: tuple[str, ...]
    alike: bool


@dataclass(frozen=True)
class Replicas:
    """One place of updates that a strategy runs in several replicas.

    Attributes:
        name: Such as `"Adam at train.py:42"`.
        step: The last one that all of them have.
        numbers: Of the replicas that are shown.
        count: Of all replicas in this process.
        losses: Of the shown ones, at that step.
        rows: One a variable.
        left: Variables that are not shown.
    """

    name: str
    step: int
    numbers: tuple[int, ...]
    count: int
    losses: tuple[str, ...]
    rows: tuple[Row, ...]
    left: int


def replicas(
    run: Run | None, series: Sequence[Series], named: Mapping[int, str]
) -> Iterator[Replicas]:
    """The places of updates that more than one replica of this process passed."""
    groups: dict[tuple[object, ...], dict[int, Series]] = {}
    applies = {apply.key: apply for apply in run.applies if apply.replicas > 1} if run else {}
    for one in series:
        apply = applies.get(one.apply)
        if apply is not None and one.steps:
            where = f" at {apply.place.words}" if apply.place else ""
            key = (f"{apply.by}{where}", apply.optimizer, one.variables)
            groups.setdefault(key, {})[apply.replica] = one
    for (name, *_), copies in groups.items():
        if len(copies) > 1 and (step := min(one.steps[-1] for one in copies.values())):
            yield _table(str(name), step, copies, named)


def _table(name: str, step: int, copies: dict[int, Series], named: Mapping[int, str]) -> Replicas:
    shown = sorted(copies)[:MOST]
    first = copies[shown[0]]
    rows = tuple(
        _row(position, key, [copies[one] for one in shown], step, named)
        for position, key in enumerate(first.variables[:MOST_ROWS])
    )
    losses = tuple(_shown(_at(copies[one].losses, copies[one], step)) for one in shown)
    left = len(first.variables) - len(rows)
    return Replicas(name, step, tuple(shown), len(copies), losses, rows, left)


def _row(
    position: int, key: int, copies: Sequence[Series], step: int, named: Mapping[int, str]
) -> Row:
    def column(name: str) -> list[float | None]:
        return [_at(one.column(position, name), one, step) for one in copies]

    changes = column("change_norm")
    return Row(
        named.get(key, f"variable {key}"),
        tuple(_shown(one, "not known") for one in column("part_norm")),
        next((_shown(one) for one in column("gradient_norm") if one is not None), "none"),
        tuple(map(_shown, changes)),
        len(set(changes)) == 1,
    )


def _at(numbers: Sequence[float] | None, series: Series, step: int) -> float | None:
    """The number of a step, if it was kept."""
    if numbers is None or step not in series.steps:
        return None
    return numbers[series.steps.index(step)]


def _shown(value: float | None, otherwise: str = "none") -> str:
    """A norm in words; negative stands for no gradient."""
    if value is None or value < 0:
        return otherwise
    return number(value) if isfinite(value) else "not finite"
