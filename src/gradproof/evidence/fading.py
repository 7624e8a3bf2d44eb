"""Gradients that fade on their way back through the layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from .applies import Apply, Step, Update
from .middle import middle
from .run import Run

LAYERS = 4
"""Weight matrices in a row, at least: fewer make no trend."""

STEPS = 10
"""Measured steps, at least."""

PART = 1e-4
"""The first gradient and the first relative change are such a part of the last."""


@dataclass(frozen=True)
class Fading:
    """A chain of weights whose gradients shrink towards the input.

    Attributes:
        apply: Where they are applied.
        keys: Keys of the weights, the first layer first.
        gradients: Median gradient norm of each.
        changes: Median change of each in a step, relative to its norm.
        steps: Steps measured.
    """

    apply: Apply
    keys: tuple[int, ...]
    gradients: tuple[float, ...]
    changes: tuple[float, ...]
    steps: int

    @property
    def faded(self) -> tuple[int, ...]:
        """Those that barely move beside the last ones."""
        most = max(self.changes)
        return tuple(
            key
            for key, change in zip(self.keys, self.changes, strict=True)
            if change < 10 * PART * most
        )


def fadings(run: Run) -> Iterator[Fading]:
    """Places that apply gradients of which the first layers get next to none."""
    told: set[object] = set()
    for apply in run.applies:
        if apply.by_hand or apply.place in told:
            continue
        same = {one.key for one in run.applies if one.place == apply.place}
        steps = [step for step in run.steps if step.apply in same]
        keys = _chain(run, apply)
        if len(steps) < STEPS or len(keys) < LAYERS:
            continue
        found = _fading(apply, keys, steps)
        if found is not None:
            told.add(apply.place)
            yield found


def _chain(run: Run, apply: Apply) -> list[int]:
    """Weight matrices among the pairs, in the order in which they are read."""
    recording = None
    for call in run.calls:
        if call.key == apply.call:
            recording = run.recording(call.recording)
    if recording is None:
        return []
    first: dict[int, int] = {}
    for pair in apply.pairs:
        key = pair.variable
        if key is None or len(run.variable(key).shape) < 2 or pair.given != "gradient":
            continue
        reads = [read.index for read in recording.reads_of(key) if not read.backward]
        if reads:
            first[key] = min(reads)
    return sorted(first, key=lambda key: first[key])


def _fading(apply: Apply, keys: list[int], steps: Iterable[Step]) -> Fading | None:
    gradients: dict[int, list[float]] = {key: [] for key in keys}
    changes: dict[int, list[float]] = {key: [] for key in keys}
    for step in steps:
        for update in step.updates:
            if update.variable in gradients and _usable(update):
                gradients[update.variable].append(update.gradient_norm or 0.0)
                changes[update.variable].append(update.change_norm / update.value_norm)
    if any(len(found) < STEPS for found in gradients.values()):
        return None
    norms = [middle(gradients[key]) for key in keys]
    moves = [middle(changes[key]) for key in keys]
    # Zero is another fault: here the path works, and wears the gradient down.
    if not 0.0 < norms[0] < PART * max(norms) or not moves[0] < PART * max(moves):
        return None
    # Where the loss is at a turn, all gradients are small: that may happen now and then.
    most = [max(found) for found in zip(*gradients.values(), strict=False)]
    small = sum(
        first < 100 * PART * other for first, other in zip(gradients[keys[0]], most, strict=False)
    )
    if small < 0.8 * len(most):
        return None
    rises = sum(later > earlier for earlier, later in pairwise(norms))
    if rises < 0.75 * (len(norms) - 1):
        return None
    return Fading(apply, tuple(keys), tuple(norms), tuple(moves), len(gradients[keys[0]]))


def _usable(update: Update) -> bool:
    return (
        update.gradient_norm is not None
        and isfinite(update.gradient_norm)
        and isfinite(update.change_norm)
        and update.value_norm > 0.0
    )
