"""Two runs beside each other: curves in pairs, and where they part."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite

from markupsafe import Markup

from ...answer import Lines
from ...fault import Diagnosis
from . import embedding, packing, words
from .buckets import NAN, condensed, cuts, stretches

PLACES = 500_000
"""Numbers that a page holds, about."""

MOST, FEWEST = 600, 64


@dataclass(frozen=True)
class Curve:
    """Updates of one variable in one run, or the losses of one; NaN where unknown.

    Attributes:
        steps: Numbers of the updates, rising.
        gradients: Norms; below zero where there was no gradient.
        ratios: Norm of the change by norm of the value.
        changes: Norms.
    """

    steps: Sequence[int] = ()
    gradients: Sequence[float] = ()
    ratios: Sequence[float] = ()
    changes: Sequence[float] = ()


@dataclass(frozen=True)
class Twin:
    """One variable in both runs."""

    name: str
    left: Curve
    right: Curve
    parts: bool = False


@dataclass(frozen=True)
class Side:
    """What is told of one of the two runs."""

    name: str
    facts: tuple[str, ...] = ()
    steps: Sequence[int] = ()
    losses: Sequence[float] = ()


@dataclass(frozen=True)
class Sizes:
    """One quantity that differs where two runs part, as it is written.

    Attributes:
        stage: Such as `"gradients"`.
        variable: Path of the variable.
        left: Its size in the first run.
        right: The same of the second.
        apart: By how much they differ; empty where the sizes tell it.
    """

    stage: str
    variable: str
    left: str
    right: str
    apart: str


@dataclass(frozen=True)
class Beside:
    """Two runs, ready to be shown.

    Attributes:
        title: The verdict in one sentence.
        state: As in `verdict.Sentence`.
        what: Stands in the head of the page.
        sides: The two runs.
        step: At which they part, if they do.
        rows: What differs there.
        norms: Whether sizes among them are norms.
        reasons: Sentences about it.
        causes: Name of a run, a diagnosis of it, and its source lines.
        notes: What could not be compared.
        twins: The variables.
    """

    title: str
    state: str
    what: str
    sides: tuple[Side, Side]
    step: int | None = None
    rows: tuple[Sizes, ...] = ()
    norms: bool = False
    reasons: tuple[str, ...] = ()
    causes: tuple[tuple[str, Diagnosis, Lines], ...] = ()
    notes: tuple[str, ...] = ()
    twins: tuple[Twin, ...] = field(default=())


def data(sides: Sequence[Side], twins: Sequence[Twin], step: int | None) -> Markup | None:
    """The curves for the script of the page; `None` if there are none."""
    known = [number for side in sides for number in side.losses if isfinite(number)]
    if not known and not twins:
        return None
    most = max(FEWEST, min(MOST, PLACES // (6 * max(1, len(twins)))))
    every = {number for side in sides for number in side.steps}
    every.update(
        number for twin in twins for one in (twin.left, twin.right) for number in one.steps
    )
    starts = stretches(sorted(every), most)
    return embedding.data(
        {
            "sides": [words.visible(side.name) for side in sides],
            "starts": starts,
            "step": step,
            "loss": [_losses(side, starts) for side in sides],
            "rows": [[words.visible(twin.name), int(twin.parts)] for twin in twins],
            "block": packing.block(
                codes
                for twin in twins
                for one in (twin.left, twin.right)
                for codes in _codes(one, starts)
            ),
        }
    )


def _losses(side: Side, starts: Sequence[int]) -> list[float | None]:
    middle = condensed(side.losses, cuts(side.steps, starts)).middle if side.steps else []
    return [float(f"{number:.6g}") if isfinite(number) else None for number in middle]


def _codes(curve: Curve, starts: Sequence[int]) -> list[array[int]]:
    cut = [bisect_left(curve.steps, start) for start in starts]
    present = [end > begin for begin, end in pairwise(cut)]
    nothing = [NAN] * len(curve.steps)
    return [
        packing.codes(condensed(column or nothing, cut).middle, present)
        for column in (curve.gradients, curve.ratios, curve.changes)
    ]
