"""Variables that a loss uses and that no list of variables has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..finding import Place
from .gradients import GradientCall
from .operations import INTEGERS, SHAPING
from .recording import Operation, Recording
from .run import ASSIGNMENTS, Run
from .variable import Variable


def unlisted(run: Run) -> Iterator[tuple[Variable, GradientCall]]:
    """Trainable variables on the way to a target that nobody updates.

    They were read under the tape, no gradient call asked for them, no
    optimizer was given them, and nothing was ever assigned to them.
    """
    told: set[int] = set()
    known = _references(run) | _begun_elsewhere(run)
    for call in run.calls:
        if call.inner or call.error is not None or not _trains(run, call):
            continue
        recording = run.recording(call.recording)
        ends = [target.operation for target in call.targets if target.operation >= 0]
        live = _live(run, call, ends)
        for key in sorted(run.tape(call.tape).watched):
            variable = run.variable(key)
            if key in told or key in run.asked or key in run.updated or key in known:
                continue
            if variable.role != "model" or variable.dtype in INTEGERS:
                continue
            if variable.during in ("call", "load"):
                continue
            if _fixed_around_an_input(run, call, variable):
                continue
            if any(read.index in live for read in recording.reads_of(key)):
                told.add(key)
                yield variable, call


def _references(run: Run) -> frozenset[int]:
    """Variables of networks whose weights another one, which is trained, began with."""
    return frozenset(
        key
        for copy in run.copies
        if run.asked.intersection(copy.variables) and copy.variables != copy.source
        for key in copy.source
    )


def _begun_elsewhere(run: Run) -> frozenset[int]:
    """Variables whose values the program put in: `set_weights`, a checkpoint that was restored.

    Only the last layers of a network that was trained before may be trained further.
    """
    loaded = {key for save in run.saves if save.kind == "load" for key in save.variables}
    written = (one for one in run.assigned if one.places and one.method in ASSIGNMENTS)
    return frozenset(loaded | {one.variable for one in written})


def all_trained(run: Run, names: Iterable[str]) -> bool:
    """Says whether every part that is named gets its gradients, and moves, as a whole.

    Source knows a variable by its attribute, a run by its path: any run of whole
    components of the path will do.
    """
    there = list(names)
    return bool(there) and all(_trained(run, name) for name in there)


def _trained(run: Run, name: str) -> bool:
    wanted = [part for part in name.removeprefix("self.").replace(".", "/").split("/") if part]
    found = [
        variable.key
        for variable in run.variables
        if variable.role == "model"
        and variable.trainable
        and _has(variable.path.split(":")[0].split("/"), wanted)
    ]
    lacking = {
        source.variable
        for call in run.calls
        for source in call.unconnected
        if not call.inner and source.variable is not None
    }
    there = run.handed & run.moved - lacking
    return bool(found) and there.issuperset(found)


def _has(path: list[str], wanted: list[str]) -> bool:
    width = len(wanted)
    return any(path[at : at + width] == wanted for at in range(len(path) - width + 1))


def _fixed_around_an_input(run: Run, call: GradientCall, variable: Variable) -> bool:
    """A model's variable, where only variables that belong to no model are asked for.

    An image, a perturbation or a latent code is fitted to a model that stays
    as it is: style transfer, adversarial examples, feature visualisation.
    """
    owners = {run.variable(key).owner for source in call.sources if (key := source.variable)}
    owned = ("layer", "module")
    return variable.owner in owned and bool(owners) and not owners.intersection(owned)


def _live(run: Run, call: GradientCall, ends: Iterable[int]) -> frozenset[int]:
    """Operations under the tape from which a gradient of the target comes."""
    from .ways import cut_kind

    recording = run.recording(call.recording)
    seen: set[int] = set()
    todo = list(ends)
    while todo:
        index = todo.pop()
        operation = recording.operations[index]
        if index in seen or call.tape not in operation.tapes or cut_kind(operation) is not None:
            continue
        seen.add(index)
        todo.extend(operation.inputs)
    return frozenset(seen)


def _trains(run: Run, call: GradientCall) -> bool:
    """The call serves an update, or would have."""
    if not call.sources:
        return True
    return any(source.given == "variable" for source in call.sources) and run.wanted(call)


_JOINS = ("Sub", "AddV2", "Add")
_FACTORS = (*_JOINS, "Exp")
"""What makes a factor of a gradient, as in `v * exp(-rate * g)`; a bare product weighs it only."""


def combined(run: Run, call: GradientCall, keys: Iterable[int]) -> list[Operation]:
    """Operations that join a variable and its gradient, as an update would."""
    recording = run.recording(call.recording)
    found: list[Operation] = []
    wanted = set(keys)
    for source in call.sources:
        if source.variable not in wanted or source.result is None or source.result < 0:
            continue
        after = _after(recording, source.result)
        for index in sorted(after):
            operation = recording.operations[index]
            if operation.backward or operation.type not in (*_JOINS, "Mul"):
                continue
            inputs = [recording.operations[number] for number in operation.inputs]
            other = [one for one in inputs if one.index not in after]
            grown = [one for one in inputs if one.index in after and one.type in _FACTORS]
            if operation.type == "Mul" and not grown:
                continue
            if any(source.variable in read.reads for read in other):
                found.append(operation)
                break
    return found


def moves_others(run: Run, call: GradientCall, keys: Iterable[int]) -> bool:
    """Says whether the gradients of variables, or what is made of them, change trained ones."""
    recording = run.recording(call.recording)
    wanted = set(keys)
    return any(
        recording.operations[index].writes & run.asked - wanted
        for source in call.sources
        if source.variable in wanted and source.result is not None and source.result >= 0
        for index in _after(recording, source.result)
    )


def copied_out(run: Run, call: GradientCall, keys: Iterable[int]) -> tuple[Place | None, ...]:
    """Where the values of all these variables were made arrays, as were their gradients.

    Both after the gradients were taken: somebody goes on with copies.
    """
    recording = run.recording(call.recording)
    following = [one.at for one in run.calls if one.recording == call.recording]
    until = min((at for at in following if at > call.at), default=len(recording.operations))
    left = {
        conversion.operation: conversion.place
        for conversion in recording.conversions
        if call.at <= conversion.at <= until and not conversion.tapes
    }
    wanted = set(keys)
    results = {
        source.result for source in call.sources if source.variable in wanted and source.result
    }
    copied: dict[int, Place | None] = {}
    for index, place in left.items():
        for origin in _passed(recording, index):
            copied |= dict.fromkeys(origin.reads & wanted, place)
    whole = wanted <= set(copied) and results <= set(left)
    return tuple(dict.fromkeys(copied.values())) if whole and results else ()


def _passed(recording: Recording, index: int) -> Iterator[Operation]:
    """An operation, and what it only hands on."""
    operation = recording.operations[index]
    yield operation
    while operation.type in SHAPING and operation.inputs:
        operation = recording.operations[operation.inputs[0]]
        yield operation


def _after(recording: Recording, start: int) -> frozenset[int]:
    """Everything computed from an operation, also through other variables."""
    seen = recording.descendants([start])
    while True:
        written = {key for index in seen for key in recording.operations[index].writes}
        reads = {
            read.index for key in written for read in recording.reads_of(key) if read.index > start
        }
        if reads <= seen:
            return seen
        seen = seen | recording.descendants(reads)


def misused(run: Run) -> bool:
    """An optimizer was called in a way that it could not understand."""
    return any(
        apply.given
        in ("two lists", "not pairs", "pairs apart", "swapped", "arrays", "loss", "spent")
        for apply in run.applies
    )
