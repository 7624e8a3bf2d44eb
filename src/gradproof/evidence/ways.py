"""Ways of values through a recording, and what ends a gradient on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..finding import Place
from .gradients import GradientCall, Source
from .operations import CUTS, INTEGERS, LOOPS, OPAQUE, STOPS
from .recording import Operation, Recording
from .run import Run


@dataclass(frozen=True)
class Loss:
    """Why one source of a gradient call is unconnected.

    Attributes:
        kind: `"integer"` (its type has no gradient), `"outside"` (read while
            the tape was off), `"once"` (derived from it once, before the
            steps), `"assign"` (it goes on through a variable that is
            assigned), `"numpy"`, `"cut"` (an operation without gradient),
            `"opaque"`, `"stopped"`, `"residual"` (a straight-through form
            that stops the wrong part), `"loop"` (over a dataset),
            `"unwatched"`, `"late"` (watched after it was used), `"rebound"`
            (a tensor stands where a variable was), `"handed back"` (so does what an
            assignment to it gave back), `"dead end"` (computed,
            then not used), `"slope"` (only a derivative goes on, which does
            not depend on it), `"unread"` (never used while the tape was on),
            or `"unknown"`.
        source: The source.
        operation: The operation at which the way ends, if one is known.
        place: The user's line of it, on the level of the function in which
            the tape was opened where that matters.
        inferred: The line itself was not seen: the place is told from what
            was computed before and after it.
    """

    kind: str
    source: Source
    operation: Operation | None = None
    place: Place | None = None
    inferred: bool = False


def reaches(
    recording: Recording,
    starts: list[Operation],
    ends: list[int],
    stops: Callable[[Operation], object],
) -> bool:
    """Says whether some way from a value to the target has no operation that stops it."""
    seen: set[int] = set()
    todo = [start.index for start in starts]
    while todo:
        index = todo.pop()
        if index not in seen and not stops(recording.operations[index]):
            seen.add(index)
            todo.extend(recording.consumers.get(index, ()))
    return not seen.isdisjoint(ends)


def beside(stack: tuple[Place, ...], other: tuple[Place, ...]) -> Place | None:
    """The line of `stack` on the level at which it parts from `other`.

    For a forward pass in a helper function that is called before the tape
    opens, it is the line of that call.
    """
    for mine, theirs in zip(stack, other, strict=False):
        if mine != theirs:
            return mine
    if len(stack) > len(other):
        return stack[len(other)]
    return stack[-1] if stack else None


def ends_of(call: GradientCall) -> list[int]:
    """Operations that made the targets of a call, in its recording."""
    return [target.operation for target in call.targets if target.operation >= 0]


def reads_for(recording: Recording, call: GradientCall) -> set[int]:
    """Reads of the variables asked for that the call's tape has recorded."""
    return {
        read.index
        for source in call.sources
        if source.variable is not None
        for read in recording.reads_of(source.variable)
        if call.tape in read.tapes and read.index < call.at
    }


def cut_kind(operation: Operation) -> str | None:
    """How an operation ends a gradient; `None` if it passes it on."""
    if operation.type in CUTS or (operation.type == "Cast" and operation.dtype in INTEGERS):
        return "cut"
    if operation.type in OPAQUE:
        return "opaque"
    if operation.type in STOPS:
        return "stopped"
    return "loop" if operation.type in LOOPS else None


def on_the_way(
    run: Run, call: GradientCall, keys: Iterable[int], tensors: Iterable[int] = ()
) -> Iterator[Operation]:
    """Operations between variables, read under the tape, or tensors, and the targets."""
    recording = run.recording(call.recording)
    starts = [
        read.index
        for key in keys
        for read in recording.reads_of(key)
        if call.tape in read.tapes and read.index < call.at
    ]
    starts += tensors
    for operation in recording.between(starts, ends_of(call)):
        if not operation.backward:
            yield operation
