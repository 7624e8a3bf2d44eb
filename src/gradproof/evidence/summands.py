"""The summands of a target, with their signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .recording import Recording
from .reductions import number
from .ways import cut_kind

_SUMS = frozenset({"Add", "AddV2", "AddN", "Sub"})
_LINEAR = frozenset({"Cast", "Identity", "Mean", "Neg", "RealDiv", "Reshape", "Squeeze", "Sum"})
_MOST = 200


def summands(recording: Recording, ends: Iterable[int], tape: int) -> Iterator[tuple[int, int]]:
    """Where the sum that a tape recorded ends, through what is linear: operation and sign.

    What is a multiple of 0 is left out. A divisor that is no number is taken to be
    above zero.
    """
    todo = [(end, 1) for end in ends]
    for _ in range(_MOST):
        if not todo:
            return
        index, sign = todo.pop()
        operation = recording.operations[index]
        inputs = operation.inputs
        if tape in operation.tapes and operation.type in _SUMS:
            second = -sign if operation.type == "Sub" else sign
            todo += [(source, second if at else sign) for at, source in enumerate(inputs)]
            continue
        if operation.type == "Mul" and len(inputs) == 2:
            known = [number(recording, source) for source in inputs]
            factors = [factor for factor in known if factor is not None]
            if not factors:
                yield index, sign
            elif 0.0 not in factors:
                todo.append((inputs[known[0] is not None], sign if factors[0] > 0.0 else -sign))
        elif operation.type in _LINEAR and inputs and cut_kind(operation) is None:
            divisor = number(recording, inputs[1]) if operation.type == "RealDiv" else None
            turned = operation.type == "Neg" or (divisor is not None and divisor < 0.0)
            todo.append((inputs[0], -sign if turned else sign))
        else:
            yield index, sign
