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
        if apply.place in told:
            continue
        # Changes by hand in a loop are one place, and an update for each variable.
        same = {one.key: one for one in run.applies if one.place == apply.place}
        steps = [step for step in run.steps if step.apply in same]
        if len(steps) < STEPS:
            continue
        keys, biases = _chain(run, same.values())
        if len(keys) < LAYERS:
            continue
        found = _fading(apply, keys, biases, steps)
        if found is not None:
            told.add(apply.place)
            yield found


def _chain(run: Run, applies: Iterable[Apply]) -> tuple[list[int], list[int]]:
    """Weight matrices among the pairs, and biases, in the order in which they are read."""
    recordings = {call.key: run.recording(call.recording) for call in run.calls}
    first: dict[int, int] = {}
    for apply in applies:
        recording = recordings.get(apply.call) if apply.call is not None else None
        if recording is None:
            continue
        for pair in apply.pairs:
            key = pair.variable
            if key is None or not run.variable(key).shape or pair.given != "gradient":
                continue
            reads = [read.index for read in recording.reads_of(key) if not read.backward]
            if reads:
                first[key] = min(reads)
    ordered = sorted(first, key=lambda key: first[key])
    flat = [key for key in ordered if len(run.variable(key).shape) == 1]
    return [key for key in ordered if key not in flat], flat


def _fading(
    apply: Apply, keys: list[int], biases: list[int], steps: Iterable[Step]
) -> Fading | None:
    gradients: dict[int, list[float]] = {key: [] for key in (*keys, *biases)}
    changes: dict[int, list[float]] = {key: [] for key in gradients}
    for step in steps:
        for update in step.updates:
            if update.variable in gradients and _usable(update):
                gradients[update.variable].append(update.gradient_norm or 0.0)
                changes[update.variable].append(update.change_norm / update.value_norm)
    if any(len(gradients[key]) < STEPS for key in keys):
        return None
    biases = [key for key in biases if len(gradients[key]) >= STEPS]
    moves = [middle(changes[key]) for key in keys]
    # A kernel gets its gradient times its input: where both fade, one end is like the other,
    # and the biases, which get the gradient itself, tell how much of it arrives.
    fades = _fades([gradients[key] for key in keys])
    if not fades and len(biases) >= LAYERS and _fades([gradients[key] for key in biases]):
        fades = all(middle(gradients[key]) > 0.0 for key in keys)
        moves += [middle(changes[key]) for key in biases]
    if not fades or not moves[0] < PART * max(moves):
        return None
    count = len(gradients[keys[0]])
    told = (*keys, *biases)[: len(moves)]
    return Fading(apply, told, tuple(middle(gradients[key]) for key in told), tuple(moves), count)


def _fades(gradients: list[list[float]]) -> bool:
    """Norms rise from layer to layer, over orders of magnitude, at nearly every step."""
    norms = [middle(found) for found in gradients]
    # Zero is another fault: here the path works, and wears the gradient down.
    if not 0.0 < norms[0] < PART * max(norms):
        return False
    # Where the loss is at a turn, all gradients are small: that may happen now and then.
    most = [max(found) for found in zip(*gradients, strict=False)]
    small = sum(
        first < 100 * PART * other for first, other in zip(gradients[0], most, strict=False)
    )
    if small < 0.8 * len(most):
        return False
    rises = sum(later > earlier for earlier, later in pairwise(norms))
    return rises >= 0.75 * (len(norms) - 1)


def _usable(update: Update) -> bool:
    return (
        update.gradient_norm is not None
        and isfinite(update.gradient_norm)
        and isfinite(update.change_norm)
        and update.value_norm > 0.0
    )
