"""How the target of a gradient puts the examples of a batch together."""

from __future__ import annotations

from dataclasses import dataclass

from .gradients import GradientCall
from .operations import SHAPING, SIZES
from .recording import EXTERNAL, Operation, Recording

_SUMS = frozenset({"Sum", "Mean"})
_DIVISIONS = frozenset({"RealDiv", "DivNoNan", "Div"})
_ADDITIONS = frozenset({"AddV2", "Add", "AddN", "Sub"})
_PASSING = frozenset({"Identity", "Cast", "Reshape", "Squeeze", "Neg", "EnsureShape", "Snapshot"})
_DEEP = 40
_NESTED = 10
_ARITHMETIC = _DIVISIONS | {"Mul", "Sub"}


@dataclass(frozen=True)
class Reduction:
    """The operation that turns a batch into one number, and what follows it.

    Attributes:
        operation: The sum or mean.
        kind: `"Sum"`, `"Mean"`, or `"average"` (a sum divided by a size or
            count that is computed).
        factor: Product of the constants that it is multiplied by.
        length: Length of the first axis that it takes in, if known.
    """

    operation: Operation
    kind: str
    factor: float
    length: int | None


def reductions(recording: Recording, call: GradientCall) -> tuple[Reduction, ...] | None:
    """How the data terms of a call's target are reduced.

    Returns:
        One a term; `None` where the target can't be read that far.
    """
    if len(call.targets) != 1:
        return None
    target = call.targets[0]
    if target.operation < 0 or target.shape != () or not recording.whole:
        return None
    found: list[Reduction] = []
    if not _read(recording, target.operation, 1.0, False, found, 0):
        return None
    return tuple(found)


def _read(
    recording: Recording,
    index: int,
    factor: float,
    averaged: bool,
    found: list[Reduction],
    depth: int,
) -> bool:
    """Goes back from a scalar to what reduces the batch; false if it can't."""
    operation = recording.operations[index]
    if depth > _DEEP:
        return False
    kind = operation.type
    inputs = operation.inputs
    if kind in _SUMS and inputs:
        inner = recording.operations[inputs[0]]
        if inner.shape == ():
            return _read(recording, inputs[0], factor, averaged, found, depth + 1)
        if not _has_batch(recording, inputs[0]):
            return not _has_data(recording, inputs[0])
        length = inner.shape[0] if inner.shape else None
        word = "average" if averaged and kind == "Sum" else kind
        found.append(Reduction(operation, word, factor, length))
        return True
    if kind in _PASSING and inputs:
        return _read(recording, inputs[0], factor, averaged, found, depth + 1)
    if kind in _ADDITIONS:
        return all(
            _read(recording, source, factor, averaged, found, depth + 1) for source in inputs
        )
    if kind == "Mul" and len(inputs) == 2:
        for one, other in (inputs, inputs[::-1]):
            value = number(recording, one)
            if value is not None:
                return _read(recording, other, factor * value, averaged, found, depth + 1)
    if kind in _DIVISIONS and len(inputs) == 2:
        value = number(recording, inputs[1])
        if value:
            return _read(recording, inputs[0], factor / value, averaged, found, depth + 1)
        if value is None:
            return _read(recording, inputs[0], factor, True, found, depth + 1)
    # A term without data, such as a penalty on weights, has no batch.
    return not _has_data(recording, index)


def number(recording: Recording, index: int, depth: int = 0) -> float | None:
    """The value of a constant scalar, through casts and arithmetic of constants."""
    operation = recording.operations[index]
    if operation.value is not None and operation.shape == ():
        return operation.value
    if depth > _NESTED or operation.shape not in ((), None):
        return None
    if operation.type in SHAPING and operation.inputs:
        return number(recording, operation.inputs[0], depth + 1)
    if operation.type not in _ARITHMETIC or len(operation.inputs) != 2:
        return None
    first = number(recording, operation.inputs[0], depth + 1)
    second = number(recording, operation.inputs[1], depth + 1) if first is not None else None
    if first is None or second is None:
        return None
    if operation.type == "Mul":
        return first * second
    if operation.type == "Sub":
        return first - second
    return first / second if second else None


def _has_data(recording: Recording, index: int) -> bool:
    """It depends on something from outside that has axes."""
    return any(
        recording.operations[number].type in (EXTERNAL, "IteratorGetNext")
        and recording.operations[number].shape not in ((), None)
        for number in recording.ancestors([index])
    )


def _has_batch(recording: Recording, index: int) -> bool:
    """Its first axis is the first axis of data, kept all the way.

    TensorFlow's own losses of sequences put steps and rows into one axis and back.
    """
    if _first(recording.operations[index]) == ():
        return False
    seen: set[int] = set()
    todo = [index]
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        length = _first(recording.operations[here])
        operation = recording.operations[here]
        if operation.type in (EXTERNAL, "IteratorGetNext") and not operation.reads:
            return True
        todo += [
            source
            for source in operation.inputs
            if _keeps(operation, recording.operations[source], length)
            and recording.operations[source].type not in SIZES
        ]
    return False


def _keeps(operation: Operation, source: Operation, length: int | tuple[()] | None) -> bool:
    """The first axis is that of a source, or the first two axes of one are the other's first."""
    if _first(source) == length:
        return True
    if operation.type != "Reshape":
        return False
    one, other = operation.shape or (), source.shape or ()
    flat, wide = (one, other) if len(one) < len(other) else (other, one)
    if len(wide) < 2 or wide[0] is None or wide[1] is None:
        return False
    return flat == (wide[0] * wide[1], *wide[2:])


def _first(operation: Operation) -> int | tuple[()] | None:
    """Length of the first axis; `()` if there is none or it is not known."""
    return operation.shape[0] if operation.shape else ()
