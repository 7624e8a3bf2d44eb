"""New values that a variable is given: how much of it is whose old value."""

from __future__ import annotations

from dataclasses import dataclass

from .applies import Apply
from .copies import Copy
from .operations import SHAPING
from .recording import Recording
from .reductions import number
from .run import Run

_DEEP = 12
_TERMS = 4
_ROUNDING = 1e-6
"""How far factors that add up to 1 may be from it in float32."""
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
    return None if others or _earlier(run, apply) else shares.get(variable, 0.0)


def _earlier(run: Run, apply: Apply) -> bool:
    """Says whether the own value that a variable is given was read before it changed.

    Who keeps a value, tries a step and goes back when it was a bad one gives it back.
    """
    (pair, *_) = apply.pairs
    recording = run.recording(apply.recording)
    behind = recording.ancestors([pair.handed]) if pair.handed is not None else ()
    read = [one for one in behind if pair.variable in recording.operations[one].reads]
    changes = [
        one.at
        for one in run.applies
        if one.recording == apply.recording
        and any(it.variable == pair.variable for it in one.pairs)
    ]
    changes += [one.index for one in recording.operations if pair.variable in one.writes]
    return any(min(read) < change < apply.at for change in changes) if read else False


def kept_share(run: Run, apply: Apply) -> float | None:
    """The own share, where all parts together are the old value again, but for rounding.

    A weight decay, `w - rate * decay * w`, takes little away, and means to.
    """
    share = own_share(run, apply)
    if share is None or abs(share - 1.0) > _ROUNDING:
        return None
    pair = apply.pairs[0]
    recording = run.recording(apply.recording)
    end = recording.behind(pair.handed or 0, SHAPING)
    if end.type not in ("AddV2", "Add", "Sub"):
        taken = (_shares(recording, end.index, 0) or {}).get(pair.variable, 0.0)
        return share if taken == 0.0 or apply.by == "assign" else None
    parts = [(_shares(recording, one, 0) or {}).get(pair.variable, 0.0) for one in end.inputs]
    decays = any(abs(part) == 1.0 for part in parts) and 0.0 < min(map(abs, parts)) < _ROUNDING
    return None if decays else share


def mixed_with_itself(run: Run, apply: Apply) -> bool:
    """Says whether a change by hand adds up parts of the variable's own value to the whole.

    `0.1 * target + 0.9 * online`, or `target - online`, of two names for one variable.
    """
    pair = apply.pairs[0] if apply.by_hand and apply.pairs else None
    if pair is None or pair.handed is None or kept_share(run, apply) is None:
        return False
    recording = run.recording(apply.recording)
    behind = [recording.operations[index] for index in recording.ancestors([pair.handed])]
    for operation in behind:
        if operation.type not in ("AddV2", "Add", "Sub") or len(operation.inputs) != 2:
            continue
        terms = [_shares(recording, source, 0) or {} for source in operation.inputs]
        if all(term.get(pair.variable) and set(term) == {pair.variable} for term in terms):
            return True
    return False


def backwards(run: Run) -> list[Copy]:
    """Copies that put weights which nothing trains into the network that is trained.

    The other network takes part in the loss, as a target does: who begins anew from first
    weights does not run those.
    """
    trained = {pair.variable for one in run.applies if not one.by_hand for pair in one.pairs}
    changed = trained | {pair.variable for one in run.applies for pair in one.pairs}
    again = {one.variable for one in run.assigned if one.times > 1}
    again |= {key for one in run.copies for key in one.variables if one.times > 1}
    found: list[Copy] = []
    for copy in run.copies:
        late = copy.times > 1 and run.counted > 1 and not copy.own
        if not late or trained.isdisjoint(copy.variables) or not copy.source:
            continue
        if (changed | again).isdisjoint(copy.source) and _runs(run, copy.source[0]):
            found.append(copy)
    return found


def _runs(run: Run, variable: int) -> bool:
    """The value of a variable is computed with."""
    return any(
        recording.consumers.get(read.index)
        for recording in run.recordings
        for read in recording.reads_of(variable)
    )


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
