"""Tensors that were made once and that gradient calls depend on; lines that ran."""

from __future__ import annotations

from ..finding import Place
from .run import Run


def depending(run: Run, place: Place) -> tuple[int, int]:
    """Gradient calls whose target depends on what a line computed outside of them.

    Returns:
        How many of the recorded calls depend on it, and how many were
        recorded at all. Only calls whose tape was off at that line count.
    """
    eager = next((one for one in run.recordings if one.function is None), None)
    if eager is None:
        return 0, 0
    made = {
        operation.index
        for operation in eager.operations
        if any(same_line(line, place) for line in operation.stack)
    }
    found = 0
    for call in run.calls:
        recording = run.recording(call.recording)
        behind = recording.ancestors(one.operation for one in call.targets if one.operation >= 0)
        if recording.function is None:
            used = any(
                index in made and call.tape not in recording.operations[index].tapes
                for index in behind
            )
        else:
            used = any(recording.operations[index].stand_in in made for index in behind)
        found += used
    return found, len(run.calls)


def same_line(line: Place, place: Place) -> bool:
    """A line of the run, and a span of the source that may be shown otherwise."""
    mine, theirs = (one.path.replace("\\", "/").rsplit("/", 1)[-1] for one in (line, place))
    return mine == theirs and line.cell == place.cell and line.span.overlaps(place.span)


def ran(run: Run, place: Place) -> bool:
    """Says whether operations of this line were recorded under a tape."""
    return any(
        operation.tapes and any(same_line(line, place) for line in operation.stack)
        for recording in run.recordings
        for operation in recording.operations
    )
