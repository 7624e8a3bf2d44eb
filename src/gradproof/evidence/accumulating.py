"""Gradients that are added up as tensors before one update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .applies import Apply, Pair
from .gradients import GradientCall
from .recording import Operation, Recording
from .run import Run
from .updating import PLAIN, SCALINGS, is_zero

ADDITIONS = frozenset({"Add", "AddV2", "AddN"})


@dataclass(frozen=True)
class Anew:
    """Sums of gradients that begin with zeros for each part, so that one part is left.

    Attributes:
        call: The gradient call whose gradients are added to zeros.
        sums: What adds them, and nothing reads.
        updates: Updates of its variables.
    """

    call: GradientCall
    sums: tuple[Operation, ...]
    updates: int


def begun_anew(run: Run) -> Iterator[Anew]:
    """Gradients that are taken several times for one update, and each added to new zeros."""
    for call in run.calls:
        following = [
            one
            for one in run.calls
            if one.stack == call.stack and one.recording == call.recording and one.at > call.at
        ]
        updates = [
            apply.counted
            for apply in run.applies
            if not apply.by_hand
            and not apply.traced
            and not {pair.variable for pair in apply.pairs}.isdisjoint(call.reached)
        ]
        if not following or call.inner or not updates or call.times < 2 * sum(updates):
            continue
        recording = run.recording(call.recording)
        sums = [
            _sum_with_zeros(recording, source.result)
            for source in call.sources
            if source.connected and source.result is not None and source.result >= 0
        ]
        found = tuple(one for one in sums if one is not None)
        if sums and len(found) == len(sums):
            yield Anew(call, found, sum(updates))
            return


def _sum_with_zeros(recording: Recording, result: int) -> Operation | None:
    """The sum of a gradient and zeros, if nothing reads it, nor the gradient otherwise."""
    index = result
    for _ in range(5):
        users = recording.consumers.get(index, ())
        if len(users) != 1:
            return None
        operation = recording.operations[users[0]]
        if operation.type in ADDITIONS:
            others = [one for one in operation.inputs if one != index]
            ends = not recording.consumers.get(operation.index)
            return operation if others and ends and is_zero(recording, others[0]) else None
        if operation.type not in PLAIN | SCALINGS:
            return None
        index = operation.index
    return None


def carried(run: Run) -> Iterator[tuple[Apply, Operation]]:
    """Sums of gradients that eager code applied, and to which later ones are added.

    With each apply call comes the operation that adds to what an earlier one was given.
    """
    given: dict[tuple[int | None, int], Apply] = {}
    for apply in run.applies:
        if apply.by_hand or apply.traced or apply.error is not None or not apply.pairs:
            continue
        recording = run.recording(apply.recording)
        earlier = given.get((apply.optimizer, apply.recording))
        given[apply.optimizer, apply.recording] = apply
        if earlier is None or len(earlier.pairs) != len(apply.pairs):
            continue
        sums = [
            _goes_on(recording, before, after)
            for before, after in zip(earlier.pairs, apply.pairs, strict=True)
        ]
        first = sums[0]
        if first is not None and all(sums):
            yield apply, first


def _goes_on(recording: Recording, before: Pair, after: Pair) -> Operation | None:
    """The addition that makes of what was handed over before what is handed over after it."""
    if before.variable != after.variable or before.handed is None or after.handed is None:
        return None
    whole, end = (_undivided(recording, pair.handed or 0) for pair in (before, after))
    todo, seen = [end], set[int]()
    while todo:
        index = todo.pop()
        operation = recording.operations[index]
        if index in seen or index <= whole or operation.type not in ADDITIONS | PLAIN - {"Neg"}:
            continue
        seen.add(index)
        if operation.type in ADDITIONS and whole in operation.inputs:
            return operation
        todo.extend(operation.inputs)
    return None


def _undivided(recording: Recording, index: int) -> int:
    """What was divided by a number at last, to make a mean of a sum."""
    operation = recording.operations[index]
    whole = [one for one in operation.inputs if recording.operations[one].shape != ()]
    if operation.type in SCALINGS and len(operation.inputs) == 2 and len(whole) == 1:
        return whole[0]
    return index
