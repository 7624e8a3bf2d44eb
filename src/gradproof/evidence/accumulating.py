"""Gradients and losses that are added up before one update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..finding import Place
from .applies import Apply, Pair
from .gradients import GradientCall
from .recording import Operation, Recording
from .run import Run
from .updating import PLAIN, SCALINGS, is_zero, results_of

ADDITIONS = frozenset({"Add", "AddV2", "AddN"})


@dataclass(frozen=True)
class Hoard:
    """Buffers that are applied as gradients, and that nothing empties.

    Attributes:
        apply: Where they are handed over.
        buffers: Keys of the buffers.
        variables: Keys of the variables that they are applied to.
        added: The user's line that adds to them.
        steps: Updates so far.
    """

    apply: Apply
    buffers: tuple[int, ...]
    variables: tuple[int, ...]
    added: Place | None
    steps: int


@dataclass(frozen=True)
class Parts:
    """A target that adds up losses, of which its tape recorded only some.

    Attributes:
        call: The gradient call.
        earlier: Operations that made the parts that other tapes recorded.
    """

    call: GradientCall
    earlier: tuple[Operation, ...]

    @property
    def count(self) -> int:
        """Number of tapes that recorded a part each."""
        return len({tape for operation in self.earlier for tape in operation.tapes}) + 1


@dataclass(frozen=True)
class Anew:
    """Sums of gradients that begin with zeros for each part, so that one part is left.

    Attributes:
        call: The gradient call whose gradients are added to zeros.
        sums: What adds them, and nothing reads.
        updates: Updates of its variables.
    """

    call: GradientCall
    sums: tuple[Operation, ...]
    updates: int


def begun_anew(run: Run) -> Iterator[Anew]:
    """Gradients that are taken several times for one update, and each added to new zeros."""
    for call in run.calls:
        following = [
            one
            for one in run.calls
            if one.stack == call.stack and one.recording == call.recording and one.at > call.at
        ]
        updates = [
            apply.counted
            for apply in run.applies
            if not apply.by_hand
            and not apply.traced
            and not {pair.variable for pair in apply.pairs}.isdisjoint(call.reached)
        ]
        if not following or call.inner or not updates or call.times < 2 * sum(updates):
            continue
        recording = run.recording(call.recording)
        sums = [
            _sum_with_zeros(recording, source.result)
            for source in call.sources
            if source.connected and source.result is not None and source.result >= 0
        ]
        found = tuple(one for one in sums if one is not None)
        if sums and len(found) == len(sums):
            yield Anew(call, found, sum(updates))
            return


def _sum_with_zeros(recording: Recording, result: int) -> Operation | None:
    """The sum of a gradient and zeros, if nothing reads it, nor the gradient otherwise."""
    index = result
    for _ in range(5):
        users = recording.consumers.get(index, ())
        if len(users) != 1:
            return None
        operation = recording.operations[users[0]]
        if operation.type in ADDITIONS:
            others = [one for one in operation.inputs if one != index]
            ends = not recording.consumers.get(operation.index)
            return operation if others and ends and is_zero(recording, others[0]) else None
        if operation.type not in PLAIN | SCALINGS:
            return None
        index = operation.index
    return None


def hoards(run: Run) -> Iterator[Hoard]:
    """Buffers that were applied twice and have only ever been added to."""
    for apply in run.applies:
        if apply.by_hand:
            continue
        steps = max(
            [step.index for step in run.steps_of(apply.key)], default=0 if apply.traced else 1
        )
        same = [one for one in run.applies if one.place == apply.place and not apply.traced]
        if max(steps, len(same)) < 2:
            continue
        pairs = [
            (buffer, pair.variable)
            for pair in apply.pairs
            if pair.variable is not None and (buffer := _buffer(run, apply, pair)) is not None
        ]
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
                max(steps, len(same)),
            )
            return


def carried(run: Run) -> Iterator[tuple[Apply, Operation]]:
    """Sums of gradients that eager code applied, and to which later ones are added.

    With each apply call comes the operation that adds to what an earlier one was given.
    """
    given: dict[tuple[int | None, int], Apply] = {}
    for apply in run.applies:
        if apply.by_hand or apply.traced or apply.error is not None or not apply.pairs:
            continue
        recording = run.recording(apply.recording)
        earlier = given.get((apply.optimizer, apply.recording))
        given[apply.optimizer, apply.recording] = apply
        if earlier is None or len(earlier.pairs) != len(apply.pairs):
            continue
        sums = [
            _goes_on(recording, before, after)
            for before, after in zip(earlier.pairs, apply.pairs, strict=True)
        ]
        first = sums[0]
        if first is not None and all(sums):
            yield apply, first


def _goes_on(recording: Recording, before: Pair, after: Pair) -> Operation | None:
    """The addition that makes of what was handed over before what is handed over after it."""
    if before.variable != after.variable or before.handed is None or after.handed is None:
        return None
    whole, end = (_undivided(recording, pair.handed or 0) for pair in (before, after))
    todo, seen = [end], set[int]()
    while todo:
        index = todo.pop()
        operation = recording.operations[index]
        if index in seen or index <= whole or operation.type not in ADDITIONS | PLAIN - {"Neg"}:
            continue
        seen.add(index)
        if operation.type in ADDITIONS and whole in operation.inputs:
            return operation
        todo.extend(operation.inputs)
    return None


def _undivided(recording: Recording, index: int) -> int:
    """What was divided by a number at last, to make a mean of a sum."""
    operation = recording.operations[index]
    whole = [one for one in operation.inputs if recording.operations[one].shape != ()]
    if operation.type in SCALINGS and len(operation.inputs) == 2 and len(whole) == 1:
        return whole[0]
    return index


def replaced(run: Run) -> Iterator[Hoard]:
    """Buffers that are emptied as sums are, and that take one gradient for another."""
    for apply in run.applies:
        if apply.by_hand:
            continue
        pairs = [
            (buffer, pair.variable)
            for pair in apply.pairs
            if pair.variable is not None and (buffer := _buffer(run, apply, pair)) is not None
        ]
        places = [_replaces(run, buffer) for buffer, _ in pairs]
        if places and all(places):
            buffers, variables = zip(*pairs, strict=True)
            yield Hoard(apply, buffers, variables, places[0], 1)
            return


def _replaces(run: Run, buffer: int) -> Place | None:
    """Where a gradient is assigned to a buffer, if nothing adds to it and something empties it."""
    assigned = [one for one in run.assigned if one.variable == buffer]
    lines = {place for one in assigned for place in one.places}
    if any(one.method != "assign" for one in assigned):
        return None
    found: Place | None = None
    emptied = False
    for recording in run.recordings:
        results = results_of(run, recording)
        for operation in recording.operations:
            # The line that makes a variable gives it its first value.
            if buffer not in operation.writes or operation.place not in lines:
                continue
            if not operation.inputs:
                return None
            behind = recording.ancestors(operation.inputs[-1:])
            if is_zero(recording, operation.inputs[-1]):
                emptied = True
            elif not behind & results or any(
                buffer in recording.operations[index].reads for index in behind
            ):
                return None
            else:
                found = found or operation.place
    return found if emptied else None


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


def split_targets(run: Run) -> Iterator[Parts]:
    """Sums of losses that several tapes recorded, of which one is asked.

    The parts must have been computed alike: by reading the same variables,
    under tapes that were opened at the same line and closed again.
    """
    for call in run.calls:
        if call.error is not None or call.inner or len(call.targets) != 1:
            continue
        recording = run.recording(call.recording)
        tape = run.tape(call.tape)
        twins = {
            other.key
            for other in run.tapes
            if other.recording == call.recording
            and other.key != call.tape
            and other.place == tape.place
            and other.closed is not None
            and other.closed <= tape.opened
        }
        found = tuple(_terms(recording, call.targets[0].operation, twins, call.tape))
        if found and _own(recording, call):
            yield Parts(call, found)


def _terms(recording: Recording, target: int, twins: set[int], own: int) -> Iterator[Operation]:
    """Terms of a sum of numbers that other tapes recorded."""
    seen: set[int] = set()
    todo = [target]
    while todo:
        index = todo.pop()
        if index < 0 or index in seen:
            continue
        seen.add(index)
        operation = recording.operations[index]
        if operation.shape != ():
            continue
        if own not in operation.tapes and operation.tapes & twins:
            yield operation
        if operation.type in ADDITIONS or operation.type in PLAIN:
            todo.extend(operation.inputs)
        elif operation.type in SCALINGS:
            todo.extend(operation.inputs[:1])


def _own(recording: Recording, call: GradientCall) -> bool:
    """The tape that is asked recorded a part itself."""
    return any(
        call.tape in recording.operations[index].tapes and recording.operations[index].reads
        for index in recording.ancestors(
            target.operation for target in call.targets if target.operation >= 0
        )
    )
