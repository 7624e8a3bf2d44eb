"""Notes of tapes and of gradient calls as plain data, which a record can hold."""

from __future__ import annotations

from typing import Any

from ...evidence.gradients import GradientCall, Source, Tape, Target
from .graphs import TracedOperations
from .kinds import is_handed_back, is_variable
from .notes import CallNote, Operations, TapeNote, dtype_of, shape_of_tensor
from .variables import Variables


def plain_tape(note: TapeNote, gaps: int) -> Tape:
    """A tape as plain data; of a graph that is gone, as it was when the graph was read.

    Args:
        note: Of the tape.
        gaps: Times that eager operations went unrecorded so far.
    """
    operations = note.operations
    traced = operations if isinstance(operations, TracedOperations) else None
    if traced is not None and traced.graph is None and note.plain:
        return note.plain
    place = int if traced is None else traced.position
    note.plain = Tape(
        note.key,
        operations.key,
        note.stack,
        place(note.opened),
        None if note.closed is None else place(note.closed),
        note.persistent,
        note.automatic,
        note.watched,
        tuple(
            (tensor if isinstance(tensor, int) else operations.find(tensor), where)
            for tensor, where in note.watches
        ),
        note.outer,
        traced is not None or gaps == note.gaps,
    )
    return note.plain


def plain_call(call: CallNote, variables: Variables, final: bool = False) -> GradientCall:
    """A gradient call as plain data: an eager one at once, a traced one when its graph is read.

    Args:
        call: The note; lets go of its tensors when nothing more will be learned from them.
        variables: Names the sources.
        final: The graph is finished.
    """
    if call.plain is not None and (call.settled or not call.traced):
        return call.plain
    operations = call.tape.operations
    at = operations.position(call.at) if isinstance(operations, TracedOperations) else call.at
    call.plain = GradientCall(
        call.key,
        call.stack,
        call.tape.key,
        operations.key,
        at,
        tuple(
            Target(operations.find(target), shape_of_tensor(target), dtype_of(target))
            for target in call.targets
        ),
        tuple(
            _source(operations, variables, source, call.results, number)
            for number, source in enumerate(call.sources)
        ),
        call.method,
        call.traced,
        call.zeros,
        call.inner,
        call.error,
        call.step,
    )
    if final or not call.traced:
        call.settled = True
        call.targets, call.sources, call.results = [], [], None
    return call.plain


def _source(
    operations: Operations,
    variables: Variables,
    source: Any,
    results: list[Any] | None,
    number: int,
) -> Source:
    """What a gradient was asked for, and whether one came."""
    gradient = results[number] if results is not None and number < len(results) else None
    connected = None if results is None else gradient is not None
    result = operations.find(getattr(gradient, "values", gradient)) if connected else None
    if is_variable(source):
        key = variables.key(source)
        name = str(getattr(source, "path", None) or source.name).split(":")[0]
        back = is_handed_back(source)
        if back and key is not None:
            name = variables.path(key)
        return Source(key, None, "variable", name, dtype_of(source), connected, result, back)
    if hasattr(source, "dtype") and hasattr(source, "shape"):
        index = operations.find(source)
        return Source(None, index, "tensor", "", dtype_of(source), connected, result)
    return Source(None, None, "other", type(source).__name__, "", connected, result)
