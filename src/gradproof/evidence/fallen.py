"""Models whose outputs have all fallen below the threshold of their last activation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from math import isfinite

from ..finding import Place
from .activations import made_at
from .applies import Step
from .gradients import GradientCall
from .recording import Operation
from .run import Run
from .units import GATES
from .zeros import likeliest

LASTING = 10
"""Measured steps without any gradient, at least."""


@dataclass(frozen=True)
class Fallen:
    """A model that learned at first, and of which nothing has a gradient any more.

    Attributes:
        gate: The threshold through which all ways to the target go.
        made_at: The line that made its layer.
        steps: The measured steps at the end, all gradients of which were zero.
        names: Paths of the variables.
    """

    gate: Operation
    made_at: Place
    steps: tuple[Step, ...]
    names: tuple[str, ...]


def fallen(run: Run) -> Iterator[Fallen]:
    """Apply calls that got zeros at last, while there was something left to learn."""
    for apply in run.applies:
        steps = run.steps_of(apply.key)
        last = [*takewhile(_is_zero, reversed(steps))][::-1]
        if not LASTING <= len(last) < len(steps) or not all(map(_has_loss, last)):
            continue
        call = run.asked_for(apply)
        gate = _gate(run, call, last[-1]) if call is not None else None
        if call is None or gate is None:
            continue
        layer = made_at(run, run.recording(call.recording), gate)
        if layer is not None:
            names = tuple(run.path(update.variable) for update in last[-1].updates)
            yield Fallen(gate, layer, tuple(last), names)


def _is_zero(step: Step) -> bool:
    return bool(step.updates) and all(update.gradient_norm == 0.0 for update in step.updates)


def _has_loss(step: Step) -> bool:
    return step.loss is not None and isfinite(step.loss) and step.loss != 0.0


def _gate(run: Run, call: GradientCall, step: Step) -> Operation | None:
    """The one threshold behind which all that is trained lies."""
    necks = [likeliest(run, call, update.variable) for update in step.updates]
    operations = {neck.operation.index: neck.operation for neck in necks if neck is not None}
    if len(operations) != 1 or None in necks:
        return None
    (gate,) = operations.values()
    return gate if gate.type in GATES else None
