"""New values that a variable is given: how much of it is its own old value."""

from __future__ import annotations

from .applies import Apply
from .operations import SHAPING
from .recording import Recording
from .reductions import number
from .run import Run

_DEEP = 12
_TERMS = 4
_LINEAR = frozenset({"Add", "AddV2", "AddN", "Sub", "Neg", "Mul"})


def own_share(run: Run, apply: Apply) -> float | None:
    """The factor by which a change by hand takes the variable's own value.

    1 says that the variable keeps its value; `None` that something else takes
    part, or that it can't be told.
    """
    pair = apply.pairs[0] if apply.by_hand and apply.pairs else None
    if pair is None or pair.variable is None or pair.handed is None:
        return None
    share = _share(run.recording(apply.recording), pair.handed, pair.variable, 0)
    if share is None or share[1]:
        return None
    # Keras 3 adds itself, and assigns the sum.
    whole = "3" in run.generations and run.variable(pair.variable).kind == "keras.Variable"
    if apply.by == "assign" or whole:
        return share[0]
    return 1.0 + share[0] if apply.by == "assign_add" else 1.0 - share[0]


def _share(
    recording: Recording, index: int, variable: int, depth: int
) -> tuple[float, float] | None:
    """Factor of the variable's value, and the constant beside it."""
    operation = recording.operations[index]
    if depth > _DEEP:
        return None
    if operation.type == "ReadVariableOp":
        return (1.0, 0.0) if operation.reads == {variable} else None
    value = number(recording, index)
    if value is not None:
        return (0.0, value)
    if operation.type in SHAPING and operation.inputs:
        return _share(recording, operation.inputs[0], variable, depth + 1)
    if operation.type not in _LINEAR or len(operation.inputs) > _TERMS:
        return None
    known: list[tuple[float, float]] = []
    for source in operation.inputs:
        part = _share(recording, source, variable, depth + 1)
        if part is None:
            return None
        known.append(part)
    if not known:
        return None
    if operation.type in ("Add", "AddV2", "AddN"):
        return (sum(part[0] for part in known), sum(part[1] for part in known))
    if operation.type == "Sub":
        return (known[0][0] - known[1][0], known[0][1] - known[1][1])
    if operation.type == "Neg":
        return (-known[0][0], -known[0][1])
    if operation.type == "Mul":
        for one, other in ((known[0], known[1]), (known[1], known[0])):
            if one[0] == 0.0:
                return (one[1] * other[0], one[1] * other[1])
    return None
