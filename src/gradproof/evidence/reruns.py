"""Tensors of one forward pass, or copies of variables, that the target does not come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..finding import Place
from .gradients import GradientCall, Source
from .recording import Operation, Recording
from .run import Run
from .ways import beside

COPYING = frozenset(
    {"Cast", "Identity", "ReadVariableOp", "Reshape", "ResourceGather", "Snapshot", "StridedSlice"}
)
"""What gives the values of a variable, or some of them, as they are."""


@dataclass(frozen=True)
class Rerun:
    """A source that belongs to a forward pass which the target does not use.

    Attributes:
        call: The gradient call.
        names: Paths of the variables that both passes read.
        place: The user's line that made the source, in the function that
            opened the tape if it was made from there; in a helper that
            makes both passes, the line in that.
        again: The line of the pass that the target comes from.
        copied: No forward pass at all: a variable was read, and what that gave is the source.
    """

    call: GradientCall
    names: tuple[str, ...]
    place: Place | None
    again: Place | None
    copied: bool = False


def reruns(run: Run) -> Iterator[Rerun]:
    """Sources without gradient whose variables were read again for the target."""
    told: set[tuple[Place | None, Place | None]] = set()
    for call in run.calls:
        for source in call.sources:
            if source.given != "tensor" or source.operation is None or source.operation < 0:
                continue
            if source.connected is not False and not call.zeros:
                continue
            found = _rerun(run, call, source, source.operation)
            if found is not None and (call.place, found.place) not in told:
                told.add((call.place, found.place))
                yield found


def _rerun(run: Run, call: GradientCall, source: Source, index: int) -> Rerun | None:
    recording = run.recording(call.recording)
    ends = [target.operation for target in call.targets if target.operation >= 0]
    behind = recording.ancestors(ends)
    if index in behind:
        return None
    first = _reads(recording, recording.ancestors([index]))
    second = _reads(recording, behind)
    both = [key for key in first if key in second and first[key].index != second[key].index]
    if not both:
        return None
    stack = run.tape(call.tape).stack
    made = recording.operations[index]
    again = second[both[-1]]
    place, other = beside(made.stack, stack), beside(again.stack, stack)
    if place == other:
        # One helper makes both passes: where they part in it.
        place, other = beside(made.stack, again.stack), beside(again.stack, made.stack)
    names = tuple(run.path(key) for key in both)
    copied = len(both) == 1 and _is_copy(recording, made)
    return Rerun(call, names, place or made.place, other or again.place, copied)


def _is_copy(recording: Recording, operation: Operation) -> bool:
    """Says whether an operation gives values of one variable as they are."""
    while operation.type in COPYING and not operation.reads and operation.inputs:
        operation = recording.operations[operation.inputs[0]]
    return operation.type in COPYING and bool(operation.reads)


def _reads(recording: Recording, indices: frozenset[int]) -> dict[int, Operation]:
    """The last read of each variable among some operations."""
    return {
        key: recording.operations[index]
        for index in sorted(indices)
        for key in recording.operations[index].reads
        if not recording.operations[index].backward
    }
