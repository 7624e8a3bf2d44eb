"""How a variable's value got lost on its way to the target of a gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..finding import Place, listed
from .derived import derived_at, derived_once
from .gradients import GradientCall, Source, Tape
from .operations import CUTS, INTEGERS, LOOPS, OPAQUE, SIZES, STOPS
from .recording import EXTERNAL, Operation, Recording
from .run import Run


@dataclass(frozen=True)
class Loss:
    """Why one source of a gradient call is unconnected.

    Attributes:
        kind: `"integer"` (its type has no gradient), `"outside"` (read while
            the tape was off), `"once"` (derived from it once, before the
            steps), `"assign"` (it goes on through a variable that is
            assigned), `"numpy"`, `"cut"` (an operation without gradient),
            `"opaque"`, `"stopped"`, `"residual"` (a straight-through form
            that stops the wrong part), `"loop"` (over a dataset),
            `"unwatched"`, `"late"` (watched after it was used), `"rebound"`
            (a tensor stands where a variable was), `"dead end"` (computed,
            then not used), `"slope"` (only a derivative goes on, which does
            not depend on it), `"unread"` (never used while the tape was on),
            or `"unknown"`.
        source: The source.
        operation: The operation at which the way ends, if one is known.
        place: The user's line of it, on the level of the function in which
            the tape was opened where that matters.
    """

    kind: str
    source: Source
    operation: Operation | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Lost:
    """Sources of one gradient call that were lost in one way at one place."""

    call: GradientCall
    kind: str
    place: Place | None
    losses: tuple[Loss, ...]

    @property
    def operation(self) -> Operation | None:
        """Where the way ends, for the first of them."""
        return self.losses[0].operation

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the variables."""
        return tuple(dict.fromkeys(loss.source.name for loss in self.losses if loss.source.name))

    @property
    def words(self) -> str:
        """What came out of the call: for how many variables, and which."""
        return (
            f"the gradient is None for {len(self.names)} of {len(self.call.sources)} variables: "
            f"{listed(self.names)}"
        )


def lost(run: Run, kinds: Iterable[str]) -> Iterator[Lost]:
    """What got lost in one of these ways, each place of the user's once."""
    wanted = set(kinds)
    seen: set[tuple[Place | None, str, Place | None, tuple[str, ...]]] = set()
    for call in run.calls:
        if not run.wanted(call) and "rebound" not in wanted:
            continue
        groups: dict[tuple[str, Place | None], list[Loss]] = {}
        for loss in losses(run, call):
            if loss.kind in wanted:
                groups.setdefault((loss.kind, loss.place), []).append(loss)
        for (kind, place), found in groups.items():
            group = Lost(call, kind, place, tuple(found))
            key = (call.place, kind, place, group.names)
            if key not in seen:
                seen.add(key)
                yield group


def losses(run: Run, call: GradientCall) -> Iterator[Loss]:
    """For each unconnected source of a call: where its way ends."""
    recording = run.recording(call.recording)
    tape = run.tape(call.tape)
    for position, source in enumerate(call.sources):
        unconnected = source.connected is False or (
            call.zeros and source.given == "tensor" and not _watched(tape, source)
        )
        if not unconnected:
            continue
        if source.dtype in INTEGERS:
            yield Loss("integer", source)
        elif source.given == "tensor":
            yield _tensor(recording, tape, call, source, _stood_before(run, call, position))
        elif source.variable is not None:
            yield variable(run, call, source, source.variable)


def variable(run: Run, call: GradientCall, source: Source, key: int) -> Loss:
    """Where the way of a variable to the targets ends."""
    recording = run.recording(call.recording)
    tape = run.tape(call.tape)
    reads = [read for read in recording.reads_of(key) if read.index < call.at and not read.backward]
    inside = [read for read in reads if call.tape in read.tapes]
    behind = recording.ancestors(_ends(call))
    if not tape.automatic and key not in tape.watched and inside:
        return Loss("unwatched", source, inside[0], tape.place)
    connected = [read for read in inside if read.index in behind]
    if inside and _only_a_slope(run, call, inside, connected, behind):
        return Loss("slope", source, inside[0], inside[0].place)
    if connected:
        return _cut(recording, tape, call, source, connected, behind)
    before = [read for read in reads if call.tape not in read.tapes and read.index in behind]
    if before:
        # One that chose an action, or a label, is no part of what is differentiated.
        ends = _ends(call)
        flowing = (read for read in before if reaches(recording, [read], ends, cut_kind))
        first = next(flowing, before[0])
        if derived_once(run, recording, call, key, first, ends):
            return Loss("once", source, first, derived_at(run, key, first))
        return Loss("outside", source, first, beside(first.stack, tape.stack))
    stored = _from_eager(run, call, source, tape, behind, key)
    if stored is not None:
        return stored
    if inside:
        return _lost_inside(recording, tape, call, source, inside, behind)
    if tape.whole and recording.whole:
        return Loss("unread", source)
    return Loss("unknown", source)


