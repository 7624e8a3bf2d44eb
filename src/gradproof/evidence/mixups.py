"""Changes by hand that follow the gradient of another variable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .applies import Apply, Pair
from .gradients import GradientCall
from .recording import Operation, Recording
from .run import ASSIGNMENTS, Run
from .updating import arithmetic, written


@dataclass(frozen=True)
class Mixup:
    """Variables that were asked for together, and moved by one another's gradients.

    Attributes:
        call: The gradient call.
        applies: The changes that follow another variable's gradient.
        taken: For each of them the variables whose gradient it follows.
        changes: Changes by hand from this call, the right ones too.
    """

    call: GradientCall
    applies: tuple[Apply, ...]
    taken: tuple[frozenset[int], ...]
    changes: int


def mixups(run: Run) -> Iterator[Mixup]:
    """For each gradient call the descents by hand that it does not fit, if there are any.

    A simulation of motion follows the gradient of the momentum on purpose, and
    up: where any change goes another way than down, all of them may be meant.
    """
    owners = _owners_of_slots(run)
    for call in run.calls:
        asked = set(call.reached)
        changes = [
            apply
            for apply in run.applies
            if apply.call == call.key and apply.by_hand and apply.pairs[0].variable in asked
        ]
        if len(changes) < 2 or not all(_descends(run, apply) for apply in changes):
            continue
        taken = {apply.key: _taken(run, apply, owners) for apply in changes}
        own = {
            apply.pairs[0].variable
            for apply in changes
            if apply.pairs[0].variable in taken[apply.key]
        }
        wrong = [
            apply
            for apply in changes
            if taken[apply.key] and taken[apply.key] <= asked and apply.pairs[0].variable not in own
        ]
        if wrong:
            yield Mixup(call, tuple(wrong), tuple(taken[one.key] for one in wrong), len(changes))


_SHAPES = re.compile(r"shapes? must (?:be equal|match)|[Ii]ncompatible shapes|[Dd]imensions must")


def misfit(run: Run, apply: Apply) -> GradientCall | None:
    """The call whose gradients an optimizer could not add to the variables it was given.

    The gradients may have come out of a function, and can't be followed; that
    one shape does not fit the other, and that the two lists differ, is known.
    """
    if apply.by_hand or apply.error is None or not _SHAPES.search(apply.error):
        return None
    call = next((one for one in run.calls if one.key == apply.call), None)
    if call is None or any(pair.given != "gradient" for pair in apply.pairs):
        return None
    taken = [source.variable for source in call.sources]
    given = [pair.variable for pair in apply.pairs]
    return call if taken and None not in taken and taken != given else None


_MANY = 10
"""Steps in which copies that are meant to be copies are brought up to date."""


def of_copies(run: Run, apply: Apply, pairs: Sequence[Pair]) -> bool:
    """Says whether gradients may be meant for others: they were taken at copies of those.

    Workers are given the weights that they give gradients for, and so are fast weights of
    a task: each is assigned by the program itself, and is shaped as what gets its gradient.
    One that was assigned to once, many steps ago, is a copy no more.
    """
    many = apply.counted >= _MANY and not apply.traced
    written = {
        one.variable
        for one in run.assigned
        if one.places and one.method in ASSIGNMENTS and (one.times > 1 or not many)
    }
    given = {pair.variable for pair in apply.pairs}
    taken = frozenset[int]().union(*(pair.taken_for or () for pair in pairs))
    return (
        taken <= written - given
        and len(taken) == len(pairs)
        and all(
            pair.variable is not None
            and run.variable(key).shape == run.variable(pair.variable).shape
            for pair in pairs
            for key in pair.taken_for or ()
        )
    )


def _descends(run: Run, apply: Apply) -> bool:
    """It subtracts: `assign_sub(...)`, or `assign(variable - ...)`."""
    if apply.by != "assign":
        return apply.by == "assign_sub"
    handed = apply.pairs[0].handed
    recording = run.recording(apply.recording)
    if handed is None or handed >= len(recording.operations):
        return False
    value = recording.operations[handed]
    first = recording.operations[value.inputs[0]] if value.inputs else value
    return value.type == "Sub" and apply.pairs[0].variable in first.reads


def _taken(run: Run, apply: Apply, owners: dict[int, int | None]) -> frozenset[int]:
    """Variables whose gradient a change follows: at once, or through slots."""
    pair = apply.pairs[0]
    if pair.taken_for:
        return pair.taken_for
    recording = run.recording(apply.recording)
    end = written(recording, apply)
    if end is None:
        return frozenset()
    found = {owners.get(key) for key in _slots(run, recording, apply)}
    return frozenset() if None in found else frozenset(key for key in found if key is not None)


def _slots(run: Run, recording: Recording, apply: Apply) -> set[int]:
    """Variables of the same shape, beside its own, that a new value is computed from."""
    end = written(recording, apply)
    variable = apply.pairs[0].variable
    if end is None or variable is None:
        return set()
    shape = run.variable(variable).shape
    return {
        key
        for operation in arithmetic(run, recording, end)
        for key in operation.reads
        if key != variable and run.variable(key).shape == shape
    }


def _owners_of_slots(run: Run) -> dict[int, int | None]:
    """For each variable that keeps gradients of one other variable: that one."""
    found: dict[int, int | None] = {}
    for recording in run.recordings:
        taken = _variables_of_results(run, recording)
        for end in recording.operations if taken else ():
            for slot in end.writes - run.asked if end.writes and not end.tapes else ():
                owners = _gradients_behind(recording, end, taken)
                owner = min(owners) if len(owners) == 1 else None
                if owners and found.setdefault(slot, owner) != owner:
                    found[slot] = None
    return found


def _variables_of_results(run: Run, recording: Recording) -> dict[int, frozenset[int]]:
    """The variables that each gradient of a recording was taken for.

    One operation gives several of them where a traced function stands in between.
    """
    found: dict[int, frozenset[int]] = {}
    for call in run.calls:
        for source in call.sources if call.recording == recording.key else ():
            if source.result is not None and source.result >= 0 and source.variable is not None:
                others = found.get(source.result, frozenset())
                found[source.result] = others | {source.variable}
    return found


def _gradients_behind(
    recording: Recording, end: Operation, taken: dict[int, frozenset[int]]
) -> frozenset[int]:
    """Variables whose gradients a written value is computed from, at once.

    A number, such as the norm of all gradients, only scales what is of another shape.
    """
    found: set[int] = set()
    seen: set[int] = set()
    todo = list(end.inputs)
    numbers = bool(todo) and recording.operations[todo[-1]].shape == ()
    while todo:
        index = todo.pop()
        operation = recording.operations[index]
        if index in taken:
            found |= taken[index]
        elif index in seen or operation.tapes or operation.backward:
            continue
        elif numbers or operation.shape != ():
            todo.extend(operation.inputs)
        seen.add(index)
    return frozenset(found)
