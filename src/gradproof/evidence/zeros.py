"""Variables whose gradient was exactly zero in every measured step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .gradients import GradientCall
from .operations import CLIPS, FLAT
from .paths import cut_kind
from .recording import Operation
from .run import Run


@dataclass(frozen=True)
class Zero:
    """Variables with a zero gradient, behind one operation.

    Attributes:
        names: Paths of the variables.
        operation: The last operation that every way to the target passes and
            whose derivative can be zero, or that has none: in a loop or a
            branch of a traced function that gives zeros, not None.
        steps: Steps measured.
    """

    names: tuple[str, ...]
    operation: Operation
    steps: int


def zeros(run: Run) -> Iterator[Zero]:
    """Groups variables whose gradients stayed zero by what flattens them."""
    norms: dict[int, list[float]] = {}
    for _, update in run.updates():
        if update.gradient_norm is not None:
            norms.setdefault(update.variable, []).append(update.gradient_norm)
    still = {key for key, found in norms.items() if all(norm == 0.0 for norm in found)}
    groups: dict[object, tuple[Operation, list[int]]] = {}
    for call in run.calls:
        for source in call.sources:
            key = source.variable
            if key not in still or not source.connected or key is None:
                continue
            operation = _neck(run, call, key)
            if operation is not None:
                groups.setdefault(operation.place, (operation, []))[1].append(key)
                still.discard(key)
    for operation, keys in groups.values():
        yield Zero(
            tuple(run.path(key) for key in keys), operation, min(len(norms[key]) for key in keys)
        )


def _neck(run: Run, call: GradientCall, key: int) -> Operation | None:
    """The flat operation through which every way from a variable must go."""
    recording = run.recording(call.recording)
    starts = {
        read.index
        for read in recording.reads_of(key)
        if call.tape in read.tapes and read.index < call.at
    }
    ends = {target.operation for target in call.targets if target.operation >= 0}
    way = recording.descendants(starts) & recording.ancestors(ends)
    for index in sorted(way, reverse=True):
        operation = recording.operations[index]
        # Out of a loop or a branch comes zero where there would be None outside.
        if operation.type not in CLIPS | FLAT and cut_kind(operation) is None:
            continue
        if operation.backward or index in starts:
            continue
        reached = set(starts)
        for step in sorted(way):
            if (
                step not in reached
                and step != index
                and reached.intersection(recording.operations[step].inputs)
            ):
                reached.add(step)
        if not reached & ends:
            return operation
    return None
