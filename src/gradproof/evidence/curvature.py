"""Second derivatives of what is put together from straight pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..finding import Place
from .activations import made_at
from .gradients import GradientCall
from .operations import SHAPING
from .recording import Operation, Recording
from .run import Run

PIECES = frozenset({"Relu", "Relu6", "LeakyRelu", "Maximum", "Minimum", "Abs", "ClipByValue"})
"""Straight on both sides of a kink."""

STRAIGHT = SHAPING | frozenset(
    """Add AddN AddV2 BiasAdd ConcatV2 Mean Neg Pack Slice Split StridedSlice Sub Sum Transpose
    Unpack""".split()
)
"""Straight in all their inputs together."""

PRODUCTS = frozenset({"BatchMatMulV2", "Einsum", "MatMul", "Mul", "RealDiv"})
"""Straight in their first input, or in either, where the other one stays as it is."""


@dataclass(frozen=True)
class Flat:
    """A second derivative that is zero by what was differentiated.

    Attributes:
        call: The call that asked for it.
        pieces: The operations with a kink, in order.
        made_at: The line that made the layer of the first one, if it is a layer's.
    """

    call: GradientCall
    pieces: tuple[Operation, ...]
    made_at: Place | None = None


def flat_second_derivatives(run: Run) -> Iterator[Flat]:
    """Derivatives of a derivative by the same tensor, with nothing curved between."""
    told: set[object] = set()
    for call in run.calls:
        if not call.inner or call.place in told:
            continue
        recording = run.recording(call.recording)
        asked = {one.operation for one in call.sources if one.given == "tensor" and one.connected}
        for first in run.calls:
            if first.recording != call.recording or first.key == call.key:
                continue
            for source in first.sources:
                ends = {target.operation for target in call.targets}
                if source.result not in ends or source.operation not in asked:
                    continue
                pieces = _pieces(recording, source.operation or 0, first)
                if pieces and call.place not in told:
                    told.add(call.place)
                    yield Flat(call, pieces, made_at(run, recording, pieces[0]))


def _pieces(recording: Recording, start: int, first: GradientCall) -> tuple[Operation, ...]:
    """The kinks between a tensor and what was differentiated; none if anything curves."""
    ends = [target.operation for target in first.targets if target.operation >= 0]
    way = {operation.index: operation for operation in recording.between([start], ends)}
    way.pop(start, None)
    found = []
    for operation in way.values():
        moving = [source for source in operation.inputs if source in way or source == start]
        if operation.type in PIECES:
            found.append(operation)
        elif operation.type in PRODUCTS:
            divided = operation.type == "RealDiv" and moving != [operation.inputs[0]]
            if len(moving) != 1 or divided:
                return ()
        elif operation.type not in STRAIGHT:
            return ()
    return tuple(found)
