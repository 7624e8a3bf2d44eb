"""Why a tensor that a gradient call was given has no gradient."""

from __future__ import annotations

from ..finding import Place
from .gradients import GradientCall, Source, Tape
from .recording import Operation, Recording
from .run import Run
from .ways import Loss, beside, cut_kind, ends_of, reaches


def stood_before(run: Run, call: GradientCall, position: int) -> frozenset[int]:
    """Variables that the same call was given before in this place of its list."""
    return frozenset(
        key
        for other in run.calls
        if other.key < call.key and other.stack == call.stack
        if len(other.sources) == len(call.sources)
        if (key := other.sources[position].variable) is not None
    )


def tensor_loss(
    recording: Recording, tape: Tape, call: GradientCall, source: Source, before: frozenset[int]
) -> Loss:
    """Why a tensor given as a source has no gradient."""
    index = source.operation
    if index is None or index < 0:
        return Loss("unread", source)
    made = recording.operations[index]
    behind = recording.ancestors(ends_of(call))
    origins = recording.ancestors([index])
    of_gradient = any(recording.operations[origin].backward for origin in origins)
    read = {key for origin in origins for key in recording.operations[origin].reads}
    if (of_gradient and read) or (read & before and not is_watched(tape, source)):
        return Loss("rebound", source, made, made.place)
    if index in behind and not is_watched(tape, source):
        return Loss("unwatched", source, made, call.place)
    if index not in behind:
        return Loss("dead end", source, made, made.place)
    first = unseen(recording, call, source)
    if first is not None:
        return Loss("outside", source, first, beside(first.stack, tape.stack) or first.place)
    watched = _watched_late(recording, tape, index)
    if watched and reaches(
        recording, [made], ends_of(call), lambda one: _hidden(one, made, call.tape)
    ):
        return Loss("late", source, made, watched)
    return Loss("unknown", source, made, made.place)


def unseen(recording: Recording, call: GradientCall, source: Source) -> Operation | None:
    """What a tensor was used for first, where the tape saw nothing of its way to the target."""
    index = source.operation
    if index is None or index < 0:
        return None
    way = [one for one in recording.between([index], ends_of(call)) if one.index != index]
    return way[0] if way and not any(call.tape in one.tapes for one in way) else None


def _hidden(operation: Operation, made: Operation, tape: int) -> bool:
    """It stops a gradient, or ran while the tape was off."""
    return operation is not made and (
        cut_kind(operation) is not None or tape not in operation.tapes
    )


def _watched_late(recording: Recording, tape: Tape, index: int) -> Place | None:
    """The line that tells the tape of a tensor, if that stands below its first use."""
    place = next((place for watched, place in tape.watches if watched == index), None)
    users = (recording.operations[user] for user in recording.consumers.get(index, ()))
    first = next((user for user in users if tape.key in user.tapes), None)
    used = beside(first.stack, tape.stack) if first is not None else None
    if place is None or used is None or used.path != place.path or used.line >= place.line:
        return None
    return place


def is_watched(tape: Tape, source: Source) -> bool:
    """Says whether the program told the tape of this tensor."""
    return any(index == source.operation for index, _ in tape.watches)
