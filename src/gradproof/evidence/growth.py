"""Gradients that grow by orders of magnitude from step to step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite

from .applies import Apply, Step
from .middle import middle
from .run import Run

GRADIENT = 1e4
"""So much the gradient has grown, at least."""

LOSS = 1e2
"""So much the loss has grown, at least, where it is known."""

LEAP = 100.0
"""So many times its own size a variable changes in the last finite step, at least."""

FEWEST = 3
"""Measured steps."""


@dataclass(frozen=True)
class Growth:
    """Gradients at one place that grew beyond all bounds.

    Attributes:
        apply: Where they were applied.
        first: A step at the start.
        last: The step with the largest gradient that was still finite.
        norms: Largest gradient norm at these two steps.
        ended: The first step whose gradient or change was not finite.
        names: Paths of the variables, the largest gradient first.
    """

    apply: Apply
    first: Step
    last: Step
    norms: tuple[float, float]
    ended: Step | None
    names: tuple[str, ...]


def growths(run: Run) -> Iterator[Growth]:
    """Places whose gradients ended orders of magnitude above their start."""
    for apply in run.applies:
        steps = [step for step in run.steps_of(apply.key) if step.updates]
        count = next((at for at, step in enumerate(steps) if not _finite(step)), len(steps))
        finite, ended = steps[:count], steps[count] if count < len(steps) else None
        if ended is not None and finite and _throws(finite[-1], LEAP):
            updates = sorted(finite[-1].updates, key=lambda one: -(one.gradient_norm or 0.0))
            sizes = (_size(finite[0]), _size(finite[-1]))
            names = tuple(run.path(update.variable) for update in updates)
            yield Growth(apply, finite[0], finite[-1], sizes, ended, names)
            continue
        if len(finite) < (2 if ended is not None else FEWEST):
            continue
        thrown = _throws(finite[0])
        start = (
            _size(finite[0])
            if thrown or ended is not None
            else middle(_size(step) for step in finite[:FEWEST])
        )
        first, last = finite[0], max(finite, key=_size)
        if start <= 0.0 or _size(last) < GRADIENT * start:
            continue
        if ended is None and not _stays(finite, last, start, at_once=thrown):
            continue
        if not _worse(first, last, ended):
            continue
        updates = sorted(last.updates, key=lambda one: -(one.gradient_norm or 0.0))
        names = tuple(run.path(update.variable) for update in updates)
        yield Growth(apply, first, last, (_size(first), _size(last)), ended, names)


def _throws(step: Step, gradient: float = 0.0) -> bool:
    """A step threw variables far beyond all that they had been, by gradients so large at least."""
    return any(
        update.value_norm > 0.0
        and update.change_norm > LEAP * update.value_norm
        and (update.gradient_norm or 0.0) > gradient
        for update in step.updates
    )


def _finite(step: Step) -> bool:
    # What is not finite makes its sum so.
    return isfinite(
        sum(update.change_norm + (update.gradient_norm or 0.0) for update in step.updates)
    )


def _size(step: Step) -> float:
    return max((update.gradient_norm or 0.0 for update in step.updates), default=0.0)


def _stays(finite: list[Step], last: Step, start: float, *, at_once: bool) -> bool:
    """It is no single spike: what comes after is still far above the start, for good or at once."""
    if at_once:
        return all(_size(step) > GRADIENT / 10 * start for step in finite[1:])
    later = [_size(step) for step in finite if step.index >= last.index][:FEWEST]
    before = [_size(step) for step in finite if step.index < last.index][-2:]
    return min(later) > GRADIENT / 10 * start and all(size > 10 * start for size in before[-1:])


def _worse(first: Step, last: Step, ended: Step | None) -> bool:
    """The loss went along, as far as it is known."""
    if first.loss is None:
        return True
    losses = [
        abs(step.loss) for step in (last, ended) if step is not None and step.loss is not None
    ]
    grown = max((loss if isfinite(loss) else inf for loss in losses), default=inf)
    return grown > LOSS * max(abs(first.loss), 1e-6)