def _only_a_slope(
    run: Run,
    call: GradientCall,
    inside: list[Operation],
    connected: list[Operation],
    behind: frozenset[int],
) -> bool:
    """What it is used for goes on as a derivative only, beside sizes.

    The derivative of a network by its input, a penalty or a differential equation,
    does not depend on the bias of the last layer.
    """
    recording = run.recording(call.recording)
    flow = recording.descendants(read.index for read in inside)
    sloped = any(
        other.inner
        and other.recording == call.recording
        and other.at < call.at
        and flow.intersection(target.operation for target in other.targets)
        and any(source.result in behind for source in other.sources)
        for other in run.calls
    )
    return sloped and not reaches(
        recording, connected, _ends(call), lambda operation: operation.type in SIZES
    )


def reaches(
    recording: Recording,
    starts: list[Operation],
    ends: list[int],
    stops: Callable[[Operation], object],
) -> bool:
    """Says whether some way from a value to the target has no operation that stops it."""
    seen: set[int] = set()
    todo = [start.index for start in starts]
    while todo:
        index = todo.pop()
        if index not in seen and not stops(recording.operations[index]):
            seen.add(index)
            todo.extend(recording.consumers.get(index, ()))
    return not seen.isdisjoint(ends)


def beside(stack: tuple[Place, ...], other: tuple[Place, ...]) -> Place | None:
    """The line of `stack` on the level at which it parts from `other`.

    For a forward pass in a helper function that is called before the tape
    opens, it is the line of that call.
    """
    for mine, theirs in zip(stack, other, strict=False):
        if mine != theirs:
            return mine
    if len(stack) > len(other):
        return stack[len(other)]
    return stack[-1] if stack else None


def _cut(
    recording: Recording,
    tape: Tape,
    call: GradientCall,
    source: Source,
    reads: list[Operation],
    behind: frozenset[int],
) -> Loss:
    """The last operation without gradient on the way of a read value."""
    live = {read.index for read in reads}
    for read in reads:
        kind = cut_kind(read)
        if kind is not None:
            return Loss(kind, source, read, read.place)
    edge: list[Operation] = []
    for operation in recording.operations:
        if operation.index in behind and live.intersection(operation.inputs):
            if cut_kind(operation) is not None or tape.key not in operation.tapes:
                edge.append(operation)
            else:
                live.add(operation.index)
    if live.intersection(_ends(call)) or not edge:
        return Loss("unknown", source)
    # A comparison beside the way (in a stable sigmoid, say) ends early; what
    # really cuts the way is where the values that are alive get furthest.
    last = max(edge, key=lambda operation: (operation.type not in SIZES, operation.index))
    kind = cut_kind(last)
    if kind is None:
        return Loss("outside", source, last, beside(last.stack, tape.stack))
    if kind == "stopped" and _is_residual(recording, last, edge):
        kind = "residual"
    return Loss(kind, source, last, last.place)


def _is_residual(recording: Recording, stop: Operation, edge: list[Operation]) -> bool:
    """Says whether `hard + stop_gradient(soft - hard)` stands there.

    The straight-through form is the other way round: it adds the stopped part
    to what has a gradient.
    """
    part = recording.operations[stop.inputs[0]] if stop.inputs else None
    if part is None or part.type != "Sub" or len(part.inputs) < 2:
        return False
    hard = part.inputs[1]
    cuts = {operation.index for operation in edge if cut_kind(operation) == "cut"}
    added = recording.consumers.get(stop.index, ())
    return bool(cuts & recording.ancestors([hard])) and any(
        hard in recording.operations[user].inputs for user in added
    )


def _ends(call: GradientCall) -> list[int]:
    return [target.operation for target in call.targets if target.operation >= 0]


def cut_kind(operation: Operation) -> str | None:
    """How an operation ends a gradient; `None` if it passes it on."""
    if operation.type in CUTS or (operation.type == "Cast" and operation.dtype in INTEGERS):
        return "cut"
    if operation.type in OPAQUE:
        return "opaque"
    if operation.type in STOPS:
        return "stopped"
    return "loop" if operation.type in LOOPS else None


def _lost_inside(
    recording: Recording,
    tape: Tape,
    call: GradientCall,
    source: Source,
    inside: list[Operation],
    behind: frozenset[int],
) -> Loss:
    """Used under the tape, yet nothing that comes of it reaches a target."""
    flow = {
        index
        for index in recording.descendants(read.index for read in inside)
        if index < call.at and not recording.operations[index].backward
    }
    written = _written(recording, call, flow, behind)
    if written is not None:
        return Loss("assign", source, written, written.place)
    for conversion in recording.conversions:
        if conversion.operation in flow and tape.opened <= conversion.at <= call.at:
            kind = "opaque" if conversion.kind == "numpy_function" else "numpy"
            if _comes_back(recording, tape, call, behind, conversion.at):
                operation = recording.operations[conversion.operation]
                return Loss(kind, source, operation, conversion.place)
    ends = [index for index in flow if not flow.intersection(recording.consumers.get(index, ()))]
    last = recording.operations[max(ends)] if ends else inside[-1]
    variables = any(recording.operations[index].reads for index in behind)
    if recording.function is None and not variables:
        outer = [target for target in call.targets if target.operation < 0]
        if outer or _comes_back(recording, tape, call, behind, last.index):
            return Loss("numpy", source, last, _left_at(recording, behind, last))
    return Loss("dead end", source, last, last.place)


