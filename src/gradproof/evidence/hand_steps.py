"""Changes by hand that subtract a known number times the gradient: what they should do."""

from __future__ import annotations

from dataclasses import dataclass

from .applies import Apply, Update
from .directions import direction
from .reductions import number
from .run import Run
from .updating import PLAIN, arithmetic, results_of, written, zero_factor

_DEEP = 20


@dataclass(frozen=True)
class HandStep:
    """What one variable was changed by, all measured steps of an apply call.

    Attributes:
        apply: The `assign*`.
        variable: Key of the variable.
        updates: What was measured, step by step.
        rate: What the gradient is multiplied by; `None` if it is not known.
        state: It is computed from other variables of that shape, too: momenta,
            or what rounding has left over so far.
    """

    apply: Apply
    variable: int
    updates: tuple[Update, ...]
    rate: float | None
    state: bool = False

    def share(self) -> float | None:
        """Largest part of the wanted change that was made; `None` if it can't be told."""
        if not any(update.change_norm for update in self.updates):
            return 0.0
        if not self.rate:
            return None
        return max(
            update.change_norm / (abs(self.rate) * (update.gradient_norm or 1.0))
            for update in self.updates
        )


def hand_step(run: Run, apply: Apply) -> HandStep | None:
    """A change by hand that certainly wants to move its variable, as far as it was measured.

    The gradient takes part in it with one sign, no factor is the number 0, and
    it was not zero in any measured step.
    """
    key = apply.pairs[0].variable if apply.by_hand and len(apply.pairs) == 1 else None
    if key is None or zero_factor(run, apply) is not None or not direction(run, apply, key):
        return None
    updates = tuple(
        update
        for step in run.steps_of(apply.key)
        for update in step.updates
        if update.variable == key
    )
    if not updates or not all(update.gradient_norm for update in updates):
        return None
    return HandStep(apply, key, updates, _rate(run, apply), _stateful(run, apply, key))


def _stateful(run: Run, apply: Apply, key: int) -> bool:
    recording = run.recording(apply.recording)
    end = written(recording, apply)
    shape = run.variable(key).shape
    return any(
        run.variable(other).shape == shape and shape != ()
        for operation in (arithmetic(run, recording, end) if end is not None else ())
        for other in operation.reads - {key}
    )


def _rate(run: Run, apply: Apply) -> float | None:
    """The number in `v.assign_sub(rate * gradient)`, or in `v.assign(v - rate * gradient)`."""
    recording = run.recording(apply.recording)
    end = written(recording, apply)
    if end is None or not end.inputs:
        return None
    index, rate = end.inputs[-1], 1.0
    if end.type == "AssignVariableOp":
        new = recording.behind(index, PLAIN - {"Neg"})
        if new.type != "Sub" or not end.writes & recording.operations[new.inputs[0]].reads:
            return None
        index = new.inputs[1]
    results = results_of(run, recording)
    for _ in range(_DEEP):
        operation = recording.operations[index]
        if index in results:
            return rate
        if operation.type in PLAIN and operation.inputs:
            index = operation.inputs[0]
            continue
        known = [number(recording, source) for source in operation.inputs]
        factors = [factor for factor in known if factor is not None]
        if operation.type != "Mul" or len(known) != 2 or len(factors) != 1:
            return None
        index, rate = operation.inputs[known.index(None)], rate * factors[0]
    return None
