"""What can be compared of a run, update by update, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt

from ..contrast import STAGES, Point
from .seen import Mark, Seen

START, LOSS, GRADIENTS, RATE, CHANGE, OTHER, STEPS = range(len(STAGES))
"""Places of the stages in a step."""

EPSILON = {"float64": 2.2e-16, "float32": 1.2e-7, "float16": 9.8e-4, "bfloat16": 7.8e-3}
"""Relative spacing of floats."""

RESOLVED = EPSILON["float32"]
"""The numbers of a record are float32, whatever they were made from."""

Key = tuple[int, int, str]
"""Number of the update (0 for the start), place of the stage, name."""


@dataclass(frozen=True)
class Quantity:
    """One number, with what is known of the direction.

    Attributes:
        norm: The number: a norm, or a loss or rate as it is.
        products: Products with arrays of random numbers, if there are marks.
        along: Part along the negative gradient, where known.
        room: Size of what rounding explains.
    """

    norm: float
    products: tuple[float, ...] = ()
    along: float | None = None
    room: float = 0.0


Quantities = dict[Key, "Quantity | None"]
"""`None`: it is known that there is none (no gradient, say)."""


def quantities(seen: Seen, names: Mapping[int, str], most: int) -> Quantities:
    """Everything that is known of the variables with names, by update.

    Args:
        seen: The run.
        names: For the keys of variables what both runs call them.
        most: Updates of a variable, at most.
    """
    found: Quantities = {}
    dtypes = {one.key: one.dtype for one in seen.run.variables}
    losses: dict[int, list[float]] = {}
    rates: dict[int, list[float]] = {}
    for key, name in names.items():
        epsilon = max(EPSILON[dtypes.get(key, "float32")], RESOLVED)
        points = [point for point in seen.points.get(key, ()) if point.step <= most]
        trail = seen.trails.get(key, [])
        if trail:
            found[0, START, name] = _marked(trail[0], epsilon)
        elif points and points[0].step == 1 and points[0].value is not None:
            value = points[0].value
            found[0, START, name] = Quantity(value, room=epsilon * value)
        if not points:
            for step, mark in enumerate(trail[1 : most + 1], 1):
                found[step, OTHER, name] = _marked(mark, epsilon)
        _updates(found, name, points, trail, epsilon, losses, rates)
    for (step, stage, _), one in list(found.items()):
        if stage == GRADIENTS and one is not None:
            # Float noise is as large as what was added up, not as the sum.
            largest = _largest(found, step, stage)
            found[step, stage, _] = Quantity(
                one.norm, one.products, one.along, max(one.room, RESOLVED * largest)
            )
    return found


def _updates(
    found: Quantities,
    name: str,
    points: list[Point],
    trail: list[Mark],
    epsilon: float,
    losses: dict[int, list[float]],
    rates: dict[int, list[float]],
) -> None:
    moves = _moves(points, trail)
    for point in points:
        step = point.step
        if point.loss is not None:
            label = _numbered(losses.setdefault(step, []), point.loss, STAGES[LOSS])
            found[step, LOSS, label] = Quantity(point.loss, room=RESOLVED * abs(point.loss))
        size = point.gradient
        found[step, GRADIENTS, name] = None if size is None else Quantity(size, room=epsilon * size)
        if point.rate is not None:
            label = _numbered(rates.setdefault(step, []), point.rate, STAGES[RATE])
            found[step, RATE, label] = Quantity(point.rate, room=RESOLVED * abs(point.rate))
        along = None if point.along is None else point.along * point.change
        move, value = moves.get(step, ((), 0.0))
        found[step, CHANGE, name] = Quantity(
            point.change, move, along, epsilon * max(point.change, value)
        )


def _numbered(known: list[float], value: float, label: str) -> str:
    """One label for each value at an update: several places may each have theirs."""
    if value not in known:
        known.append(value)
    place = known.index(value)
    return label if not place else f"{label} ({place + 1})"


def _moves(points: list[Point], trail: list[Mark]) -> dict[int, tuple[tuple[float, ...], float]]:
    """For each update what the marks tell of its change, and the size of the value.

    Nothing where the marks do not belong to the updates one by one: several
    updates in one call, or a variable that others change as well.
    """
    moved = [point for point in points if point.change]
    if len(trail) <= len(moved) or not moved:
        return {}
    if len(trail) > len(moved) + 1 and moved[-1] is points[-1] and len(points) < len(trail) - 1:
        trail = trail[: len(moved) + 1]
    found = {}
    for point, (then, now) in zip(moved, pairwise(trail), strict=False):
        products = tuple(after - before for before, after in zip(then[1:], now[1:], strict=True))
        found[point.step] = (products, now[0])
    return found


def _marked(mark: Mark, epsilon: float) -> Quantity:
    return Quantity(mark[0], mark[1:], None, epsilon * mark[0])


def _largest(found: Quantities, step: int, stage: int) -> float:
    return max(
        (one.norm for (at, where, _), one in found.items() if one and (at, where) == (step, stage)),
        default=0.0,
    )


def distance(one: Quantity, other: Quantity) -> float:
    """Norm of the difference, as far as it is known."""
    if one.norm != one.norm or other.norm != other.norm:
        return 0.0 if one.norm != one.norm and other.norm != other.norm else inf
    if one.norm == other.norm and abs(one.norm) == inf:
        return 0.0
    apart = abs(one.norm - other.norm)
    if len(one.products) == len(other.products) and one.products:
        # The mean square of products with normal numbers is that of the norm.
        squares = [
            (mine - its) ** 2 for mine, its in zip(one.products, other.products, strict=True)
        ]
        apart = max(apart, sqrt(sum(squares) / len(squares)))
    elif one.along is not None and other.along is not None:
        apart = max(apart, abs(one.along - other.along))
    return apart if apart == apart else inf
