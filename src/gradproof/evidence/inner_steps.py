"""Inner steps of meta-learning that are assigned to the variables themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..finding import Place
from .gradients import GradientCall
from .recording import Operation
from .run import Run
from .updating import results


@dataclass(frozen=True)
class InnerStep:
    """A variable that got a new value of an inner gradient under the outer tape."""

    variable: int
    place: Place | None


def inner_steps(run: Run) -> Iterator[tuple[GradientCall, tuple[InnerStep, ...]]]:
    """Outer gradient calls whose target goes through values that were assigned.

    The variable is asked for, is assigned what was computed from a gradient
    that was taken while the outer tape recorded, and is then read again on
    the way to the target.
    """
    told: set[object] = set()
    for call in run.calls:
        inner = [
            one
            for one in run.calls
            if one.inner and one.recording == call.recording and one.at < call.at
        ]
        if call.inner or not inner or call.place in told:
            continue
        steps = _steps(run, call, inner)
        if steps:
            told.add(call.place)
            yield call, steps


def _steps(run: Run, call: GradientCall, inner: list[GradientCall]) -> tuple[InnerStep, ...]:
    recording = run.recording(call.recording)
    behind = recording.ancestors(one.operation for one in call.targets)
    flow = recording.descendants(results(inner))
    asked = set(call.reached)
    found: dict[int, InnerStep] = {}
    for operation in recording.operations[: call.at]:
        if not operation.writes or call.tape not in operation.tapes or operation.index not in flow:
            continue
        for key in operation.writes & asked - set(found):
            later = (one for one in recording.reads_of(key) if one.index > operation.index)
            if any(one.index in behind and call.tape in one.tapes for one in later):
                found[key] = InnerStep(key, _line(run, key, operation))
    return tuple(found.values())


def _line(run: Run, key: int, write: Operation) -> Place | None:
    """The user's line that assigns: an operation of a graph need not know its own."""
    if write.place is not None:
        return write.place
    return next((one.places[0] for one in run.assigned if one.variable == key and one.places), None)
