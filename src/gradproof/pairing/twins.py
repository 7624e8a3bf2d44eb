"""Which variable of one run is which of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ..evidence.variable import Variable
from .seen import Seen

Pair = tuple[Variable, Variable]


def paired(one: Seen, other: Seen) -> list[Pair]:
    """Variables that belong together: trained ones first, each once.

    By their paths, if these are the same; else in the order in which they
    were made, if their shapes are the same; else what paths or shapes in
    order tell.
    """
    found: list[Pair] = []
    for trained in (True, False):
        found += _paired(
            *([each for each in seen.models if each.trainable is trained] for seen in (one, other))
        )
    known = [{pair[which].key for pair in found} for which in (0, 1)]
    rest = [
        [each for each in seen.models if each.key not in known[which]]
        for which, seen in enumerate((one, other))
    ]
    # What is frozen in one of the runs only.
    return [*found, *_by_path(*rest)]


def apart(one: Seen, other: Seen, pairs: Sequence[Pair]) -> list[tuple[int, Variable]]:
    """Variables that are updated in one run and have no counterpart in the other."""
    known = [{pair[which].key for pair in pairs} for which in (0, 1)]
    return [
        (which, variable)
        for which, seen in enumerate((one, other))
        for variable in seen.models
        if variable.key not in known[which] and variable.key in seen.points
    ]


def _paired(left: Sequence[Variable], right: Sequence[Variable]) -> Iterator[Pair]:
    paths = [[each.path for each in side] for side in (left, right)]
    unique = all(len(set(side)) == len(side) for side in paths)
    if unique and set(paths[0]) == set(paths[1]):
        by_path = {each.path: each for each in right}
        pairs = [(each, by_path[each.path]) for each in left]
        if all(first.shape == second.shape for first, second in pairs):
            yield from pairs
            return
    if [each.shape for each in left] == [each.shape for each in right]:
        yield from zip(left, right, strict=True)
        return
    yield from _in_part(left, right)


def _in_part(left: Sequence[Variable], right: Sequence[Variable]) -> Iterator[Pair]:
    """By paths that stand once in each; the rest by shapes, in order."""
    pairs = list(_by_path(left, right))
    yield from pairs
    taken = {id(each) for pair in pairs for each in pair}
    rest = [[each for each in side if id(each) not in taken] for side in (left, right)]
    left_shapes, right_shapes = ([each.shape for each in side] for side in rest)
    for block in SequenceMatcher(
        None, left_shapes, right_shapes, autojunk=False
    ).get_matching_blocks():
        yield from zip(
            rest[0][block.a : block.a + block.size],
            rest[1][block.b : block.b + block.size],
            strict=True,
        )


def _by_path(left: Sequence[Variable], right: Sequence[Variable]) -> Iterator[Pair]:
    """Those whose path stands once in each, if the shapes are the same."""
    once = [
        {path for path, count in Counter(each.path for each in side).items() if count == 1}
        for side in (left, right)
    ]
    by_path = {each.path: each for each in right}
    for each in left:
        twin = by_path.get(each.path) if each.path in once[0] & once[1] else None
        if twin is not None and twin.shape == each.shape:
            yield each, twin
