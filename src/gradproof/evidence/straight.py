"""Straight-through forms: a hard value forward, the gradient of a soft one back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .gradients import GradientCall
from .operations import FLAT, STOPS
from .recording import Operation, Recording
from .run import Run
from .ways import cut_kind, on_the_way, reaches

LINEAR = frozenset({"Add", "AddV2", "Sub"})
PASSING = frozenset({"Identity", "Neg", "EnsureShape", "Snapshot"}) | STOPS
_MOST = 8
"""Terms of a sum that is looked at."""

Base = tuple[str, int]


@dataclass(frozen=True)
class Straight:
    """A sum whose value is the hard one, and whose gradient is not the soft one's.

    Attributes:
        call: The gradient call.
        operation: The outermost addition or subtraction.
        names: Paths of the variables behind the soft value.
        slope: What its gradient is multiplied by; 1 would be right.
        swapped: Its value is the soft one, and the gradient goes to the hard one.
    """

    call: GradientCall
    operation: Operation
    names: tuple[str, ...]
    slope: int
    swapped: bool = False


@dataclass
class _Sum:
    """How often each value enters a sum: in all, and where its gradient may pass."""

    total: dict[Base, int]
    live: dict[Base, int]
    index: dict[Base, int]


def straight(run: Run) -> Iterator[Straight]:
    """Forms such as `x + (round(x) - x)` in which a stop is missing or misplaced."""
    told: set[object] = set()
    for call in run.calls:
        recording = run.recording(call.recording)
        keys = [source.variable for source in call.sources if source.variable is not None]
        ends = [target.operation for target in call.targets if target.operation >= 0]
        for operation in on_the_way(run, call, keys):
            if operation.type not in LINEAR or operation.place in told:
                continue
            found = _form(recording, operation)
            if found is None or not reaches(recording, [operation], ends, cut_kind):
                continue
            soft, slope, swapped = found
            behind = recording.ancestors([soft])
            names = tuple(
                run.path(key)
                for key in keys
                if any(read.index in behind for read in recording.reads_of(key))
            )
            if names:
                told.add(operation.place)
                yield Straight(call, operation, names, slope, swapped)


def _form(recording: Recording, operation: Operation) -> tuple[int, int, bool] | None:
    """The soft value of a form that is not right, its slope, and whether the form is swapped."""
    terms = _Sum({}, {}, {})
    if not all(
        _add(recording, index, sign, True, terms)
        for index, sign in zip(
            operation.inputs, (1, -1 if operation.type == "Sub" else 1), strict=False
        )
    ):
        return None
    kept = [base for base, count in terms.total.items() if count == 1]
    gone = [base for base, count in terms.total.items() if count == 0]
    if len(terms.total) != 2 or len(kept) != 1 or len(gone) != 1:
        return None
    value, other = terms.index[kept[0]], terms.index[gone[0]]
    slope = terms.live[gone[0]]
    if slope != 1:
        return (other, slope, False) if _hardened(recording, other, value) else None
    swapped = not terms.live[kept[0]] and _hardened(recording, value, other)
    return (value, 0, True) if swapped else None


def _hardened(recording: Recording, soft: int, hard: int) -> bool:
    """Says whether one value is made of another, and no gradient leads back."""
    made = hard in recording.descendants([soft])
    return made and not reaches(recording, [recording.operations[soft]], [hard], _ends)


def _ends(operation: Operation) -> bool:
    return operation.type in FLAT or cut_kind(operation) is not None


def _add(recording: Recording, index: int, sign: int, live: bool, terms: _Sum) -> bool:
    """Takes a sum apart; false if it has too many terms.

    A value that is used again is one term, whatever it was added up from.
    """
    operation = recording.operations[index]
    users = (recording.operations[user] for user in recording.consumers.get(index, ()))
    shared = sum(not user.backward for user in users) > 1
    if operation.type in LINEAR and len(operation.inputs) == 2 and not shared:
        second = -sign if operation.type == "Sub" else sign
        first = _add(recording, operation.inputs[0], sign, live, terms)
        return first and _add(recording, operation.inputs[1], second, live, terms)
    if operation.type in PASSING and len(operation.inputs) == 1:
        sign = -sign if operation.type == "Neg" else sign
        live = live and operation.type not in STOPS
        return _add(recording, operation.inputs[0], sign, live, terms)
    base = ("variable", min(operation.reads)) if operation.reads else ("value", index)
    terms.total[base] = terms.total.get(base, 0) + sign
    terms.live[base] = terms.live.get(base, 0) + (sign if live else 0)
    terms.index.setdefault(base, index)
    return len(terms.total) <= _MOST
