"""What of a recording measures an error, told by its arithmetic."""

from __future__ import annotations

from .recording import EXTERNAL, Recording
from .reductions import number

ERRORS = frozenset(
    {
        "Abs",
        "L2Loss",
        "Pow",
        "Softplus",
        "Square",
        "SquaredDifference",
        "SoftmaxCrossEntropyWithLogits",
        "SparseSoftmaxCrossEntropyWithLogits",
    }
)
"""Their results measure an error: none is below zero, and zero is best."""

ENTROPIES = frozenset(kind for kind in ERRORS if kind.endswith("CrossEntropyWithLogits"))
"""Those that nobody would make as large as can be, as one would a variance."""

LOSSES = frozenset(
    """binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy huber
    sigmoid_cross_entropy_with_logits mean_squared_error mean_absolute_error""".split()
)
"""Functions of TensorFlow and Keras whose results measure an error, too."""

REDUCTIONS = frozenset(
    {"Mean", "Sum", "Identity", "Reshape", "Squeeze", "Cast", "Max", "Sqrt", "DivNoNan"}
)
"""What stays an error when it was one."""

_DEEP = 40


def measures_error(recording: Recording, index: int, kinds: frozenset[str] = ERRORS) -> bool:
    """Says whether an operation gives an error, or a mean of some: of squares, or the like."""
    operation = recording.operations[index]
    if operation.type in kinds or LOSSES.intersection(operation.via):
        return True
    if operation.type == "Mul" and len(set(operation.inputs)) == 1 and "Square" in kinds:
        return True
    inputs = [recording.operations[source] for source in operation.inputs]
    if operation.type in REDUCTIONS:
        return bool(inputs) and measures_error(recording, inputs[0].index, kinds)
    if operation.type in ("AddV2", "AddN", "Mul", "RealDiv"):
        known = [one for one in inputs if number(recording, one.index) is None]
        parts = [one.index for one in known if one.type != EXTERNAL]
        return bool(parts) and all(measures_error(recording, part, kinds) for part in parts)
    return False


def negative_likelihood(recording: Recording, index: int) -> bool:
    """Says whether this is minus the logarithm of a normal density: minus minus half a square."""
    operation = recording.operations[index]
    if operation.type in REDUCTIONS:
        return bool(operation.inputs) and negative_likelihood(recording, operation.inputs[0])
    return operation.type == "Neg" and _falls_by_square(recording, operation.inputs[0], 0)


def _falls_by_square(recording: Recording, index: int, depth: int) -> bool:
    """Says whether a term of a sum is a square times a number below zero."""
    operation = recording.operations[index]
    if depth > _DEEP or not operation.inputs:
        return False
    first = operation.inputs[0]
    if operation.type in REDUCTIONS or operation.type == "Sub":
        return _falls_by_square(recording, first, depth + 1)
    if operation.type in ("AddV2", "AddN"):
        return any(_falls_by_square(recording, one, depth + 1) for one in operation.inputs)
    if operation.type == "Neg":
        return _is_square(recording, _factors(recording, first, 0))
    factors = _factors(recording, index, 0)
    numbers = [known for one in factors if (known := number(recording, one)) is not None]
    return sum(known < 0.0 for known in numbers) % 2 == 1 and _is_square(recording, factors)


def _factors(recording: Recording, index: int, depth: int) -> list[int]:
    """What is multiplied, through products of products."""
    operation = recording.operations[index]
    if operation.type != "Mul" or depth > _DEEP or number(recording, index) is not None:
        return [index]
    return [one for part in operation.inputs for one in _factors(recording, part, depth + 1)]


def _is_square(recording: Recording, factors: list[int]) -> bool:
    """Says whether factors that are no numbers come in twos, or are squares themselves."""
    rest = [one for one in factors if number(recording, one) is None]
    single = [one for one in rest if rest.count(one) % 2]
    squares = [one for one in single if recording.operations[one].type in ("Square", "Pow")]
    return bool(rest) and len(squares) == len(single)
