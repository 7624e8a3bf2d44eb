"""Walks along the edges of a recording."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradproof.evidence import recording
from gradproof.evidence.recording import Operation, Recording

edges = st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=30)


def recorded(sources: list[list[int]]) -> Recording:
    """A recording whose operations take earlier ones."""
    made = (
        Operation(at, "AddV2", tuple(one % at for one in wanted) if at else (), (2,), "float32")
        for at, wanted in enumerate(sources)
    )
    return Recording(1, operations=tuple(made))


def reached(edges: dict[int, set[int]], starts: set[int]) -> set[int]:
    """What is reached, by going on until nothing is new."""
    found = set(starts)
    while more := {there for one in found for there in edges.get(one, ())} - found:
        found |= more
    return found


@given(edges, st.sets(st.integers(0, 29), max_size=3))
def test_ways_back_and_forth(sources, starts):
    """Asked once or again, before or after others, the answer is the same."""
    made = recorded(sources)
    starts = {one for one in starts if one < len(sources)}
    back = {one.index: set(one.inputs) for one in made.operations}
    forth: dict[int, set[int]] = {}
    for one in made.operations:
        for source in one.inputs:
            forth.setdefault(source, set()).add(one.index)
    for _ in range(2):
        assert made.ancestors(starts) == reached(back, starts)
        assert made.descendants(starts) == reached(forth, starts)


def test_what_is_kept_is_bounded(monkeypatch):
    """A large graph's sets are let go before they fill the memory."""
    monkeypatch.setattr(recording, "MOST_KEPT", 100)
    made = recorded([[at - 1] for at in range(60)])
    for start in range(60):
        made.ancestors([start])
        assert sum(map(len, made._kept.values())) <= 100
