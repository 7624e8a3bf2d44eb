"""Two networks against each other: in which direction each gradient pushes a judgement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .gradients import GradientCall
from .recording import Operation, Recording
from .reductions import number
from .run import Run
from .updating import results_of

RISING = frozenset(
    {"Identity", "Reshape", "Squeeze", "ExpandDims", "Cast", "Snapshot", "EnsureShape"}
    | {"Mean", "Sum", "Max", "Min", "Softplus", "Relu", "LeakyRelu", "Elu", "Selu"}
    | {"Sigmoid", "Tanh", "Exp", "Expm1", "Log", "Log1p", "Sqrt"}
)
"""The result grows, or stays, where the first input grows."""

_SUMS = frozenset({"Add", "AddV2", "AddN"})
_FACTORS = frozenset({"Mul", "RealDiv", "Div", "DivNoNan"})
_COUNTING = frozenset({"Const", "External", "Prod", "Shape", "Size", "StridedSlice", "Pack"})
_PASSING = frozenset({"Identity", "Cast", "ReadVariableOp", "Reshape", "ExpandDims"})


@dataclass(frozen=True)
class Accomplice:
    """A generator that pushes the judgement of its critic where the critic pushes it.

    Attributes:
        critic: The gradient call of the one that judges.
        generator: That of the one whose work is judged.
        target: What the generator's gradients were taken of.
    """

    critic: GradientCall
    generator: GradientCall
    target: Operation


def accomplices(run: Run) -> Iterator[Accomplice]:
    """Pairs of gradient calls that help each other where they should compete.

    The critic tells that they compete: it pushes its judgement of the
    generator's work one way, and that of everything else the other way.
    """
    for critic in run.calls:
        judged = _pushes(run, critic, critic)
        for generator in run.calls if judged else ():
            if generator is critic or set(generator.reached) & set(critic.reached):
                continue
            work = {sign for index, sign in judged if _made_by(run, critic, index, generator)}
            rest = {sign for index, sign in judged if not _made_by(run, critic, index, generator)}
            pushed = _pushes(run, generator, critic)
            ways = {sign for _, sign in pushed}
            own = all(_made_by(run, generator, index, generator) for index, _ in pushed)
            if len(work) == 1 and rest == {-sign for sign in work} and ways == work and own:
                recording = run.recording(generator.recording)
                target = recording.operations[generator.targets[0].operation]
                yield Accomplice(critic, generator, target)
                break


def _made_by(run: Run, call: GradientCall, index: int, maker: GradientCall) -> bool:
    """A value is computed from variables that the maker's gradients are for."""
    recording = run.recording(call.recording)
    keys = set(maker.reached)
    return any(keys & recording.operations[one].reads for one in recording.ancestors([index]))


def _pushes(run: Run, call: GradientCall, critic: GradientCall) -> list[tuple[int, int]]:
    """What the critic says on the way to a target, and the way in which it is pushed.

    Returns:
        Operations that take a variable of the critic last, each with 1 where
        the target grows with it, else -1. Empty where anything is unclear.
    """
    if len(call.targets) != 1 or call.targets[0].operation < 0 or call.inner:
        return []
    recording = run.recording(call.recording)
    keys = set(critic.reached)
    slopes = results_of(run, recording)
    found: dict[int, int] = {}
    seen: set[tuple[int, int]] = set()
    todo = [(call.targets[0].operation, 1)]
    while todo:
        index, sign = todo.pop()
        if (index, sign) in seen:
            continue
        seen.add((index, sign))
        operation = recording.operations[index]
        if index in slopes or operation.backward:
            continue
        if any(_reads(recording, source, keys) for source in operation.inputs):
            if found.setdefault(index, sign) != sign:
                return []
            continue
        if not keys & _read_behind(recording, index, slopes):
            continue
        onward = _onward(recording, operation, sign)
        if onward is None:
            return []
        todo += onward
    return list(found.items())


