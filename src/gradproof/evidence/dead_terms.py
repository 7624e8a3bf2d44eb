"""Summands of a target in which no way from a variable keeps its gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .gradients import GradientCall
from .operations import SIZES
from .recording import Operation, Recording
from .run import Run
from .summands import summands
from .ways import cut_kind, ends_of, reads_for

_FORMS = SIZES | {"OnesLike", "ZerosLike"}


@dataclass(frozen=True)
class DeadTerm:
    """A summand that moves nothing, beside others that do.

    Attributes:
        call: The gradient call.
        cut: The operation without gradient on its ways.
        variables: Keys of the variables that it is computed from.
    """

    call: GradientCall
    cut: Operation
    variables: tuple[int, ...]


def dead_terms(run: Run) -> Iterator[DeadTerm]:
    """One a gradient call and operation; what is stopped on purpose is left out."""
    for call in run.calls:
        recording = run.recording(call.recording)
        if call.inner or call.error is not None or not recording.whole or not run.wanted(call):
            continue
        asked = {source.variable for source in call.sources if source.variable is not None}
        reads = reads_for(recording, call)
        moved = recording.descendants(reads)
        ends = summands(recording, ends_of(call), call.tape)
        terms = [_look(recording, call, end, reads, moved) for end, _ in ends]
        if not any(term is None for term in terms):
            continue
        told: set[int] = set()
        for cuts in terms:
            for cut in cuts or ():
                behind = recording.ancestors([cut.index])
                keys = tuple(
                    sorted(
                        key
                        for key in asked
                        if any(one.index in behind for one in recording.reads_of(key))
                    )
                )
                if cut.index not in told and keys:
                    told.add(cut.index)
                    yield DeadTerm(call, cut, keys)


def _look(
    recording: Recording, call: GradientCall, end: int, reads: set[int], moved: frozenset[int]
) -> list[Operation] | None:
    """What ends the ways back from a summand; `None` if one leads to a variable.

    Nothing, if a gradient is stopped there, or if it depends on no variable at all.
    """
    cuts: list[Operation] = []
    seen: set[int] = set()
    todo = [end]
    while todo:
        index = todo.pop()
        operation = recording.operations[index]
        if index in seen or index not in moved or operation.type in _FORMS:
            continue
        seen.add(index)
        kind = cut_kind(operation)
        if kind == "cut":
            cuts.append(operation)
        elif kind is not None or call.tape not in operation.tapes:
            return []
        elif index in reads:
            return None
        else:
            todo.extend(operation.inputs)
    return cuts
