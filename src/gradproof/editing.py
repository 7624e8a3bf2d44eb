"""Makes edits in a text; nothing but what they name changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from .finding import Edit, Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Unfit(Exception):
    """Edits can't be made in a text; the message says why."""


class Offsets:
    """Where the lines of a text start; lines end as Python's do."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [found.span() for found in _LINE_END.finditer(text)]
        self._starts = [0, *(end for _, end in self._ends)]

    def stretch(self, span: Span) -> tuple[int, int]:
        """First character of a span, and the one after its last.

        A span without an end column means whole lines, with their line ends.

        Raises:
            Unfit: The text has no such place.
        """
        if not span.end_column:
            start = self._at(span.line, 1)
            return start, self._starts[span.end_line] if span.end_line < len(self._starts) else len(
                self._text
            )
        start, end = self._at(span.line, span.column), self._at(span.end_line, span.end_column)
        if end < start:
            raise Unfit(f"line {span.line}: a span that ends before it starts")
        return start, end

    def line_end(self, line: int) -> str:
        """The line end in use at a line: its own, the one before, or a plain one."""
        if not self._ends:
            return "\n"
        start, end = self._ends[min(line - 1, len(self._ends) - 1)]
        return self._text[start:end]

    def _at(self, line: int, column: int) -> int:
        if not 1 <= line <= len(self._starts):
            raise Unfit(f"there is no line {line}")
        last = self._ends[line - 1][0] if line <= len(self._ends) else len(self._text)
        place = self._starts[line - 1] + column - 1
        if column < 1 or place > last:
            raise Unfit(f"line {line} has no column {column}")
        return place


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits made; their places are those of the text given.

    Line ends of what is put in become those of the line where it goes.
    Insertions at one place stand in the order in which they are given.

    Args:
        text: With any line ends.
        edits: In any order, all of this one text.

    Raises:
        Unfit: Two edits overlap, or the text has no such place.
    """
    offsets = Offsets(text)
    ordered = sorted(edits, key=lambda edit: offsets.stretch(edit.place.span))
    stretches = [offsets.stretch(edit.place.span) for edit in ordered]
    for (_, end), (start, _) in pairwise(stretches):
        if start < end:
            raise Unfit("two edits overlap")
    parts: list[str] = []
    done = 0
    for edit, (start, end) in zip(ordered, stretches, strict=True):
        parts += [text[done:start], _with_ends(edit, offsets)]
        done = end
    return "".join([*parts, text[done:]])


def _with_ends(edit: Edit, offsets: Offsets) -> str:
    return _LINE_END.sub(lambda _: offsets.line_end(edit.place.line), edit.text)


def collide(some: Sequence[Edit], others: Sequence[Edit]) -> bool:
    """Says whether edits of two fixes touch the same text.

    Two insertions at one place collide too: which one comes first is open.
    """
    return any(
        (one.place.path, one.place.cell) == (other.place.path, other.place.cell)
        and _touch(one.place.span, other.place.span)
        for one in some
        for other in others
    )


def _touch(one: Span, other: Span) -> bool:
    a, b = _bounds(one)
    c, d = _bounds(other)
    return (a, b) == (c, d) or (a < d and c < b)


def _bounds(span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
    if not span.end_column:
        return (span.line, 1), (span.end_line + 1, 1)
    return (span.line, span.column), (span.end_line, span.end_column)
