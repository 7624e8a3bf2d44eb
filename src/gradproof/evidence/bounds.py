"""Lower bounds of a likelihood that are minimised: error and penalty both have a minus sign."""

from __future__ import annotations

from .gradients import GradientCall
from .operations import SHAPING
from .recording import EXTERNAL, Operation, Recording
from .run import Run
from .summands import summands
from .ways import ends_of, reads_for

_SQUARES = frozenset({"Square", "SquaredDifference"})
_ENTROPIES = frozenset({"SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits"})


def turned_bound(run: Run, call: GradientCall) -> Operation | None:
    """What measures the error against the data, if it and the squares of a penalty are negative.

    An error alone may well be made larger on purpose, by what is to deceive a
    network. Nobody makes a penalty larger along with it.
    """
    recording = run.recording(call.recording)
    trained = recording.descendants(reads_for(recording, call))
    errors: list[Operation] = []
    penalties = 0
    for index, sign in summands(recording, ends_of(call), call.tape):
        operation = recording.operations[index]
        if index not in trained or not _is_positive(recording, operation):
            continue
        if sign > 0:
            return None
        if _of_data(recording, operation, trained):
            errors.append(operation)
        else:
            penalties += 1
    return errors[0] if errors and penalties else None


def _is_positive(recording: Recording, operation: Operation) -> bool:
    """A square, of whatever is multiplied by itself, or an entropy."""
    if operation.type in _SQUARES | _ENTROPIES:
        return True
    inputs = operation.inputs
    if operation.type == "Pow":
        return recording.operations[inputs[1]].value == 2.0
    return operation.type == "Mul" and len(inputs) == 2 and inputs[0] == inputs[1]


def _of_data(recording: Recording, operation: Operation, trained: frozenset[int]) -> bool:
    """The square of a difference to what came from outside, or an entropy of labels."""
    if operation.type in _ENTROPIES:
        return True
    inside = recording.behind(operation.inputs[0], SHAPING)
    difference = operation if operation.type == "SquaredDifference" else inside
    if difference.type not in ("Sub", "SquaredDifference"):
        return False
    sides = [recording.behind(source, SHAPING) for source in difference.inputs]
    data = [one for one in sides if one.index not in trained and one.shape != ()]
    return any(one.type in (EXTERNAL, "IteratorGetNext") for one in data)
