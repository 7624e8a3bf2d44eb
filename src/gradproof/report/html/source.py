"""Source lines of the user as a page shows them: what is wrong is marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...answer import Lines
from ...fault import Diagnosis
from ...finding import Fix, Place, Span
from ..mend import Hunk, hunks

AROUND = 2
"""Lines that are shown before and after a marked one."""

TAB = 4

LONGEST = 400
"""Characters of a line that are shown; minified or generated ones are longer."""


@dataclass(frozen=True)
class Mark:
    """A stretch that is marked, with a few words."""

    span: Span
    label: str
    first: bool


@dataclass
class Line:
    """One line: its parts, each plain (`""`), `"first"` or `"second"`.

    Attributes:
        number: From 1; 0 stands for lines left out.
        parts: Text and kind.
        notes: Indented words under the line, and the kind of the mark.
    """

    number: int
    parts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def marked(self) -> bool:
        """Says whether something in it is marked."""
        return any(kind for _, kind in self.parts)


@dataclass(frozen=True)
class Listing:
    """Lines of one file (or cell), and where the first mark stands."""

    where: str
    lines: list[Line]


@dataclass(frozen=True)
class Change:
    """Hunks of a mend in one file."""

    where: str
    hunks: list[Hunk]


def where(place: Place) -> str:
    """A place in words: path, cell, line and column."""
    cell = f", cell {place.cell}" if place.cell else ""
    column = f":{place.span.column}" if place.span.end_column else ""
    return f"{place.path}{cell}:{place.line}{column}"


def listings(diagnosis: Diagnosis, lines: Lines) -> Iterator[Listing]:
    """The source that a diagnosis is about, file by file."""
    if diagnosis.place is None:
        return
    found: dict[tuple[str, int | None], list[Mark]] = {}
    for place, label, first in (
        (diagnosis.place, diagnosis.label, True),
        *((related.place, related.message, False) for related in diagnosis.related),
    ):
        found.setdefault((place.path, place.cell), []).append(Mark(place.span, label, first))
    for (path, cell), marks in found.items():
        text = lines(path, cell)
        yield Listing(where(Place(path, marks[0].span, cell)), list(_lines(text, marks)))


def changes(fix: Fix, lines: Lines) -> Iterator[Change]:
    """The edits of a mend, file by file."""
    for (path, cell), found in hunks(fix, lines):
        if found:
            yield Change(f"{path}{f', cell {cell}' if cell else ''}", found)


def _lines(text: Sequence[str], marks: Sequence[Mark]) -> Iterator[Line]:
    inside = [mark for mark in marks if 1 <= mark.span.line <= len(text)]
    wanted = {
        number
        for mark in inside
        for number in range(mark.span.line - AROUND, mark.span.line + AROUND + 1)
        if 1 <= number <= len(text)
    }
    last = None
    for number in sorted(wanted):
        if last is not None and number > last + 1:
            yield Line(0)
        last = number
        here = [mark for mark in inside if mark.span.line == number]
        yield _marked(number, text[number - 1], here)


def _marked(number: int, text: str, marks: Sequence[Mark]) -> Line:
    ranges = sorted(((*_range(mark.span, text), mark) for mark in marks), key=lambda one: one[:2])
    line = Line(number)
    at = 0
    for start, end, mark in _apart(ranges):
        kind = "first" if mark.first else "second"
        line.parts += [(text[at:start].expandtabs(TAB), ""), (text[start:end], kind)]
        at = end
    line.parts.append((_cut(text[at:].expandtabs(TAB)), ""))
    line.parts = [part for part in line.parts if part[0]]
    for start, _, mark in ranges:
        if mark.label:
            indent = " " * min(len(text[:start].expandtabs(TAB)), 60)
            line.notes.append((indent + mark.label, "first" if mark.first else "second"))
    return line


def _apart(ranges: Sequence[tuple[int, int, Mark]]) -> Iterator[tuple[int, int, Mark]]:
    """Marks that overlap an earlier one begin where it ends."""
    at = 0
    for start, end, mark in ranges:
        start = max(start, at)
        if end > start:
            yield start, end, mark
            at = end


def _range(span: Span, text: str) -> tuple[int, int]:
    full = len(text.rstrip())
    if not span.end_column:
        return len(text) - len(text.lstrip()), full
    start = min(span.column - 1, full)
    return start, min(span.end_column - 1, full) if span.end_line == span.line else full


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
