"""What a variable's new value is computed from, beside its gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .applies import Apply
from .gradients import GradientCall
from .operations import INTEGERS
from .recording import Operation, Recording
from .reductions import number
from .run import Run

ZEROS = frozenset({"ZerosLike"})
SCALINGS = frozenset({"Mul", "RealDiv", "Div", "DivNoNan", "MulNoNan"})
SUMS = frozenset({"Add", "AddV2", "AddN", "Sub"})
PLAIN = frozenset({"Cast", "Identity", "Reshape", "Neg", "ExpandDims", "Squeeze"})


@dataclass(frozen=True)
class Idle:
    """State that an update reads, and that nothing ever changes.

    Attributes:
        apply: The change by hand that is computed from it.
        kind: `"zeros"` (made anew, as zeros, in each step), `"slot"` (a
            variable that decays and is never written), `"counter"` (an
            integer variable that never advances) or `"exponent"` (a number
            that never changes, and to whose power something is taken).
        operation: Where it is read or made.
        variable: Its key, if it is a variable.
    """

    apply: Apply
    kind: str
    operation: Operation
    variable: int | None = None


def written(recording: Recording, apply: Apply) -> Operation | None:
    """The operation that writes what a change by hand writes."""
    keys = {pair.variable for pair in apply.pairs}
    for operation in recording.operations[apply.at : apply.at + 40]:
        if keys & operation.writes:
            return operation
    return None


def arithmetic(
    run: Run,
    recording: Recording,
    end: Operation,
    since: int = 0,
    inside: bool = False,
    through: bool = False,
) -> Iterator[Operation]:
    """The operations behind a written value, down to gradients and state.

    What computed the gradients, and what the tapes recorded, is left out, and
    what was recorded before `since`: an earlier step's state.

    Args:
        run: The run.
        recording: Where the operations stand.
        end: What writes.
        since: What the first operation is.
        inside: The operations are those of an optimizer.
        through: On through state that was written before it was read.
    """
    results = results_of(run, recording)
    seen: set[int] = set()
    todo = list(end.inputs)
    while todo:
        index = todo.pop()
        operation = recording.operations[index]
        if index < since or index in seen or index in results:
            continue
        if operation.tapes or (operation.backward and not inside):
            continue
        seen.add(index)
        yield operation
        if operation.type != "Call":
            todo.extend(operation.inputs)
        if through:
            before = state_written(run, recording, operation)
            todo.extend(before.inputs if before is not None else ())


def state_written(run: Run, recording: Recording, read: Operation) -> Operation | None:
    """The last write of the state that an operation reads, if it was written before it.

    State is what no gradient is taken for: a momentum, an average, a count.
    """
    if read.type != "ReadVariableOp" or not read.reads.isdisjoint(run.asked):
        return None
    for operation in reversed(recording.operations[: read.index]):
        if operation.writes & read.reads:
            return operation
    return None


def results_of(run: Run, recording: Recording) -> frozenset[int]:
    """Operations of a recording whose results are gradients."""
    return results(call for call in run.calls if call.recording == recording.key)


def results(calls: Iterable[GradientCall]) -> frozenset[int]:
    """Operations that the gradients of these calls are, in their recording."""
    return frozenset(
        source.result
        for call in calls
        for source in call.sources
        if source.result is not None and source.result >= 0
    )


def idle_state(run: Run) -> Iterator[Idle]:
    """State that changes by hand are computed from, but that never changes.

    A later step is looked at, the second at the earliest: in the first one
    a state may well be what it was made as.
    """
    changed = {assigned.variable for assigned in run.assigned}
    passages: dict[tuple[object, ...], list[int]] = {}
    for apply in run.applies:
        if not apply.pairs:
            continue
        if not apply.by_hand:
            yield from _of_own_rule(run, apply, changed)
            continue
        recording = run.recording(apply.recording)
        place = (apply.place, apply.pairs[0].variable)
        starts = passages.setdefault(place, [])
        starts.append(apply.at)
        times = [step.index for step in run.steps_of(apply.key)] if apply.traced else []
        if max(times, default=len(starts)) < 2 or not recording.whole:
            continue
        end = written(recording, apply)
        if end is not None:
            since = 0 if apply.traced else starts[-2]
            yield from _idle(run, recording, apply, end, changed, since)


def _of_own_rule(run: Run, apply: Apply, changed: set[int]) -> Iterator[Idle]:
    """What the graph of a user's rule shows, wherever its steps can't be audited one by one."""
    own = any(one.key == apply.optimizer and one.rule_at is not None for one in run.optimizers)
    recording = run.recording(apply.recording)
    if not own or not apply.traced or not recording.whole:
        return
    if max((step.index for step in run.steps_of(apply.key)), default=0) < 2:
        return
    keys = {pair.variable for pair in apply.pairs}
    told: set[int] = set()
    for end in recording.operations[apply.at :]:
        if not keys & end.writes:
            continue
        for idle in _idle(run, recording, apply, end, changed, apply.at):
            # Zeros stand for Python state that the trace has frozen: a fault of its own.
            if idle.variable is not None and idle.variable not in told:
                told.add(idle.variable)
                yield idle


def _idle(
    run: Run, recording: Recording, apply: Apply, end: Operation, changed: set[int], since: int
) -> Iterator[Idle]:
    written_to = changed | {
        key for other in run.recordings for one in other.operations for key in one.writes
    }
    for operation in arithmetic(run, recording, end, since, not apply.by_hand, through=True):
        for key in operation.reads - written_to:
            variable = run.variable(key)
            if variable.dtype in INTEGERS and variable.shape == () and variable.count == 0:
                yield Idle(apply, "counter", operation, key)
        if operation.type == "Pow":
            # `decay ** step`: the exponent counts, whatever its type is.
            exponent = recording.behind(operation.inputs[1], PLAIN)
            for key in exponent.reads - written_to - run.asked:
                if run.variable(key).shape == () and run.variable(key).count is None:
                    yield Idle(apply, "exponent", exponent, key)
        if operation.type in SUMS:
            for source in operation.inputs:
                found = _decayed(run, recording, source, written_to)
                if found is not None and found.index >= since and operation.shape == found.shape:
                    slot = next(iter(found.reads), None)
                    yield Idle(apply, "zeros" if slot is None else "slot", found, slot)


def _decayed(run: Run, recording: Recording, index: int, written_to: set[int]) -> Operation | None:
    """The idle state behind a term such as `decay * state`, if it is one."""
    term = recording.operations[index]
    if term.type != "Mul" or term.shape in ((), None):
        return None
    for source in term.inputs:
        other = [one for one in term.inputs if one != source]
        if not other or recording.operations[other[0]].shape != ():
            continue
        state = recording.behind(source, PLAIN)
        if state.shape != () and is_zero(recording, source):
            return state
        slots = [key for key in state.reads - written_to if not run.variable(key).trainable]
        if slots and state.type == "ReadVariableOp" and run.variable(slots[0]).shape == term.shape:
            return state
    return None


def zero_factor(run: Run, apply: Apply) -> Operation | None:
    """The product by which a change by hand is nothing: one factor is the number 0."""
    recording = run.recording(apply.recording)
    end = written(recording, apply)
    for operation in arithmetic(run, recording, end, through=True) if end is not None else ():
        if operation.type in SCALINGS and any(
            number(recording, source) == 0.0 for source in operation.inputs
        ):
            return operation
    return None


def is_zero(recording: Recording, index: int) -> bool:
    """A value is made as zeros."""
    operation = recording.behind(index, PLAIN)
    if operation.type == "Fill":
        return recording.operations[operation.inputs[-1]].value == 0.0
    return operation.type in ZEROS or operation.value == 0.0
