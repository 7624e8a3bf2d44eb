"""New values that a variable is given: how much of it is whose old value."""

from __future__ import annotations

from dataclasses import dataclass

from .applies import Apply
from .operations import SHAPING
from .recording import Recording
from .reductions import number
from .run import Run

_DEEP = 12
_TERMS = 4
_LINEAR = frozenset({"Add", "AddV2", "AddN", "Sub", "Neg", "Mul"})

Shares = dict[int | None, float]
"""Factor by which each variable's value takes part; of `None`: a constant beside them."""


@dataclass(frozen=True)
class Undone:
    """A trained variable that is set back to one that nothing updates.

    Attributes:
        apply: Where it is set back.
        variable: Its key.
        other: Key of the one that it is set back to.
        own: The share of its own value that is left.
    """

    apply: Apply
    variable: int
    other: int
    own: float


def own_share(run: Run, apply: Apply) -> float | None:
    """The factor by which a change by hand takes the variable's own value.

    1 says that the variable keeps its value; `None` that something else takes
    part, or that it can't be told.
    """
    shares = _new_value(run, apply)
    if shares is None:
        return None
    variable = apply.pairs[0].variable
    others = any(share for key, share in shares.items() if key != variable)
    return None if others else shares.get(variable, 0.0)


def undone(run: Run) -> list[Undone]:
    """Soft updates that write to the network that is trained, not to its copy."""
    trained = {pair.variable for one in run.applies if not one.by_hand for pair in one.pairs}
    changed = trained | {pair.variable for one in run.applies for pair in one.pairs}
    again = {one.variable for one in run.assigned if one.times > 1}
    found: list[Undone] = []
    for apply in run.applies:
        variable = apply.pairs[0].variable if apply.by_hand and apply.pairs else None
        shares = _new_value(run, apply) if variable is not None and variable in trained else None
        if shares is None or variable is None or shares.get(None):
            continue
        others = [key for key, share in shares.items() if key not in (variable, None) and share]
        own = shares.get(variable, 0.0)
        if len(others) != 1 or not 0.0 < own < 0.5 or abs(sum(shares.values()) - 1.0) > 1e-4:
            continue
        (other,) = others
        if other is not None and other not in changed and other not in again:
            found.append(Undone(apply, variable, other, own))
    return found


def _new_value(run: Run, apply: Apply) -> Shares | None:
    """What a change by hand makes the new value of, as a sum of variables."""
    pair = apply.pairs[0] if apply.by_hand and apply.pairs else None
    if pair is None or pair.variable is None or pair.handed is None:
        return None
    shares = _shares(run.recording(apply.recording), pair.handed, 0)
    if shares is None:
        return None
    # Keras 3 adds itself, and assigns the sum.
    whole = "3" in run.generations and run.variable(pair.variable).kind == "keras.Variable"
    if apply.by == "assign" or whole:
        return shares
    return _sum({pair.variable: 1.0}, shares, 1.0 if apply.by == "assign_add" else -1.0)


def _shares(recording: Recording, index: int, depth: int) -> Shares | None:
    """What a value is, as a sum of variables; `None` if anything else takes part."""
    operation = recording.operations[index]
    if depth > _DEEP:
        return None
    if operation.type == "ReadVariableOp":
        return {next(iter(operation.reads)): 1.0} if len(operation.reads) == 1 else None
    value = number(recording, index)
    if value is not None:
        return {None: value}
    if operation.type in SHAPING and operation.inputs:
        return _shares(recording, operation.inputs[0], depth + 1)
    if operation.type not in _LINEAR or len(operation.inputs) > _TERMS:
        return None
    known: list[Shares] = []
    for source in operation.inputs:
        part = _shares(recording, source, depth + 1)
        if part is None:
            return None
        known.append(part)
    return _combined(operation.type, known)


def _combined(kind: str, known: list[Shares]) -> Shares | None:
    """What an operation makes of sums of variables."""
    if not known:
        return None
    if kind == "Mul":
        for one, other in (known, known[::-1]):
            if set(one) == {None}:
                return {key: one[None] * share for key, share in other.items()}
        return None
    if kind == "Neg":
        return _sum({}, known[0], -1.0)
    total = known[0]
    for part in known[1:]:
        total = _sum(total, part, -1.0 if kind == "Sub" else 1.0)
    return total


def _sum(one: Shares, other: Shares, factor: float) -> Shares:
    keys = dict.fromkeys((*one, *other))
    return {key: one.get(key, 0.0) + factor * other.get(key, 0.0) for key in keys}
