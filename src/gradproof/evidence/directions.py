"""How gradients enter a new value through the state of a rule: which ones, and with what sign.

Read from recorded arithmetic. So it is known, too, where a change is made of momenta that
were written a line before, and no measured change points along one gradient.
"""

from __future__ import annotations

from collections.abc import Iterator

from .applies import Apply
from .recording import Operation, Recording
from .reductions import number
from .run import Run
from .updating import PLAIN, results_of, state_written

_DEEP = 60
_CLIPS = frozenset({"clip_by_norm", "clip_by_global_norm", "clip_by_value"})
_KEEPS = (PLAIN - {"Neg"}) | {"Sign", "EnsureShape", "Snapshot", "StopGradient"}
_POSITIVE = frozenset({"Sqrt", "Rsqrt", "Square", "Abs", "Exp", "Sigmoid", "Softplus", "L2Loss"})
_SUMS = frozenset({"Add", "AddV2", "AddN"})
_WRITES = {"AssignVariableOp": 1, "AssignAddVariableOp": 1, "AssignSubVariableOp": -1}
_PRODUCTS = frozenset({"Mul", "RealDiv", "DivNoNan", "Div"})
_BOTH = frozenset({1, -1})
"""Nobody knows which sign."""


def gradients_behind(run: Run, apply: Apply) -> frozenset[int]:
    """Operations whose results are gradients, and that a change by hand is computed from."""
    recording = run.recording(apply.recording)
    ends = results_of(run, recording)
    found: set[int] = set()
    for pair in apply.pairs:
        for end in _writes(recording, apply, pair.variable):
            found |= _reached(run, recording, end, ends)
    return frozenset(found)


def direction(run: Run, apply: Apply, variable: int) -> int:
    """1 if the gradient is added to the variable, -1 if it is subtracted, 0 if unknown."""
    recording = run.recording(apply.recording)
    mine = frozenset(
        source.result
        for call in run.calls
        if call.recording == apply.recording
        for source in call.sources
        if source.variable == variable and source.result is not None and source.result >= 0
    )
    end = next(_writes(recording, apply, variable), None)
    if end is None or not mine or not recording.whole:
        return 0
    signs = _signs(run, recording, end.inputs[-1], mine, {})
    return _WRITES[end.type] * next(iter(signs)) if len(signs) == 1 else 0


def _writes(recording: Recording, apply: Apply, variable: int | None) -> Iterator[Operation]:
    for operation in recording.operations[apply.at :]:
        if variable in operation.writes and operation.inputs and operation.type in _WRITES:
            yield operation
            return


def _reached(run: Run, recording: Recording, end: Operation, ends: frozenset[int]) -> set[int]:
    found: set[int] = set()
    seen: set[int] = set()
    todo = list(end.inputs)
    numbers = recording.operations[todo[-1]].shape == ()
    while todo:
        index = todo.pop()
        operation = recording.operations[index]
        if index in seen or (operation.shape == () and not numbers and not operation.reads):
            continue
        seen.add(index)
        if index in ends:
            found.add(index)
        elif operation.reads:
            before = None if operation.tapes else state_written(run, recording, operation)
            todo += before.inputs if before is not None else ()
        elif not operation.tapes and not operation.backward:
            todo += operation.inputs
    return found


Known = dict[int, frozenset[int]]


def _signs(
    run: Run, recording: Recording, index: int, mine: frozenset[int], known: Known
) -> frozenset[int]:
    """The signs with which gradients take part in a value; empty if none does."""
    if index in mine:
        return frozenset({1})
    if index not in known:
        # A way back to itself brings nothing new.
        known[index] = frozenset()
        known[index] = _entering(run, recording, recording.operations[index], mine, known)
    return known[index]


def _entering(
    run: Run, recording: Recording, operation: Operation, mine: frozenset[int], known: Known
) -> frozenset[int]:
    inputs = operation.inputs
    if operation.tapes or operation.backward:
        return frozenset()
    if operation.reads:
        before = state_written(run, recording, operation)
        if before is None or before.type not in _WRITES or not before.inputs:
            return frozenset()
        held = _signs(run, recording, before.inputs[-1], mine, known)
        return _times(held, _WRITES[before.type])
    parts = [_signs(run, recording, source, mine, known) for source in inputs]
    if not any(parts):
        return frozenset()
    if operation.type == "Neg":
        return _times(parts[0], -1)
    if operation.type in _SUMS:
        return frozenset().union(*parts)
    if operation.type == "Sub":
        return parts[0] | _times(parts[1], -1)
    if operation.type in _KEEPS or _CLIPS.intersection(operation.via):
        return parts[0] or frozenset().union(*parts)
    if operation.type in _PRODUCTS and len(inputs) == 2:
        turned = operation.type == "Mul" and not parts[0]
        one, other = (1, 0) if turned else (0, 1)
        factor = _sign(recording, inputs[other], 0)
        return _times(parts[one], factor) if parts[one] and factor else _BOTH
    return _BOTH


def _times(signs: frozenset[int], factor: int) -> frozenset[int]:
    return frozenset(sign * factor for sign in signs)


def _sign(recording: Recording, index: int, depth: int) -> int:
    """The sign of a factor; 0 if it is unknown."""
    operation = recording.operations[index]
    value = number(recording, index)
    if value is not None:
        return (value > 0) - (value < 0)
    if depth > _DEEP:
        return 0
    if operation.type in _POSITIVE or "global_norm" in operation.via or "norm" in operation.via:
        return 1
    if not operation.inputs:
        # A rate that is handed over, or kept in a variable, is above zero.
        return 1 if operation.shape == () else 0
    signs = [_sign(recording, source, depth + 1) for source in operation.inputs]
    if operation.type in _KEEPS or operation.reads:
        return 1 if operation.reads and operation.shape == () else signs[0]
    if operation.type == "Pow":
        return 1 if signs[0] == 1 else 0
    if operation.type == "Sub":
        # `1 - decay ** step`
        one, power = number(recording, operation.inputs[0]), operation.inputs[1]
        base = recording.operations[power]
        below = base.type == "Pow" and 0 < (number(recording, base.inputs[0]) or 0) < 1
        return 1 if one == 1.0 and below else 0
    if operation.type in _PRODUCTS:
        return signs[0] * signs[1]
    if operation.type == "Maximum" and 1 in signs:
        return 1
    same = operation.type in _SUMS | {"Minimum", "Maximum"} and len(set(signs)) == 1
    return signs[0] if same else 0
