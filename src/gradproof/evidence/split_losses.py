"""Losses that are added up, of which the tape that is asked recorded some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .accumulating import ADDITIONS
from .gradients import GradientCall
from .recording import Operation, Recording
from .run import Run
from .updating import PLAIN, SCALINGS


@dataclass(frozen=True)
class Parts:
    """A target that adds up losses, of which its tape recorded only some.

    Attributes:
        call: The gradient call.
        earlier: Operations that made the parts that other tapes recorded.
    """

    call: GradientCall
    earlier: tuple[Operation, ...]

    @property
    def count(self) -> int:
        """Number of tapes that recorded a part each."""
        return len({tape for operation in self.earlier for tape in operation.tapes}) + 1


def split_targets(run: Run) -> Iterator[Parts]:
    """Sums of losses that several tapes recorded, of which one is asked.

    The parts must have been computed alike: by reading the same variables,
    under tapes that were opened at the same line and closed again.
    """
    for call in run.calls:
        if call.error is not None or call.inner or len(call.targets) != 1:
            continue
        recording = run.recording(call.recording)
        tape = run.tape(call.tape)
        twins = {
            other.key
            for other in run.tapes
            if other.recording == call.recording
            and other.key != call.tape
            and other.place == tape.place
            and other.closed is not None
            and other.closed <= tape.opened
        }
        found = tuple(_terms(recording, call.targets[0].operation, twins, call.tape))
        if found and _own(recording, call):
            yield Parts(call, found)


def _terms(recording: Recording, target: int, twins: set[int], own: int) -> Iterator[Operation]:
    """Terms of a sum of numbers that other tapes recorded."""
    seen: set[int] = set()
    todo = [target]
    while todo:
        index = todo.pop()
        if index < 0 or index in seen:
            continue
        seen.add(index)
        operation = recording.operations[index]
        if operation.shape != ():
            continue
        if own not in operation.tapes and operation.tapes & twins and _computed(recording, index):
            yield operation
        if operation.type in ADDITIONS or operation.type in PLAIN:
            todo.extend(operation.inputs)
        elif operation.type in SCALINGS:
            todo.extend(operation.inputs[:1])


def _computed(recording: Recording, index: int) -> bool:
    """It is made of a variable; a number that TensorFlow keeps serves under every tape."""
    return any(recording.operations[one].reads for one in recording.ancestors([index]))


def _own(recording: Recording, call: GradientCall) -> bool:
    """The tape that is asked recorded a part itself."""
    return any(
        call.tape in recording.operations[index].tapes and recording.operations[index].reads
        for index in recording.ancestors(
            target.operation for target in call.targets if target.operation >= 0
        )
    )
