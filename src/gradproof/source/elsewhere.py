"""Brings facts about other files back to the lines of those files."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..evidence.loop import Loop, Spot
from ..finding import Span
from .project import FIRST_ELSEWHERE

if TYPE_CHECKING:
    from .reader import Reader


def located(loop: Loop, reader: Reader) -> Loop:
    """The same loop, every spot with the file and line where it stands."""
    if reader.project is None:
        return loop
    sought = reader.project.sought
    loop = loop._replace(others=tuple(sought.read), absent=tuple(sought.absent))
    if len(reader.sources) == 1:
        return loop
    return cast("Loop", _located(loop, reader))


def _located(fact: object, reader: Reader) -> object:
    if isinstance(fact, Spot):
        return _spot(fact, reader)
    if isinstance(fact, tuple):
        parts = [_located(part, reader) for part in fact]
        if all(before is after for before, after in zip(fact, parts, strict=True)):
            return fact
        return getattr(fact, "_make", tuple)(parts)  # a fact stays one
    return fact


def _spot(spot: Spot, reader: Reader) -> Spot:
    span = spot.span
    if span.line < FIRST_ELSEWHERE:
        return spot
    source = reader.source_of(span.line)
    first = source.first
    moved = Span(span.line - first, span.column, span.end_line - first, span.end_column)
    return Spot(moved, spot.text, source.path)