def _written(
    recording: Recording, call: GradientCall, flow: set[int], behind: frozenset[int]
) -> Operation | None:
    """The assignment through which a value goes on to the target."""
    for index in sorted(flow):
        written = recording.operations[index]
        seen = {index}
        todo = [written] if call.tape in written.tapes else []
        while todo:
            assigned = todo.pop()
            reads = [
                read.index
                for key in assigned.writes
                for read in recording.reads_of(key)
                if assigned.index < read.index < call.at and call.tape in read.tapes
            ]
            if behind.intersection(reads):
                return written
            for later in recording.descendants(reads) - seen:
                seen.add(later)
                operation = recording.operations[later]
                if operation.writes and later < call.at and not operation.backward:
                    todo.append(operation)
    return None


def _comes_back(
    recording: Recording, tape: Tape, call: GradientCall, behind: frozenset[int], after: int
) -> bool:
    """A value from outside TensorFlow joins the way to the target later."""
    if any(target.operation < 0 for target in call.targets):
        return True
    return any(
        recording.operations[index].type == EXTERNAL and index >= after and index >= tape.opened
        for index in behind
    )


def _left_at(recording: Recording, behind: frozenset[int], last: Operation) -> Place | None:
    """The line on which NumPy took a tensor unseen.

    It lies between what made the tensor and what uses the constant that came
    back, so in the innermost function that runs both.
    """
    back = next(
        (
            recording.operations[user]
            for index in sorted(behind)
            if index > last.index and recording.operations[index].type == EXTERNAL
            for user in recording.consumers.get(index, ())
        ),
        None,
    )
    if back is None or not back.stack or not last.stack:
        return last.place
    level = 0
    for mine, theirs in zip(last.stack, back.stack, strict=False):
        if mine != theirs:
            return mine
        level += 1
    return last.stack[min(level, len(last.stack)) - 1]


def _from_eager(
    run: Run, call: GradientCall, source: Source, tape: Tape, behind: frozenset[int], key: int
) -> Loss | None:
    """A read in eager code whose result a traced function captured."""
    recording = run.recording(call.recording)
    if recording.function is None:
        return None
    eager = next((other for other in run.recordings if other.function is None), None)
    for index in behind if eager is not None else ():
        end = recording.operations[index].stand_in
        if end is None or eager is None or end >= len(eager.operations):
            continue
        for ancestor in sorted(eager.ancestors([end])):
            read = eager.operations[ancestor]
            if key in read.reads:
                if derived_once(run, eager, call, key, read, [end]):
                    return Loss("once", source, read, derived_at(run, key, read))
                return Loss("outside", source, read, beside(read.stack, tape.stack))
    return None


def _stood_before(run: Run, call: GradientCall, position: int) -> frozenset[int]:
    """Variables that the same call was given before in this place of its list."""
    return frozenset(
        key
        for other in run.calls
        if other.key < call.key and other.stack == call.stack
        if len(other.sources) == len(call.sources)
        if (key := other.sources[position].variable) is not None
    )


def _tensor(
    recording: Recording, tape: Tape, call: GradientCall, source: Source, before: frozenset[int]
) -> Loss:
    """Why a tensor given as a source has no gradient."""
    index = source.operation
    if index is None or index < 0:
        return Loss("unread", source)
    made = recording.operations[index]
    behind = recording.ancestors(_ends(call))
    origins = recording.ancestors([index])
    of_gradient = any(recording.operations[origin].backward for origin in origins)
    read = {key for origin in origins for key in recording.operations[origin].reads}
    if (of_gradient and read) or (read & before and not _watched(tape, source)):
        return Loss("rebound", source, made, made.place)
    if index in behind and not _watched(tape, source):
        return Loss("unwatched", source, made, call.place)
    if index not in behind:
        return Loss("dead end", source, made, made.place)
    watched = _watched_late(recording, tape, index)
    if watched and reaches(
        recording, [made], _ends(call), lambda one: _hidden(one, made, call.tape)
    ):
        return Loss("late", source, made, watched)
    return Loss("unknown", source, made, made.place)


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


def _watched(tape: Tape, source: Source) -> bool:
    return any(index == source.operation for index, _ in tape.watches)


def on_the_way(
    run: Run, call: GradientCall, keys: Iterable[int], tensors: Iterable[int] = ()
) -> Iterator[Operation]:
    """Operations between variables, read under the tape, or tensors, and the targets."""
    recording = run.recording(call.recording)
    starts = [
        read.index
        for key in keys
        for read in recording.reads_of(key)
        if call.tape in read.tapes and read.index < call.at
    ]
    starts += tensors
    ends = [target.operation for target in call.targets if target.operation >= 0]
    for operation in recording.between(starts, ends):
        if not operation.backward:
            yield operation
