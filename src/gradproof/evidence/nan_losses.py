"""Losses that are no number, although all gradients are finite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, isnan

from .applies import Apply, Step
from .nonfinite import above_zero
from .recording import Operation
from .run import Run
from .singular import singular_operations

LOGARITHMS = frozenset({"Log", "Log1p"})
"""NaN below their range, where the derivative, `1 / x`, is finite all the same."""

FEW = 2
"""Steps with such a loss, at least."""


@dataclass(frozen=True)
class NanLoss:
    """Steps whose loss was NaN and whose gradients were not.

    Attributes:
        apply: Where the gradients were applied.
        steps: These steps.
        cause: The one line of the program that takes a logarithm on the way.
        names: Paths of the variables.
    """

    apply: Apply
    steps: tuple[Step, ...]
    cause: Operation
    names: tuple[str, ...]


def nan_losses(run: Run) -> Iterator[NanLoss]:
    """Apply calls with a loss that a logarithm of something negative made NaN."""
    for apply in run.applies:
        steps = tuple(step for step in run.steps_of(apply.key) if _is_nan(step))
        call = run.asked_for(apply)
        if len(steps) < FEW or call is None or not all(_moves(step) for step in steps):
            continue
        names = tuple(run.path(update.variable) for update in steps[0].updates)
        recording = run.recording(call.recording)
        made = [
            one
            for one in singular_operations(run, call, names)
            if one.type in LOGARITHMS and "__call__" not in one.via
        ]
        made = [one for one in made if not above_zero(recording, one)]
        if len({one.place for one in made}) == 1:
            yield NanLoss(apply, steps, made[0], names)


def _is_nan(step: Step) -> bool:
    return step.loss is not None and isnan(step.loss)


def _moves(step: Step) -> bool:
    norms = [update.gradient_norm for update in step.updates]
    return any(norms) and all(norm is None or isfinite(norm) for norm in norms)
