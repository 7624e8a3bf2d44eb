"""Calling a step for trial, watched: what it does, and what its source is suspected of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .fault import Diagnosis
from .live import Watched
from .own_state import extent, functions_of, traced_functions
from .report.text import told

if TYPE_CHECKING:
    from .finding import Place
    from .watching.tensorflow.trying.rewind import State

WAITING = 25
"""More calls for a step that moved nothing yet: it may be adding up gradients for one
update, or halving a loss scale that begins too high."""


@dataclass
class Tried:
    """Some calls of a step, and what was seen of them.

    Attributes:
        seen: The facts, and what they say.
        losses: As the step returned them.
        error: The exception that it raised, in words.
        calls: Number of calls.
        moved: The first call that changed a weight; 0 if none did.
        unrolled: Traced functions were run eagerly, since they could not be seen.
    """

    seen: Watched
    losses: list[float] = field(default_factory=list)
    error: str | None = None
    calls: int = 0
    moved: int = 0
    unrolled: bool = False

    def wanted(self, steps: int) -> int:
        """Calls to make in all.

        One that moves now and then is called until it has moved again.
        """
        if not self.moved:
            return steps + WAITING
        return max(steps, 2 * self.moved + 1) if self.moved > 1 else steps

    @property
    def traced(self) -> bool:
        """The step is a traced function, or calls some."""
        recordings = self.seen.run.recordings
        return self.unrolled or any(one.function is not None for one in recordings)

    @property
    def hidden(self) -> bool:
        """Weights changed where nothing could be watched."""
        return bool(self.moved) and not self.seen.run.steps


def tried(step: Callable[..., Any], args: Sequence[Any], steps: int, state: State) -> Tried:
    """Watches some steps; eagerly if the traced ones can't be seen."""
    from .watching.tensorflow.trying import trial

    for eagerly in (False, True):
        found = Tried(Watched(), unrolled=eagerly)
        inner = [] if eagerly else traced_functions(step)
        with trial.run_eagerly(eagerly), trial.traced_again(inner), found.seen:
            try:
                anew = trial.untraced(step)
                while found.calls < found.wanted(steps):
                    loss = trial.scalar_of(anew(*args))
                    found.losses += [loss] if loss is not None else []
                    found.calls += 1
                    if not found.moved and trial.trained(state):
                        found.moved = found.calls
            except Exception as problem:
                # What was asked for went well: batches may end.
                if found.calls < steps:
                    found.seen.raised(problem)
                    found.error = told(problem)
        state.restore()
        if found.seen.run.steps or found.seen.diagnoses or found.error:
            break
    return found


SHOWN = ("recorded", "differentiated", "applied")
"""Stages at which a fault shows in the updates of a few steps, as a rule."""

ELSEWHERE = {"derived-weights-built-once", "variable-left-out"}
"""Faults of other stages that show there as well."""

LATER = {
    "custom-optimizer-bug",
    "float16-range",
    "nan-from-singular-op",
    "optimizer-swapped-under-trace",
    "shared-optimizer",
    "wrong-custom-gradient",
}
"""Faults of those stages that do not: they wait for other values, another call, or are slight."""


def suspected(
    step: Callable[..., Any], seen: Watched, proven: Sequence[Diagnosis], holds: bool
) -> tuple[Diagnosis, ...]:
    """What source speaks of in functions that the step ran, and no update can show.

    Args:
        step: Was called.
        seen: What it did.
        proven: What is wrong for sure.
        holds: All variables passed all stages; so a suspicion of what would have shown
            speaks of other calls of the same lines, with other models or batches.
    """
    where = extent(step)
    if where is None:
        return ()
    path, first, last = where
    own = {(path, line) for line in range(first, last + 1)}
    stacks = [one.stack for part in seen.run.recordings for one in part.operations]
    stacks += [one.stack for one in seen.run.calls]
    stacks += [one.stack for one in seen.run.applies]
    passed = own | {_spot(place) for stack in stacks for place in stack}
    functions: dict[str, list[tuple[int, int]]] = {}
    for path, line in {spot for stack in dict.fromkeys(stacks) for spot in _below(stack, own)}:
        if path not in functions:
            functions[path] = functions_of(path)
        first, last = _function_around(functions[path], line)
        passed |= {(path, one) for one in range(first, last + 1)}
    known = {one.fault.code for one in proven}
    return tuple(
        one
        for one in seen.suspected
        if one.fault.code not in known
        and not passed.isdisjoint(_lines(one))
        and not (holds and _shows(one))
    )


def _shows(diagnosis: Diagnosis) -> bool:
    """A few steps would have shown it."""
    fault = diagnosis.fault
    if fault.prove is None or fault.name in LATER:
        return False
    return fault.stage in SHOWN or fault.name in ELSEWHERE


def _spot(place: Place) -> tuple[str, int]:
    return os.path.abspath(place.path), place.line


def _below(stack: Sequence[Place], step: set[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """The part of a stack that the step called: what calls it is no part of it."""
    spots = [_spot(place) for place in stack]
    inside = [spot in step for spot in spots]
    return spots[inside.index(True) :] if any(inside) else []


def _function_around(functions: Sequence[tuple[int, int]], line: int) -> tuple[int, int]:
    """First and last line of the innermost function that holds a line."""
    around = [(first, last) for first, last in functions if first <= line <= last]
    return max(around, default=(line, line))


def _lines(diagnosis: Diagnosis) -> Iterable[tuple[str, int]]:
    """All lines that a diagnosis speaks of, with their files."""
    places = [one.place for one in diagnosis.related]
    for place in places if diagnosis.place is None else [diagnosis.place, *places]:
        for line in range(place.line, max(place.line, place.span.end_line) + 1):
            yield os.path.abspath(place.path), line
