"""Gradients that are parts of a loss, and were taken while its tape was off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..finding import Place
from .constants import same_line
from .gradients import GradientCall, Tape
from .operations import STOPS
from .recording import Recording
from .run import Run
from .ways import beside

JOINS = frozenset({"Add", "AddV2", "AddN", "Sub", "SquaredDifference", "ConcatV2", "Pack"})
"""A value that joins another one here is a term of its own, not a weight."""


@dataclass(frozen=True)
class Unrecorded:
    """A gradient that a loss uses, and that its tape takes for a constant.

    Attributes:
        outer: The call that asks for the gradients of the loss.
        inner: The call that made the gradient.
        names: Paths of the variables that both depend on; none where the outer
            call asks for the derivative by an input.
        place: The line of the inner call, in the function of the outer tape.
    """

    outer: GradientCall
    inner: GradientCall
    names: tuple[str, ...]
    place: Place | None


def unrecorded(run: Run) -> Iterator[Unrecorded]:
    """Inner gradients that make up a term of a loss, unseen by its tape.

    A gradient that goes through the model again (an adversarial example),
    changes variables (fast weights) or weighs another term is used as a
    constant on purpose; so is one that was taken while recording was stopped.
    """
    told: set[tuple[Place | None, Place | None]] = set()
    for outer in run.calls:
        if outer.error is not None or not run.wanted(outer):
            continue
        tape = run.tape(outer.tape)
        recording = run.recording(outer.recording)
        if not _seen(recording, tape.key, recording.ancestors(_ends(outer))):
            # The whole loss was computed outside of it, not this term alone.
            continue
        for inner in run.calls:
            if inner.recording != outer.recording or not inner.at < outer.at:
                continue
            if inner.tape == outer.tape or tape.opened <= inner.at < (tape.closed or outer.at):
                continue
            if inner.stack == outer.stack:
                # The same call, a round earlier: its gradient is in a weight that was made anew.
                continue
            names = _shared(run, outer, inner, tape)
            if names or _of_input(run, outer, inner):
                place = beside(inner.stack, tape.stack) or inner.place
                if (outer.place, place) not in told:
                    told.add((outer.place, place))
                    yield Unrecorded(outer, inner, names, place)


def all_outside(run: Run, asked: Iterable[Place | None]) -> bool:
    """Of a gradient call on one of these lines the whole target was computed off its tape."""
    lines = [line for line in asked if line is not None]
    calls = [
        call
        for call in run.calls
        if call.place is not None and any(same_line(call.place, line) for line in lines)
    ]
    return bool(calls) and not any(
        _seen(recording, call.tape, recording.ancestors(_ends(call)))
        for call in calls
        for recording in (run.recording(call.recording),)
    )


def _shared(run: Run, outer: GradientCall, inner: GradientCall, tape: Tape) -> tuple[str, ...]:
    """Variables asked for that the loss depends on through the inner gradient."""
    recording = run.recording(outer.recording)
    behind = recording.ancestors(_ends(outer))
    results = {
        source.result
        for source in inner.sources
        if source.result is not None and source.result in behind
    }
    if not results or _seen(recording, tape.key, results):
        return ()
    asked = [source.variable for source in outer.sources if source.variable is not None]
    inside = recording.ancestors(_ends(inner))
    keys = [
        key
        for key in asked
        if run.variable(key).trainable
        and any(read.index in inside for read in recording.reads_of(key))
    ]
    if not keys or not _is_term(recording, results, behind, tape.key, asked):
        return ()
    return tuple(run.path(key) for key in keys)


def _of_input(run: Run, outer: GradientCall, inner: GradientCall) -> bool:
    """The outer call got `None` for an input of which the inner gradient was taken.

    A second derivative, of an equation's solution say, is `None` where the tape
    did not see the first one being taken.
    """
    recording = run.recording(outer.recording)
    inputs = {source.operation for source in outer.unconnected if source.given == "tensor"}
    taken = {source.operation: source.result for source in inner.sources}
    results = {result for key in inputs if key is not None and (result := taken.get(key))}
    behind = recording.ancestors(_ends(outer))
    return bool(results) and results <= behind and not _seen(recording, outer.tape, results)


def _seen(recording: Recording, tape: int, results: Iterable[int]) -> bool:
    return any(tape in recording.operations[index].tapes for index in results)


def _is_term(
    recording: Recording,
    results: Iterable[int],
    behind: frozenset[int],
    tape: int,
    asked: Iterable[int],
) -> bool:
    """Some way from the gradients to the target only adds, and feeds no variable."""
    reads = {read.index for key in asked for read in recording.reads_of(key) if tape in read.tapes}
    alive = recording.descendants(reads)
    after = recording.descendants(results) & behind
    reached = set(results)
    for index in sorted(after - reached):
        operation = recording.operations[index]
        if reads.intersection(operation.inputs) and tape in operation.tapes:
            return False
        if not reached.intersection(operation.inputs) or operation.type in STOPS:
            continue
        others = [source for source in operation.inputs if source not in after]
        if operation.type in JOINS or not alive.intersection(others):
            reached.add(index)
    ends = [index for index in reached if index not in results or index in behind]
    return any(not set(recording.consumers.get(index, ())) & behind for index in ends)


def _ends(call: GradientCall) -> list[int]:
    return [target.operation for target in call.targets if target.operation >= 0]
