"""The help of a diagnosis: what to write instead, as a diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..answer import Lines
from ..finding import Edit, Fix, Place
from .paint import Paint
from .snippet import TAB, wrapped

Hunk = list[tuple[int, str, str]]
"""Rows of a diff: line number, `-` or `+`, and text."""

APART = 4
"""Edits with at least so many lines between them are shown apart."""


def mend(
    fix: Fix, lines: Lines, paint: Paint, width: int, gutter: int, at: Place | None
) -> Iterator[str]:
    """The title of the fix, and its edits as removed and added lines.

    Args:
        fix: What to write instead; without edits only its title is shown.
        lines: Gives the source lines of a file.
        paint: Colours.
        width: Columns at hand.
        gutter: Columns for line numbers.
        at: Where the reader looks already; another file or cell is named.
    """
    first, *rest = wrapped(fix.title, width - 6)
    yield paint("help", "strong") + ": " + first
    yield from (" " * 6 + line for line in rest)
    here = at and (at.path, at.cell)
    for where, found in hunks(fix, lines):
        if where != here and any(found):
            path, cell = where
            lead = paint(" " * gutter + ":::", "frame")
            yield f"{lead} {path}" + (f":cell {cell}" if cell else "")
        here = where
        yield from _diff([row for hunk in found for row in hunk], paint, gutter)


def hunks(fix: Fix, lines: Lines) -> Iterator[tuple[tuple[str, int | None], list[Hunk]]]:
    """What the edits of a fix remove and add: path and cell, and groups of rows."""
    files = dict.fromkeys((edit.place.path, edit.place.cell) for edit in fix.edits)
    for path, cell in files:
        text = lines(path, cell)
        here = [
            edit
            for edit in fix.edits
            if (edit.place.path, edit.place.cell) == (path, cell)
            and edit.place.span.end_line <= len(text) + 1
        ]
        ordered = sorted(here, key=lambda edit: edit.place.span)
        yield (path, cell), [_hunk(text, group) for group in _groups(ordered)]


def _diff(rows: Hunk, paint: Paint, gutter: int) -> Iterator[str]:
    if not rows:
        return
    bar = paint(" " * (gutter + 1) + "|", "frame")
    yield bar
    last = rows[0][0]
    for number, sign, text in rows:
        if number > last + APART:
            yield paint(" " * gutter + "...", "frame")
        last = number
        role = "removed" if sign == "-" else "added"
        line = f"{sign} {text.expandtabs(TAB)}".rstrip()
        yield paint(f"{number:>{gutter}}", "frame") + " " + paint(line, role)
    yield bar


def _groups(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    group: list[Edit] = []
    for edit in edits:
        if group and edit.place.line > group[-1].place.span.end_line + APART:
            yield group
            group = []
        group.append(edit)
    if group:
        yield group


def _hunk(lines: Sequence[str], edits: Sequence[Edit]) -> Hunk:
    """The rows of what a group of edits changes."""
    start = edits[0].place.line
    end = max(edit.place.span.end_line for edit in edits)
    old = list(lines[start - 1 : end])
    new = _edited(old, edits, start)
    if len(old) == len(new) == 1 and old != new:
        return [(start, "-", old[0]), (start, "+", new[0])]
    from difflib import SequenceMatcher

    rows: Hunk = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, i1, i2, j1, j2 in (code for code in matcher.get_opcodes() if code[0] != "equal"):
        rows += [(start + i, "-", old[i]) for i in range(i1, i2)]
        # Added lines carry the number of the line that they replace.
        rows += [(start + i1 + j - j1, "+", new[j]) for j in range(j1, j2)]
    return rows


def _edited(old: Sequence[str], edits: Sequence[Edit], start: int) -> list[str]:
    text = "\n".join(old)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        row = min(line - start, len(starts) - 1)
        return min(starts[row] + max(column, 1) - 1, len(text))

    for edit in reversed(edits):
        span = edit.place.span
        begin = offset(span.line, span.column)
        close = offset(span.end_line, span.end_column) if span.end_column else begin
        text = text[:begin] + edit.text + text[max(begin, close) :]
    return text.split("\n")
