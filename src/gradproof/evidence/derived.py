"""Values that were computed from a variable once, before the steps began."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from math import prod

from ..finding import Place
from .gradients import GradientCall
from .operations import INTEGERS
from .recording import EXTERNAL, Operation, Recording
from .run import Run

MOST_SIZES = 8
"""More integers than this are data, fewer may be a shape or axes."""


def derived_once(
    run: Run,
    recording: Recording,
    call: GradientCall,
    key: int,
    read: Operation,
    ends: Iterable[int],
) -> bool:
    """The variable was read when it was made, or once for several steps.

    A forward pass before the tape works on data and runs in each step; a
    weight that is derived from another does neither.

    Args:
        run: The run.
        recording: Where the read was recorded.
        call: The gradient call that has no path to the variable.
        key: The variable.
        read: The read, while the tape was off.
        ends: What depends on it and reaches the target.
    """
    way = recording.descendants([read.index]) & recording.ancestors(ends)
    before = [index for index in way if call.tape not in recording.operations[index].tapes]
    data = any(
        _is_data(recording.operations[index])
        for index in recording.ancestors(before) - {read.index}
    )
    if _made_with_it(run, call, key, read):
        return not data or run.variable(key).layer_made_at is None
    return not data and (recording.key != call.recording or _shared(run, recording, call, read))


def derived_at(run: Run, call: GradientCall, key: int, read: Operation) -> Place | None:
    """The line of the read, in the function that led to the variable, or else to the steps."""
    made = _making(run, key)
    if made is None:
        return read.place
    level = max(_shared_lines(read.stack, one) for one in (made.stack, run.tape(call.tape).stack))
    return read.stack[level] if level < len(read.stack) else read.place


def _shared_lines(stack: tuple[Place, ...], other: tuple[Place, ...]) -> int:
    """With how many lines two stacks begin alike."""
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(stack, other, strict=False))
    return sum(1 for _ in alike)


def _shared(run: Run, recording: Recording, asked: GradientCall, read: Operation) -> bool:
    """This gradient call depends on this very read in several rounds.

    Two networks that are trained in turn may share what one step computed.
    """
    calls = 0
    for call in run.calls:
        if call.recording == recording.key and call.stack == asked.stack:
            ends = [target.operation for target in call.targets if target.operation >= 0]
            calls += read.index in recording.ancestors(ends)
    return calls > 1


def _made_with_it(run: Run, call: GradientCall, key: int, read: Operation) -> bool:
    """A method of the user's made the variable and read it in one go."""
    made = _making(run, key)
    variable = run.variable(key)
    if made is None or variable.owner is None or len(made.stack) < 2:
        return False
    level = len(made.stack) - 1
    tape = run.tape(call.tape)
    return (
        variable.layer_made_at is None
        and made.stack[:level] == read.stack[:level]
        and made.stack[:level] != tape.stack[:level]
    )


def _making(run: Run, key: int) -> Operation | None:
    """The operation that made the variable, if it was recorded."""
    place = run.variable(key).made_at
    for recording in run.recordings:
        for operation in recording.operations:
            if operation.type == "VarHandleOp" and operation.place == place:
                return operation
    return None


def _is_data(operation: Operation) -> bool:
    """A value from outside that is more than a number or a shape."""
    if operation.type.startswith("Iterator") or operation.type == "Placeholder":
        return True
    if operation.type != EXTERNAL or operation.shape is None:
        return operation.type == EXTERNAL
    size = prod(length or MOST_SIZES + 1 for length in operation.shape)
    return size > MOST_SIZES if operation.dtype in INTEGERS else size > 1
