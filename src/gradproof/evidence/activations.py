"""Activations of layers, which users write where they make the layer."""

from __future__ import annotations

from ..finding import Place
from .operations import SHAPING
from .recording import Operation, Recording
from .run import Run

_PASSING = SHAPING | {"AddV2", "BiasAdd"}


def made_at(run: Run, recording: Recording, activation: Operation) -> Place | None:
    """The line that made the layer whose weights come right before an activation.

    None for an operation that the program calls by itself.
    """
    if "__call__" not in activation.via:
        return None
    todo = list(activation.inputs)
    for index in todo:
        before = recording.operations[index]
        for key in sorted(before.reads):
            if run.variable(key).layer_made_at is not None:
                return run.variable(key).layer_made_at
        for source in before.inputs:
            near = recording.operations[source]
            if source not in todo and (near.reads or before.type in _PASSING):
                todo.append(source)
    return None