def _onward(recording: Recording, operation: Operation, sign: int) -> list[tuple[int, int]] | None:
    """The inputs of an operation, and how the target goes with them; `None` if unknown."""
    inputs = operation.inputs
    if operation.type in RISING:
        return [(inputs[0], sign)]
    if operation.type in _SUMS:
        judged = _cross_entropy(recording, operation)
        if judged is not None:
            logits, wanted = judged
            return None if wanted is None else [(logits, -sign if wanted else sign)]
        return [(source, sign) for source in inputs]
    if operation.type == "Neg":
        return [(inputs[0], -sign)]
    if operation.type == "Sub":
        return [(inputs[0], sign), (inputs[1], -sign)]
    if operation.type in ("Square", "SquaredDifference") or _is_square(recording, operation):
        drawn = _square(recording, operation)
        return None if drawn is None else [(drawn[0], -sign if drawn[1] else sign)]
    if operation.type in _FACTORS and len(inputs) == 2:
        second = number(recording, inputs[1])
        first = number(recording, inputs[0]) if operation.type == "Mul" else None
        if operation.type != "Mul" and second is None and _is_size(recording, inputs[1]):
            return [(inputs[0], sign)]
        factor, other = (second, inputs[0]) if second is not None else (first, inputs[1])
        return [(other, sign if factor > 0 else -sign)] if factor else None
    return None


def _is_size(recording: Recording, index: int) -> bool:
    """A number of elements, counted from shapes: it is above zero."""
    behind = [recording.operations[one] for one in recording.ancestors([index])]
    return all(one.type in _COUNTING | _PASSING and not one.reads for one in behind)


def _cross_entropy(recording: Recording, operation: Operation) -> tuple[int, bool | None] | None:
    """The logits of a cross-entropy with a sigmoid, and whether its labels are ones.

    It is `relu(x) - x * z + log1p(exp(-abs(x)))`; `None` for the labels where they differ.
    """
    parts = [recording.operations[index] for index in operation.inputs]
    if [part.type for part in parts] != ["Sub", "Log1p"]:
        return None
    product = recording.operations[parts[0].inputs[1]]
    if product.type != "Mul" or len(product.inputs) != 2:
        return None
    for logits, labels in (product.inputs, product.inputs[::-1]):
        level = _level(recording, labels)
        if level is not None:
            return logits, None if level == 0.5 else level > 0.5
    return product.inputs[0], None


def _square(recording: Recording, operation: Operation) -> tuple[int, bool] | None:
    """What is drawn to a number by the square of their distance, and whether that is above 0.5."""
    apart = operation
    if operation.type != "SquaredDifference":
        apart = recording.operations[operation.inputs[0]]
        if apart.type != "Sub":
            return operation.inputs[0], False
    for judged, wanted in (apart.inputs, apart.inputs[::-1]):
        level = _level(recording, wanted)
        if level is not None:
            return judged, level > 0.5
    return None


def _is_square(recording: Recording, operation: Operation) -> bool:
    return operation.type == "Pow" and _level(recording, operation.inputs[1]) == 2.0


def _level(recording: Recording, index: int) -> float | None:
    """The number that all elements of a constant are."""
    made = recording.behind(index, _PASSING)
    if made.type in ("OnesLike", "ZerosLike"):
        return float(made.type == "OnesLike")
    return recording.operations[made.inputs[-1]].value if made.type == "Fill" else made.value


def _reads(recording: Recording, index: int, keys: set[int]) -> bool:
    """An input is the value of one of these variables."""
    operation = recording.operations[index]
    while not keys & operation.reads:
        if operation.type not in _PASSING or not operation.inputs:
            return False
        operation = recording.operations[operation.inputs[0]]
    return True


def _read_behind(recording: Recording, index: int, slopes: frozenset[int]) -> set[int]:
    """Variables that a value is computed from, not by way of a slope: a penalty pushes nothing."""
    keys: set[int] = set()
    seen = set(slopes)
    todo = [index]
    while todo:
        operation = recording.operations[todo.pop()]
        if operation.index not in seen and not operation.backward:
            seen.add(operation.index)
            keys |= operation.reads
            todo.extend(operation.inputs)
    return keys
