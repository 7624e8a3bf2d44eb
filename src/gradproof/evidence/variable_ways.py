"""Where the way of a variable to the target of a gradient ends."""

from __future__ import annotations

from ..finding import Place
from .derived import derived_at, derived_once
from .gradients import GradientCall, Source, Tape
from .operations import SIZES
from .recording import EXTERNAL, Operation, Recording
from .run import Run
from .ways import Loss, beside, cut_kind, ends_of, reaches


def variable_loss(run: Run, call: GradientCall, source: Source, key: int) -> Loss:
    """Where the way of a variable to the targets ends."""
    recording = run.recording(call.recording)
    tape = run.tape(call.tape)
    reads = [read for read in recording.reads_of(key) if read.index < call.at and not read.backward]
    inside = [read for read in reads if call.tape in read.tapes]
    behind = recording.ancestors(ends_of(call))
    if not tape.automatic and key not in tape.watched and inside:
        return Loss("unwatched", source, inside[0], tape.place)
    connected = [read for read in inside if read.index in behind]
    if inside and _only_a_slope(run, call, inside, connected, behind):
        return Loss("slope", source, inside[0], inside[0].place)
    if connected and source.handed_back:
        return Loss("handed back", source, connected[0], _assigned_at(run, key))
    if connected:
        if not _by_value(recording, connected, call):
            away = _lost_inside(recording, tape, call, source, inside, behind)
            if away.kind in ("numpy", "opaque", "assign"):
                return away
        return _cut(recording, tape, call, source, connected, behind)
    before = [read for read in reads if call.tape not in read.tapes and read.index in behind]
    if before:
        # One that chose an action, or a label, is no part of what is differentiated.
        ends = ends_of(call)
        flowing = (read for read in before if reaches(recording, [read], ends, cut_kind))
        first = next(flowing, before[0])
        if derived_once(run, recording, call, key, first, ends):
            if _had_a_way(run, call, key, first):
                return Loss("rebound", source, first, first.place)
            return Loss("once", source, first, derived_at(run, call, key, first))
        return Loss("outside", source, first, beside(first.stack, tape.stack))
    stored = _from_eager(run, call, source, tape, behind, key)
    if stored is not None:
        return stored
    if inside:
        return _lost_inside(recording, tape, call, source, inside, behind)
    if tape.whole and recording.whole:
        return Loss("unread", source)
    return Loss("unknown", source)


def _assigned_at(run: Run, key: int) -> Place | None:
    """The newest of the user's lines that assigned to a variable."""
    places = [place for one in run.assigned if one.variable == key for place in one.places]
    return places[-1] if places else None


def _had_a_way(run: Run, call: GradientCall, key: int, read: Operation) -> bool:
    """The same call reached it before it was read here: something took its place since."""
    return any(
        other.recording == call.recording
        and other.stack == call.stack
        and other.at < read.index
        and key in other.reached
        for other in run.calls
    )


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
    return sloped and not _by_value(recording, connected, call)


def _by_value(recording: Recording, reads: list[Operation], call: GradientCall) -> bool:
    """Says whether more than the sizes of what is made of these reaches the targets."""
    made = recording.made_of(read.index for read in reads)
    return not made.isdisjoint(ends_of(call))


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
    if live.intersection(ends_of(call)) or not edge:
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
        for index in recording.made_of(read.index for read in inside)
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
                place = conversion.place
                if any(one.place == place and not one.tapes for one in recording.conversions):
                    # The line serves elsewhere, to act or to measure; not so its call here.
                    place = beside(conversion.stack, tape.stack)
                return Loss(kind, source, operation, place)
    ends = [index for index in flow if not flow.intersection(recording.consumers.get(index, ()))]
    last = recording.operations[max(ends)] if ends else inside[-1]
    reads = [recording.operations[index] for index in behind if recording.operations[index].reads]
    if recording.function is None and not _by_value(recording, reads, call):
        outer = [target for target in call.targets if target.operation < 0]
        if outer or _comes_back(recording, tape, call, behind, last.index):
            return Loss("numpy", source, last, _left_at(recording, behind, last), inferred=True)
    return Loss("dead end", source, last, _dropped_at(recording, behind, last))


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
    back = (
        recording.operations[user]
        for index in sorted(behind)
        if index > last.index and recording.operations[index].type == EXTERNAL
        for user in recording.consumers.get(index, ())
    )
    return _parted(last, next(back, None))


def _dropped_at(recording: Recording, behind: frozenset[int], last: Operation) -> Place | None:
    """The line whose result goes nowhere: there the way to the target goes on without it."""
    later = (recording.operations[index] for index in sorted(behind) if index > last.index)
    return _parted(last, next((one for one in later if one.stack and one.tapes), None))


def _parted(last: Operation, then: Operation | None) -> Place | None:
    """The line of `last` in the innermost function that runs both."""
    if then is None or not then.stack or not last.stack:
        return last.place
    level = 0
    for mine, theirs in zip(last.stack, then.stack, strict=False):
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
                    return Loss("once", source, read, derived_at(run, call, key, read))
                return Loss("outside", source, read, beside(read.stack, tape.stack))
    return None
