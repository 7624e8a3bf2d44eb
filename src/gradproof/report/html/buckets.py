"""Long series made short: stretches of steps, each by its least, median and greatest."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, isnan
from operator import truediv

FIRST = 16
"""Steps at the beginning that always stand alone: much goes wrong there."""

LAST = 32
"""Steps at the end that always stand alone: there a run broke off."""

NAN = float("nan")


@dataclass(frozen=True)
class Condensed:
    """One quantity, a number a stretch of steps; NaN where there is none."""

    low: list[float]
    middle: list[float]
    high: list[float]


def stretches(steps: Sequence[int], most: int) -> list[int]:
    """The first step of each stretch, and one behind the last.

    Args:
        steps: Numbers of the steps that are known, rising.
        most: Stretches that there may be.
    """
    if not steps:
        return []
    if len(steps) <= most:
        return [*steps, steps[-1] + 1]
    head, tail = list(steps[:FIRST]), list(steps[-LAST:])
    start, end = steps[FIRST], tail[0]
    count = max(1, most - FIRST - LAST)
    between = [start + (end - start) * number // count for number in range(count)]
    return [*head, *dict.fromkeys(between), *tail, tail[-1] + 1]


def cuts(steps: Sequence[int], starts: Sequence[int]) -> list[int]:
    """Where each stretch begins among the steps of one series."""
    return [bisect_left(steps, start) for start in starts]


def condensed(column: Sequence[float], cut: Sequence[int]) -> Condensed:
    """A column by its stretches; one that is not finite shows as greatest."""
    found = Condensed([], [], [])
    tame = isfinite(sum(column))
    for begin, end in pairwise(cut):
        if begin == end:
            low = middle = high = NAN
        elif end == begin + 1:
            low = middle = high = column[begin]
        else:
            part = sorted(column[begin:end]) if tame else _ordered(column[begin:end])
            low, middle, high = part[0], part[len(part) // 2], part[-1]
        found.low.append(low)
        found.middle.append(middle)
        found.high.append(high)
    return found


def sampled(column: Sequence[float], cut: Sequence[int]) -> list[float]:
    """The number in the middle of each stretch: enough for what changes slowly."""
    return [column[(begin + end) // 2] if end > begin else NAN for begin, end in pairwise(cut)]


def _ordered(part: Iterable[float]) -> list[float]:
    # NaN has no order; as the worst that can happen it stands behind infinity.
    return sorted(part, key=lambda number: (isnan(number), number))


NO_RATIO = -1.0
"""Stands for the ratio of a change to a value that is zero."""


def ratios(changes: array[float], values: array[float]) -> list[float]:
    """Change by value, step by step; a new bias is zero and has no ratio."""
    if all(values):
        return list(map(truediv, changes, values))
    return [
        change / value if value else (NO_RATIO if change else 0.0)
        for change, value in zip(changes, values, strict=True)
    ]


def merged(series: Sequence[Sequence[int]]) -> list[int]:
    """The steps of several series, each once."""
    return list(_rising(series)) if len(series) != 1 else list(series[0])


def _rising(series: Sequence[Sequence[int]]) -> Iterator[int]:
    yield from sorted(set().union(*series))
