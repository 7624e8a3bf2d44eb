"""The numbers of a run record as curves: a name, and values by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import isfinite, log10

from ..record import Passage, Record

SPREAD = "log10_change_over_value"
"""What a `Spread` is called, where nothing is to be told apart."""

MOST_STEPS = 1000
"""Steps of each place of update that are handed on, evenly spread."""


@dataclass
class Curve:
    """Values of one quantity.

    Attributes:
        name: Such as `loss` or `gradient_norm/dense/kernel`.
        steps: From 1, rising.
        values: One a step.
    """

    name: str
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, step: int, value: float) -> None:
        """Takes in one more value."""
        self.steps.append(step)
        self.values.append(value)


@dataclass(frozen=True)
class Spread:
    """The change of each variable at one step, relative to its value.

    Attributes:
        name: What it is called.
        step: From 1.
        ratios: Powers of ten.
    """

    name: str
    step: int
    ratios: tuple[float, ...]


@dataclass(frozen=True)
class Numbers:
    """What a record has to show over time.

    Attributes:
        curves: Loss and learning rate first, then variable by variable.
        spreads: One a step.
        tags: What each quantity of an apply call is called; of two calls that
            share one, the place is in the name.
        last: The newest step of each apply call.
    """

    curves: tuple[Curve, ...]
    spreads: tuple[Spread, ...]
    tags: Mapping[tuple[int, str], str]
    last: Mapping[int, int]


def numbers(record: Record, most: int = MOST_STEPS) -> Numbers:
    """Reads a record.

    Args:
        record: Open for reading.
        most: Steps of each place of update.

    Raises:
        Unusable: The record is broken.
    """
    places = [list(group) for _, group in groupby(record.steps(most), lambda one: one.step.apply)]
    curves: dict[str, dict[str, Curve]] = {}
    spreads: dict[str, list[tuple[int, tuple[float, ...]]]] = {}
    calls: dict[str, int] = {}
    for place, label in zip(places, _labels(places), strict=True):
        calls[label] = place[0].step.apply
        for passage in place:
            for name, value in quantities(passage):
                here = curves.setdefault(name, {}).setdefault(label, Curve(name))
                here.add(passage.step.index, value)
            ratios = spread(passage)
            if ratios:
                spreads.setdefault(label, []).append((passage.step.index, ratios))
    whole = sorted((one for group in curves.values() for one in _told_apart(group)), key=_order)
    tags = {
        (calls[label], name): curve.name
        for name, group in curves.items()
        for label, curve in group.items()
    }
    for label in spreads:
        tags[calls[label], SPREAD] = SPREAD + (f"/{label}" if len(spreads) > 1 else "")
    return Numbers(
        tuple(whole),
        tuple(
            Spread(tags[calls[label], SPREAD], *one)
            for label, found_here in spreads.items()
            for one in found_here
        ),
        tags,
        {place[0].step.apply: place[-1].step.index for place in places},
    )


def quantities(passage: Passage) -> Iterator[tuple[str, float]]:
    """What one step shows over time: names and values."""
    step = passage.step
    found = [("loss", step.loss), ("learning_rate", step.learning_rate)]
    for name, value in [*found, *_of_variables(passage)]:
        if value is not None:
            yield name, float(value)


def spread(passage: Passage) -> tuple[float, ...]:
    """The change of each variable relative to its value, as powers of ten."""
    return tuple(_ratios(passage))


def _told_apart(group: Mapping[str, Curve]) -> Iterator[Curve]:
    """Curves of one name; where several places have it, the place is added."""
    for label, curve in group.items():
        if len(group) > 1:
            curve.name = f"{curve.name}/{label}"
        yield curve


def _labels(places: Sequence[Sequence[Passage]]) -> list[str]:
    """What tells places of update apart."""
    found: list[str] = []
    for place in places:
        first = place[0]
        label = (first.rule or "update") + (f"_line_{first.line}" if first.line else "")
        found.append(label if label not in found else f"{label}_{len(found) + 1}")
    return found


def _of_variables(passage: Passage) -> Iterator[tuple[str, float | None]]:
    for name, update in zip(passage.names, passage.step.updates, strict=True):
        yield f"gradient_norm/{name}", update.gradient_norm
        if update.value_norm:
            yield f"change_over_value/{name}", update.change_norm / update.value_norm


def _ratios(passage: Passage) -> Iterator[float]:
    for update in passage.step.updates:
        if update.value_norm and update.change_norm:
            ratio = update.change_norm / update.value_norm
            if isfinite(ratio):
                yield log10(ratio)


def _order(curve: Curve) -> tuple[bool, str]:
    return "/" in curve.name and not curve.name.startswith(("loss", "learning_rate")), curve.name
