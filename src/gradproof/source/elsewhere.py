"""Brings facts about other files back to the lines of those files."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
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
    loop = replace(loop, others=tuple(sought.read), absent=tuple(sought.absent))
    if len(reader.sources) == 1:
        return loop
    return cast("Loop", _located(loop, reader))


def _located(fact: object, reader: Reader) -> object:
    if isinstance(fact, Spot):
        return _spot(fact, reader)
    if isinstance(fact, tuple):
        parts = tuple(_located(part, reader) for part in fact)
        return fact if all(a is b for a, b in zip(fact, parts, strict=True)) else parts
    if is_dataclass(fact) and not isinstance(fact, type | Span):
        changed: dict[str, object] = {}
        for field in fields(fact):
            before = getattr(fact, field.name)
            if isinstance(before, str | bool | int | None):
                continue
            after = _located(before, reader)
            if after is not before:
                changed[field.name] = after
        return replace(fact, **changed) if changed else fact
    return fact


def _spot(spot: Spot, reader: Reader) -> Spot:
    span = spot.span
    if span.line < FIRST_ELSEWHERE:
        return spot
    source = reader.source_of(span.line)
    first = source.first
    moved = Span(span.line - first, span.column, span.end_line - first, span.end_column)
    return Spot(moved, spot.text, source.path)
