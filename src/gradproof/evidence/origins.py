"""Which gradient a tensor is: identity kept through clipping and scaling."""

from __future__ import annotations

from .recording import Recording

SEVERAL = ("IdentityN", "Split", "SplitV", "Unpack", "TupleWrapper")
"""Operations of which each output is another thing."""

DENSE = frozenset({"UnsortedSegmentSum"})
"""Operations that make a whole gradient of the rows that it was given as."""


def follow(
    recording: Recording, index: int, results: dict[int, frozenset[int]]
) -> frozenset[int] | None:
    """Which variables' gradient a tensor is, through steps that keep shape.

    Clipping, scaling, averaging and casting are followed; `None` when what
    comes out can't be one variable's gradient.
    """
    memo: dict[int, frozenset[int] | None] = {}

    def look(number: int, depth: int) -> frozenset[int] | None:
        if number in results:
            return results[number]
        if number in memo:
            return memo[number]
        memo[number] = frozenset()
        operation = recording.operations[number]
        if depth > 200 or operation.reads:
            return frozenset()
        if operation.type in SEVERAL and len(operation.inputs) > 1:
            memo[number] = None
            return None
        found: list[frozenset[int]] = []
        for source in operation.inputs:
            inner = recording.operations[source]
            rows = operation.type in DENSE and source == operation.inputs[0]
            if rows or inner.shape == operation.shape or operation.shape is None:
                part = look(source, depth + 1)
                if part is None:
                    memo[number] = None
                    return None
                if part:
                    found.append(part)
        if not found:
            memo[number] = frozenset()
        else:
            smallest = min(found, key=len)
            if all(smallest <= part for part in found):
                memo[number] = smallest
            else:
                memo[number] = frozenset().union(*found)
        return memo[number]

    return look(index, 0)
