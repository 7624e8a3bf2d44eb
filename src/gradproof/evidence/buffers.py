"""Buffers in which gradients are added up before one update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..finding import Place
from .accumulating import ADDITIONS
from .applies import PENDING, Apply, Pair
from .recording import Operation, Recording
from .run import Run
from .updating import PLAIN, SCALINGS, is_zero, results_of


@dataclass(frozen=True)
class Hoard:
    """Buffers that are applied as gradients, and that nothing empties.

    Attributes:
        apply: Where they are handed over.
        buffers: Keys of the buffers.
        variables: Keys of the variables that they are applied to.
        added: The user's line that adds to them.
        steps: Updates so far.
        filled: Times that a gradient took the place of another, where nothing empties them.
    """

    apply: Apply
    buffers: tuple[int, ...]
    variables: tuple[int, ...]
    added: Place | None
    steps: int
    filled: int = 0


def hoards(run: Run) -> Iterator[Hoard]:
    """Buffers that were applied twice and have only ever been added to."""
    for apply in run.applies:
        if apply.by_hand:
            continue
        updates = _updates(run, apply)
        if updates < 2:
            continue
        pairs = _handed_over(run, apply)
        found = [(buffer, variable) for buffer, variable in pairs if _only_added_to(run, buffer)]
        if found and len(found) == len(pairs):
            places = [
                place
                for assigned in run.assigned
                if assigned.variable == found[0][0]
                for place in assigned.places
            ]
            yield Hoard(
                apply,
                tuple(buffer for buffer, _ in found),
                tuple(variable for _, variable in found),
                places[0] if places else None,
                updates,
            )
            return


def replaced(run: Run) -> Iterator[Hoard]:
    """Buffers that take one gradient for another, though an update is made of several.

    Sums are meant where they are emptied, or filled more often than applied.
    """
    for apply in run.applies:
        if apply.by_hand:
            continue
        pairs = _handed_over(run, apply)
        found = [_replaces(run, buffer) for buffer, _ in pairs]
        places = [place for place, _ in found if place is not None]
        if not places or len(places) < len(found):
            continue
        buffers, variables = zip(*pairs, strict=True)
        if all(emptied for _, emptied in found):
            yield Hoard(apply, buffers, variables, places[0], 1)
            return
        filled = min(_filled(run, buffer) for buffer in buffers)
        updates = _updates(run, apply)
        late = 0 if run.finished else PENDING
        if not apply.traced and updates >= 2 and updates + late <= filled // 2:
            yield Hoard(apply, buffers, variables, places[0], updates, filled)
            return


def _updates(run: Run, apply: Apply) -> int:
    """Updates that were measured where gradients are handed over, or else recorded."""
    same = [one for one in run.applies if one.place == apply.place and not apply.traced]
    steps = [step.index for one in (apply, *same) for step in run.steps_of(one.key)]
    return max([*steps, len(same), 0 if apply.traced else 1])


def _filled(run: Run, buffer: int) -> int:
    """Times that something was assigned to a buffer, as far as they were counted."""
    return sum(one.times for one in run.assigned if one.variable == buffer)


def _replaces(run: Run, buffer: int) -> tuple[Place | None, bool]:
    """Where a gradient is assigned to a buffer, if nothing adds to it; does something empty it?"""
    assigned = [one for one in run.assigned if one.variable == buffer]
    lines = {place for one in assigned for place in one.places}
    if any(one.method != "assign" for one in assigned):
        return None, False
    found: Place | None = None
    emptied = False
    for recording in run.recordings:
        results = results_of(run, recording)
        for operation in recording.operations:
            # The line that makes a variable gives it its first value.
            if buffer not in operation.writes or operation.place not in lines:
                continue
            if not operation.inputs:
                return None, False
            behind = recording.ancestors(operation.inputs[-1:])
            if is_zero(recording, operation.inputs[-1]):
                emptied = True
            elif not behind & results or any(
                buffer in recording.operations[index].reads for index in behind
            ):
                return None, False
            else:
                found = found or operation.place
    return found, emptied


def _handed_over(run: Run, apply: Apply) -> list[tuple[int, int]]:
    """Keys of the buffers that are applied as gradients, with those of their variables."""
    return [
        (buffer, pair.variable)
        for pair in apply.pairs
        if pair.variable is not None and (buffer := _buffer(run, apply, pair)) is not None
    ]


def _buffer(run: Run, apply: Apply, pair: Pair) -> int | None:
    """Key of the variable whose value is handed over as a gradient."""
    if pair.buffer is not None or pair.handed is None:
        return pair.buffer
    recording = run.recording(apply.recording)
    if pair.handed >= len(recording.operations):
        return None
    operation = recording.operations[pair.handed]
    for _ in range(20):
        keys = [key for key in operation.reads if not run.variable(key).trainable]
        if keys:
            return keys[0] if len(keys) == 1 and operation.type == "ReadVariableOp" else None
        whole = [one for one in operation.inputs if recording.operations[one].shape != ()]
        if operation.type not in PLAIN | SCALINGS or len(whole) != 1:
            return None
        operation = recording.operations[whole[0]]
    return None


def _only_added_to(run: Run, buffer: int) -> bool:
    """Everything that was ever assigned to it adds to what was there."""
    assigned = [one for one in run.assigned if one.variable == buffer]
    if not assigned or any(one.method == "assign_sub" for one in assigned):
        return False
    adding: set[Place | None] = set()
    for recording in run.recordings:
        for operation in recording.operations:
            if buffer in operation.writes:
                if operation.type != "AssignAddVariableOp" and not _adds(
                    recording, operation, buffer
                ):
                    return False
                adding.add(operation.place)
    return all(
        one.method == "assign_add" or (one.places and set(one.places) <= adding) for one in assigned
    )


def _adds(recording: Recording, write: Operation, buffer: int) -> bool:
    """`buffer.assign(buffer + gradient)`."""
    for source in write.inputs:
        value = recording.operations[source]
        if value.type in ADDITIONS:
            return any(_reads(recording, term, buffer) for term in value.inputs)
    return False


def _reads(recording: Recording, index: int, buffer: int) -> bool:
    operation = recording.operations[index]
    while operation.type in PLAIN and operation.inputs:
        operation = recording.operations[operation.inputs[0]]
    return buffer in operation.reads
