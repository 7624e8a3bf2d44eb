"""Loss scaling whose two halves do not belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..finding import Place
from .applies import Apply, Pair
from .gradients import GradientCall
from .operations import SHAPING
from .recording import Operation, Recording
from .run import Run
from .updating import results_of

LARGE = 16.0
"""A factor from here on may be a scale that somebody chose."""


@dataclass(frozen=True)
class Mix:
    """One half of loss scaling without the other.

    Attributes:
        apply: Where the gradients are handed over.
        call: Where they were taken.
        kind: `"not scaled"` (the optimizer divides by the scale all the
            same), `"divided twice"` (the user divides as well), `"not
            unscaled"` or `"unscaled only"` (of Keras 2, where both halves
            are the user's).
        lost: Where the loss was scaled, and nothing used the result; or
            where the user divides.
        scale: In force, if it is known.
        variable: Key of a variable, with its gradient and change below.
        gradient_norm: As handed over.
        change_norm: Of the change that followed.
    """

    apply: Apply
    call: GradientCall
    kind: str
    scale: float | None
    variable: int
    gradient_norm: float
    change_norm: float
    lost: Place | None = None


def mixes(run: Run) -> Iterator[Mix]:
    """Apply calls whose gradients were scaled once instead of twice or never."""
    for apply in run.applies:
        call = next((one for one in run.calls if one.key == apply.call), None)
        if apply.by_hand or apply.error is not None or call is None or not call.targets:
            continue
        kind = _kind(run, apply, call)
        if kind is None:
            continue
        lost = _lost(run, apply, call, kind)
        for audit in run.audits:
            if audit.apply == apply.key and audit.gradient_norm and audit.step >= 1:
                yield Mix(
                    apply,
                    call,
                    kind,
                    dict(audit.terms).get("loss scale"),
                    audit.variable,
                    audit.gradient_norm,
                    audit.change_norm,
                    lost,
                )
                break


def _kind(run: Run, apply: Apply, call: GradientCall) -> str | None:
    recording = run.recording(call.recording)
    if call.recording != apply.recording or not recording.whole:
        return None
    scaled = _scaled(run, recording, call)
    on_the_way = _between(run, recording, apply.pairs)
    if scaled is None or on_the_way is None:
        return None
    divides = any(
        audit.apply == apply.key and dict(audit.terms).get("loss scale", 1.0) > 1.0
        for audit in run.audits
    )
    if divides:
        if scaled:
            scale = _in_force(run, apply)
            return "divided twice" if _division(run, recording, on_the_way, scale) else None
        touched = any(_scales(run, operation) for operation in on_the_way)
        return None if touched else "not scaled"
    reads = any(_reads_scale(run, operation) for operation in on_the_way)
    if not _has_scale(run, apply):
        return None
    if scaled and not reads and not any(_scales(run, one) for one in on_the_way):
        return "not unscaled"
    return "unscaled only" if reads and not scaled else None


def _lost(run: Run, apply: Apply, call: GradientCall, kind: str) -> Place | None:
    """The user's line at which the other half is lost, or one too many is made."""
    recording = run.recording(call.recording)
    if kind == "divided twice":
        between = _between(run, recording, apply.pairs) or ()
        found = _division(run, recording, between, _in_force(run, apply))
        return found.place if found is not None else None
    opened = run.tape(call.tape).opened
    for operation in recording.operations[opened : apply.at] if kind == "not scaled" else ():
        unused = operation.index not in recording.consumers
        if operation.type == "Mul" and unused and _by_scale(run, recording, operation):
            return operation.place
    return None


def _division(
    run: Run, recording: Recording, operations: tuple[Operation, ...], scale: float | None
) -> Operation | None:
    """A division of gradients by the loss scale, or by a number as large."""
    for operation in operations:
        divides = operation.type in ("RealDiv", "DivNoNan") and operation.shape != ()
        if divides and _by_scale(run, recording, operation):
            return operation
        numbers = [recording.operations[index].value for index in operation.inputs]
        number = next((one for one in numbers if one), 0.0)
        times = number if divides else 1.0 / number if operation.type == "Mul" and number else 0.0
        if scale is not None and scale >= LARGE and times == scale and operation.shape != ():
            return operation
    return None


def _in_force(run: Run, apply: Apply) -> float | None:
    """The scale by which the optimizer divides what it is given."""
    scales = (dict(one.terms).get("loss scale") for one in run.audits if one.apply == apply.key)
    return next((scale for scale in scales if scale is not None), None)


def _by_scale(run: Run, recording: Recording, operation: Operation) -> bool:
    """One of two factors is the loss scale, maybe of another type."""
    return _reads_scale(run, recording.behind(operation.inputs[-1], SHAPING))


def _scaled(run: Run, recording: Recording, call: GradientCall) -> bool | None:
    """The target was multiplied by a scale; `None` if that can't be told."""
    ends = [target.operation for target in call.targets]
    if any(end < 0 for end in ends):
        return None
    for index in recording.ancestors(ends):
        operation = recording.operations[index]
        if operation.backward:
            continue
        if operation.type == "Call" or _reads_scale(run, operation):
            return True if operation.type != "Call" else None
        factors = [recording.operations[one].value or 0.0 for one in operation.inputs]
        if operation.type == "Mul" and operation.shape == () and max(factors, default=0) >= LARGE:
            return True
    return False


def _between(
    run: Run, recording: Recording, pairs: tuple[Pair, ...]
) -> tuple[Operation, ...] | None:
    """What happened to the gradients after they were taken."""
    results = results_of(run, recording)
    seen: dict[int, Operation] = {}
    todo = [pair.handed for pair in pairs if pair.given == "gradient"]
    if not todo or any(index is None for index in todo):
        return None
    while todo:
        index = todo.pop()
        if index is None or index in seen or index in results:
            continue
        seen[index] = recording.operations[index]
        todo.extend(recording.operations[index].inputs)
    return tuple(seen.values())


def _scales(run: Run, operation: Operation) -> bool:
    return (operation.value or 0.0) >= LARGE or _reads_scale(run, operation)


def _reads_scale(run: Run, operation: Operation) -> bool:
    return any(
        run.variable(key).role == "optimizer"
        and run.variable(key).shape == ()
        and "scale" in run.variable(key).path
        for key in operation.reads
    )


def _has_scale(run: Run, apply: Apply) -> bool:
    """The optimizer inside belongs to a loss-scale optimizer of Keras 2."""
    return any(
        one.key == apply.optimizer and one.generation == "2" and "LossScale" in one.name
        for one in run.optimizers
    )
