"""Source lines with their marks, as wide as a terminal shows them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..finding import Span
from .paint import Paint

TAB = 4
"""Columns of a tab in what we print."""


class Mark(NamedTuple):
    """An underlined span; `first` is the place itself, others are related."""

    span: Span
    label: str
    first: bool


def snippet(
    lines: Sequence[str], marks: Sequence[Mark], paint: Paint, width: int, gutter: int
) -> list[str]:
    """The marked lines of one file, underlined, with a frame of line numbers.

    Args:
        lines: All lines of the file.
        marks: At least one; those outside the file are left out.
        paint: Colours.
        width: Columns at hand, at least 40.
        gutter: Columns for line numbers.

    Returns:
        Lines to print; none if no mark lies in the file.
    """
    inside = [mark for mark in marks if 1 <= mark.span.line <= len(lines)]
    if not inside:
        return []
    bar = paint(" " * (gutter + 1) + "|", "frame")
    shown = [bar]
    last = None
    for number in sorted({mark.span.line for mark in inside}):
        if last is not None and number > last + 1:
            shown.append(paint(" " * gutter + "...", "frame"))
        last = number
        here = [mark for mark in inside if mark.span.line == number]
        text, ranges = _window(lines[number - 1], here, width - gutter - 3)
        shown.append(paint(f"{number:>{gutter}} |", "frame") + " " + text)
        for mark, (start, end) in zip(here, ranges, strict=True):
            shown += _underline(bar, mark, start, end, paint, width - gutter - 3)
    return [*shown, bar]


def _window(line: str, marks: Sequence[Mark], room: int) -> tuple[str, list[tuple[int, int]]]:
    """The line as shown, cut to the room, with the columns of its marks."""
    text, columns = _expanded(line)
    ranges = [_range(mark.span, line, columns) for mark in marks]
    if columns[-1] <= room:
        return text, ranges
    start = max(0, min(first for first, _ in ranges) - room // 4)
    begin = next(index for index, column in enumerate(columns) if column >= start)
    start = columns[begin]
    lead = "..." if start else ""
    kept, used = [], len(lead)
    for character in _shown(line, columns)[begin:]:
        wide = display_width(character)
        if used + wide > room - 3:
            break
        kept.append(character)
        used += wide
    end = used
    moved = [
        (
            min(max(first - start + len(lead), 0), end - 1),
            min(max(last - start + len(lead), 1), end),
        )
        for first, last in ranges
    ]
    return lead + "".join(kept) + "...", moved


def _shown(line: str, columns: Sequence[int]) -> list[str]:
    return [
        " " * (columns[index + 1] - columns[index]) if character == "\t" else character
        for index, character in enumerate(line)
    ]


def _expanded(line: str) -> tuple[str, list[int]]:
    """The line without tabs, and the column where each character starts."""
    columns = [0]
    for character in line:
        column = columns[-1]
        step = TAB - column % TAB if character == "\t" else display_width(character)
        columns.append(column + step)
    return "".join(_shown(line, columns)), columns


def display_width(text: str) -> int:
    """Columns that a terminal needs for the text."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _range(span: Span, line: str, columns: Sequence[int]) -> tuple[int, int]:
    """First and last column (exclusive) of a mark in its first line."""
    full = len(line.rstrip())
    if not span.end_column:
        start, end = len(line) - len(line.lstrip()), full
    else:
        start = min(span.column - 1, full)
        end = min(span.end_column - 1, full) if span.end_line == span.line else full
    start, end = min(start, len(line)), max(start, end)
    return columns[start], max(columns[end], columns[start] + 1)


def _underline(
    bar: str, mark: Mark, start: int, end: int, paint: Paint, room: int
) -> Iterator[str]:
    sign, role = ("^", "error") if mark.first else ("-", "second")
    marked = bar + " " * (start + 1) + paint(sign * (end - start), role)
    if not mark.label:
        yield marked
    elif end + 1 + display_width(mark.label) <= room:
        yield marked + " " + paint(mark.label, role)
    else:
        yield marked
        for words in wrapped(mark.label, max(room - start, 30)) if mark.label else ():
            indent = min(start, max(room - display_width(words), 0))
            yield bar + " " * (indent + 1) + paint(words, role)


def wrapped(text: str, width: int) -> list[str]:
    """The words of a text in lines of at most `width` columns; one empty line for none."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and display_width(line) + 1 + display_width(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]
