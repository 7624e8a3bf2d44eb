"""How values depend on layers and variables, and where recording was lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from .dependence import NO_FLOW, Cut, Flow, Path, Trail

_Entry = TypeVar("_Entry")

MOST_TRAILS = 4
"""Trails kept for one origin; more would only repeat what is known."""


def once(*sides: Iterable[_Entry]) -> tuple[_Entry, ...]:
    """Each entry of several, once and in order: what is added to itself would double them."""
    return tuple(dict.fromkeys(entry for side in sides for entry in side))


def merge(flows: Iterable[Flow]) -> Flow:
    """The dependence of a value made from several others."""
    present = [flow for flow in flows if flow]
    if not present:
        return NO_FLOW
    if len(present) == 1:
        return present[0]
    merged: dict[object, tuple[Trail, ...]] = dict(present[0])
    for flow in present[1:]:
        for origin, trails in flow.items():
            known = merged.get(origin)
            merged[origin] = trails if known is None else _united(known, trails)
    return merged


def _united(left: tuple[Trail, ...], right: tuple[Trail, ...]) -> tuple[Trail, ...]:
    if left is right:
        return left
    united = list(left)
    for trail in right:
        if all(not _alike(trail, other) for other in united):
            united.append(trail)
    # Recorded trails first, so that the bound never drops the one that clears.
    united.sort(key=lambda trail: (trail.cut is not None, -len(trail.tapes)))
    return tuple(united[:MOST_TRAILS])


def _alike(left: Trail, right: Trail) -> bool:
    if left.cut is None or right.cut is None:
        return left.cut is right.cut and left.tapes == right.tapes
    return left.cut.path[-1] is right.cut.path[-1]


def recorded(flow: Flow, active: frozenset[int], path: Path = ()) -> Flow:
    """The same after an operation at `path` that only the active tapes record."""
    for trails in flow.values():
        if any(not trail.tapes <= active for trail in trails):
            break
    else:
        return flow
    return {
        origin: tuple(
            trail
            if trail.tapes <= active
            else Trail(
                trail.tapes & active,
                trail.read,
                trail.cut,
                trail.left or (trail.tapes - active, path),
            )
            for trail in trails
        )
        for origin, trails in flow.items()
    }


def recut(flow: Flow, kinds: tuple[str, ...], kind: str, path: Path) -> Flow:
    """The same where an operation tells better why ways end: if the first kind did end some."""
    ended = {trail.cut.kind for trails in flow.values() for trail in trails if trail.cut}
    if kinds[0] not in ended:
        return flow
    return {
        origin: tuple(
            trail._replace(cut=trail.cut._replace(kind=kind, path=path))
            if trail.cut is not None and trail.cut.kind in kinds
            else trail
            for trail in trails
        )
        for origin, trails in flow.items()
    }


def cut(flow: Flow, kind: str, operation: str, path: Path, active: frozenset[int]) -> Flow:
    """The same after an operation that no gradient passes."""
    if not flow:
        return flow
    end = Cut(kind, operation, path, active)
    return {origin: _ended(trails, end) for origin, trails in flow.items()}


def _ended(trails: tuple[Trail, ...], end: Cut) -> tuple[Trail, ...]:
    """All ways end here; those that had ended before took nothing away where another went on."""
    live = [trail for trail in trails if trail.cut is None]
    return tuple(Trail(frozenset(), trail.read, end) for trail in live) or trails


def origin(thing: object, active: frozenset[int], read: Path) -> Flow:
    """The dependence of a value that has just been read from `thing`."""
    return {thing: (Trail(active, read),)}
