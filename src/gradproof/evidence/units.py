"""Units of a layer that no batch ever moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .recording import Operation, Recording

if TYPE_CHECKING:
    from .run import Run

GATES = frozenset({"Relu", "Relu6"})
"""Activations whose slope is zero below their threshold."""

BIASES = frozenset({"BiasAdd", "AddV2", "Add"})

MOST, STOPPED = 0.75, 0.25
"""Parts of a layer from which on it is no longer a matter of chance.

About half of a layer's units may be off for data of one sign, from the start, and
in a narrow one another unit or two go off while it learns: in all `MOST` of them have
to be off. They count as fallen if `STOPPED` of the layer moved first.
"""

LEARNING = 1e-6
"""Relative change of some other variable in a step, at least, while something is learned."""

STEPS = 15
"""Steps over which nothing of a unit changed, at least."""


@dataclass(frozen=True, slots=True)
class Units:
    """How many of the entries of a one-dimensional variable changed.

    Attributes:
        variable: Key.
        count: Number of entries.
        never: Entries that stand where they stood when first looked at.
        stopped: Entries that changed first, and not in the later half.
        steps: Steps between the first and the last look.
        later: Steps of the later half.
    """

    variable: int
    count: int
    never: int
    stopped: int
    steps: int
    later: int


@dataclass(frozen=True)
class Dead:
    """Units behind a threshold that no batch moves.

    Attributes:
        units: The numbers.
        gate: The threshold.
        number: Units that are dead.
        fell: They moved at first.
    """

    units: Units
    gate: Operation
    number: int
    fell: bool


def dead(run: Run) -> Iterator[Dead]:
    """Layers most of whose units stand still while the others move."""
    for units in run.units:
        if units.count < 4 or not units.count > units.never:
            continue
        most, off = MOST * units.count, units.never + units.stopped
        if units.steps >= STEPS and units.never >= most:
            number, fell = units.never, False
        elif units.later >= STEPS and off >= most and units.stopped >= STOPPED * units.count:
            number, fell = off, True
        else:
            continue
        gate = _gate(run, units)
        held = _held_in_place(run, units, whole=number == units.count)
        if gate is not None and not held and _others_move(run, units):
            yield Dead(units, gate, number, fell)


def _held_in_place(run: Run, units: Units, *, whole: bool) -> bool:
    """Says whether something else than a zero gradient keeps the units where they are.

    The program writes to them beside the optimizer, as who clips weights to a range, or
    a gradient arrives though none of the units seems to move.
    """
    last = [step.updates for step in run.steps[-3:]]
    arrives = any(
        update.variable == units.variable and (update.gradient_norm or 0.0) > 0.0
        for updates in last
        for update in updates
    )
    given = any(
        pair.variable == units.variable
        for apply in run.applies
        if apply.optimizer is not None
        for pair in apply.pairs
    )
    restored = {one.place for one in run.copies} | {one.place for one in run.saves}
    written = any(
        one.variable == units.variable and one.method == "assign" and set(one.places) - restored
        for one in run.assigned
    )
    return (whole and arrives) or (given and written)


def _others_move(run: Run, units: Units) -> bool:
    """Something is still learned: training has not come to its end."""
    last = [step.updates for step in run.steps[-3:]]
    return any(
        update.change_norm > LEARNING * update.value_norm and update.variable != units.variable
        for updates in last
        for update in updates
    )


def _gate(run: Run, units: Units) -> Operation | None:
    """The threshold that a layer's outputs go through, right after the bias."""
    for recording in run.recordings:
        for read in recording.reads_of(units.variable):
            for user in _users(recording, read.index, BIASES):
                for gate in _users(recording, user, GATES):
                    return recording.operations[gate]
    return None


def _users(recording: Recording, index: int, kinds: frozenset[str]) -> list[int]:
    """Operations of some kinds that take a value, also through a cast or reshape."""
    found = []
    for user in recording.consumers.get(index, ()):
        operation = recording.operations[user]
        if operation.type in kinds:
            found.append(user)
        elif operation.type in ("Cast", "Identity", "Reshape", "ReadVariableOp"):
            found += _users(recording, user, kinds)
    return found
