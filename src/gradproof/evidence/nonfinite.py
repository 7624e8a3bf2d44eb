"""The first step at which a gradient that is not finite reached a variable."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, isinf

from .applies import Apply, Step
from .recording import Operation, Recording
from .run import Run
from .singular import singular_operations
from .ways import on_the_way

GROWTH = 1e4
"""From one measured step to a later one: norms that grow so explode."""

NEAR = 2
"""Lines between two operations of one formula, at most."""

POSITIVE = frozenset({"Add", "AddV2", "Maximum", "ClipByValue"})
"""With a positive constant they keep an argument away from zero."""

ABOVE_ZERO = frozenset({"Exp", "Softplus", "Sigmoid", "Cosh", "Softmax"})
"""What they give gets to zero by rounding only."""

ARGUMENT = {"RealDiv": 1, "Div": 1}
"""Which input of an operation has the edge; the first one otherwise."""


INFINITE = frozenset({"Div", "Log", "Log1p", "RealDiv", "Reciprocal", "Rsqrt", "Acosh", "Atanh"})
"""At their edge the value is infinite too, not only the derivative."""

MASKS = frozenset({"Select", "SelectV2", "MulNoNan", "DynamicStitch", "GatherNd", "Where"})
"""They can hide a value that is not finite."""

TESTS = frozenset({"IsNan", "IsFinite"})
"""Asked of values that are expected not to be finite now and then."""


@dataclass(frozen=True)
class NonFinite:
    """Gradients that were not finite, applied to variables that were.

    Attributes:
        apply: Where they were applied.
        step: The first such step.
        names: Paths of the variables.
        candidates: One operation for each line that can have made them.
        exploding: Gradients or values had grown beyond all bounds before.
        keys: Keys of the variables.
        masked: What computes with data of which the program asks whether they
            are finite, before a mask hides what comes of those that are not.
        infinite: Multiplies by infinity, where the first step has no finite loss.
    """

    apply: Apply
    step: Step
    names: tuple[str, ...]
    candidates: tuple[Operation, ...]
    exploding: bool
    keys: tuple[int, ...] = ()
    masked: Operation | None = None
    infinite: Operation | None = None

    @property
    def cause(self) -> Operation | None:
        """The one operation that can have made them, or the first of one formula."""
        return self.candidates[0] if self._alike() and not self.exploding else None

    def _alike(self) -> bool:
        """One operation, or two that do the same in neighbouring lines: `log(p)`, `log(1 - p)`."""
        places = [one.place for one in self.candidates if one.place is not None]
        lines = [place.line for place in places]
        near = bool(lines) and max(lines) - min(lines) <= NEAR
        same = len({one.type for one in self.candidates}) == 1
        one_file = len({place.path for place in places}) == 1
        whole = len(places) == len(self.candidates)
        return len(self.candidates) == 1 or (whole and same and one_file and near)


def non_finite(run: Run) -> NonFinite | None:
    """The first apply call that wrote gradients that were not finite."""
    for apply in run.applies:
        for step in run.steps_of(apply.key):
            keys = tuple(
                update.variable
                for update in step.updates
                if update.gradient_norm is not None
                and not isfinite(update.gradient_norm)
                and isfinite(update.value_norm)
                and not isfinite(update.change_norm)
            )
            if keys:
                names = tuple(run.path(key) for key in keys)
                found = _candidates(run, apply, step, names)
                explodes = _explodes(run, apply, step)
                finite = step.loss is not None and isfinite(step.loss)
                masked = _masked(run, apply, keys) if finite and not (found or explodes) else None
                infinite = _infinite(run, apply) if step.index == 1 and not finite else None
                return NonFinite(apply, step, names, found, explodes, keys, masked, infinite)
    return None


def _infinite(run: Run, apply: Apply) -> Operation | None:
    """Behind the target something is multiplied by a constant that is infinite."""
    call = run.asked_for(apply)
    if call is None:
        return None
    recording = run.recording(call.recording)
    ends = [target.operation for target in call.targets if target.operation >= 0]
    for index in sorted(recording.ancestors(ends)):
        operation = recording.operations[index]
        if operation.type != "Mul":
            continue
        values = [_constant(recording, operation, number) for number in (0, 1)]
        if any(one is not None and isinf(one) for one in values):
            return operation
    return None


def _masked(run: Run, apply: Apply, keys: tuple[int, ...]) -> Operation | None:
    """Computes with data that may be NaN; a mask hides the value, not the derivative."""
    call = run.asked_for(apply)
    if call is None:
        return None
    recording = run.recording(call.recording)
    asked = {index for one in recording.operations if one.type in TESTS for index in one.inputs}
    way = list(on_the_way(run, call, keys))
    masks = {one.index for one in way if one.type in MASKS}
    for operation in way:
        unsafe = asked.intersection(operation.inputs) and operation.index not in masks
        if unsafe and masks & recording.descendants([operation.index]):
            return operation
    return None


def _explodes(run: Run, apply: Apply, at: Step) -> bool:
    """Finite norms grew by orders of magnitude on the way to this step."""
    sizes: list[float] = []
    for step in run.steps_of(apply.key):
        norms = [update.gradient_norm or 0.0 for update in step.updates]
        norms += [update.value_norm for update in step.updates if step is at]
        if step.loss is not None:
            norms.append(abs(step.loss))
        sizes.append(max((norm for norm in norms if isfinite(norm)), default=0.0))
        if step is at:
            break
    return len(sizes) > 1 and max(sizes[1:]) > GROWTH * max(sizes[0], 1e-3)


def _candidates(
    run: Run, apply: Apply, step: Step, names: tuple[str, ...]
) -> tuple[Operation, ...]:
    """Singular operations on the way, the likelier ones where they differ."""
    call = run.asked_for(apply)
    if call is None:
        return ()
    recording = run.recording(call.recording)
    found = singular_operations(run, call, names)
    edged = [operation for operation in found if not _guarded(recording, operation)]
    # Keras's own layers and losses keep away from the edge, or mean to.
    own = [operation for operation in edged if "__call__" not in operation.via]
    left = own or edged
    left = [one for one in left if not above_zero(recording, one)] or left
    if step.loss is not None:
        fitting = [one for one in left if _fits(recording, one, isfinite(step.loss))]
        left = fitting or left
    lines: dict[object, Operation] = {}
    for one in left:
        lines.setdefault(one.place, one)
    return tuple(lines.values())


def _fits(recording: Recording, operation: Operation, finite: bool) -> bool:
    """The loss is finite, or not, as this operation at its edge would make it."""
    if not finite:
        return operation.type in INFINITE or operation.type == "Pow"
    return operation.type not in INFINITE or any(
        recording.operations[index].type in MASKS
        for index in recording.descendants([operation.index])
    )


def _guarded(recording: Recording, operation: Operation) -> bool:
    """A constant keeps the argument away from the edge."""
    if operation.type == "Pow":
        exponent = _constant(recording, operation, 1)
        return exponent is not None and exponent >= 1
    divisor = _constant(recording, operation, ARGUMENT.get(operation.type, 0))
    if divisor is not None and divisor != 0:
        return True
    before = _argument(recording, operation)
    if before is not None and _is_partition(recording, before):
        return True
    if before is None or before.type not in POSITIVE:
        return False
    values = [_constant(recording, before, number) for number in range(len(before.inputs))]
    return any(value is not None and value > 0 for value in values)


def _is_partition(recording: Recording, operation: Operation) -> bool:
    """A sum of `exp(x - max(x))`, as of softmax and `reduce_logsumexp`: 1 or more."""
    for kind in ("Sum", "Exp", "Sub"):
        if operation.type != kind or not operation.inputs:
            return False
        last, operation = operation, recording.operations[operation.inputs[0]]
    taken = recording.operations[last.inputs[-1]]
    return taken.type in ("Max", "StopGradient")


def above_zero(recording: Recording, operation: Operation) -> bool:
    """The argument comes from an operation that hardly gets to zero."""
    before = _argument(recording, operation)
    if before is not None and before.type == "Sub" and _constant(recording, before, 0) == 1:
        # `1 - p` of a probability is one.
        before = recording.operations[before.inputs[1]]
        return before.type in ("Sigmoid", "Softmax")
    return before is not None and before.type in ABOVE_ZERO


def _argument(recording: Recording, operation: Operation) -> Operation | None:
    """What made the input that has the edge."""
    position = ARGUMENT.get(operation.type, 0)
    if len(operation.inputs) <= position:
        return None
    return recording.operations[operation.inputs[position]]


def _constant(recording: Recording, operation: Operation, position: int) -> float | None:
    """The value of an input that is a known number."""
    if len(operation.inputs) <= position:
        return None
    return recording.operations[operation.inputs[position]].value
