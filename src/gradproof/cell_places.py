"""Places in the joined text of a notebook, told as places in its cells.

All code cells are judged as one program, so that what one cell defines is
known in the next. What is shown names the cell, and the line within it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .editing import Unfit
from .fault import Diagnosis
from .files import SourceText
from .finding import Edit, Fix, Place, Related

if TYPE_CHECKING:
    from .evidence.run import Run

Books = Mapping[str, SourceText]
"""The notebooks of an answer, by the path that is shown."""

_LINE = re.compile(r"\bline (\d+)\b")


def place_in_cell(place: Place, books: Books) -> Place:
    """A place as it is shown; one that is in no notebook stays."""
    text = books.get(place.path)
    return place if text is None or place.cell else text.placed(place.span)


def edit_in_cell(edit: Edit, cells: Sequence[tuple[int, int]]) -> Edit:
    """An edit of the joined text of a notebook, in the place of its cell.

    Args:
        edit: Its place counts lines of the joined text.
        cells: For each of those lines its cell, and its line in the cell.

    Raises:
        Unfit: It spans two cells, or lies behind the last one.
    """
    span = edit.place.span
    if span.end_line > len(cells):
        raise Unfit(f"there is no line {span.end_line}")
    (cell, line), (end_cell, end_line) = cells[span.line - 1], cells[span.end_line - 1]
    if cell != end_cell:
        raise Unfit("it would change two cells at once")
    place = Place(edit.place.path, replace(span, line=line, end_line=end_line), cell)
    return replace(edit, place=place)


def in_cells(one: Diagnosis, books: Books) -> Diagnosis:
    """A diagnosis with all its places, and lines in its words, as they are shown."""
    if not books:
        return one
    text = books.get(one.place.path) if one.place else None
    return replace(
        one,
        title=_words(one.title, text),
        message=_words(one.message, text),
        place=place_in_cell(one.place, books) if one.place else None,
        related=tuple(
            Related(place_in_cell(there.place, books), _words(there.message, text))
            for there in one.related
        ),
        fix=_fix(one.fix, books) if one.fix else None,
        consequences=tuple(in_cells(other, books) for other in one.consequences),
    )


def run_in_cells(run: Run, books: Books) -> Run:
    """A run whose updates stand where they are shown."""
    if not books:
        return run
    applies = (
        replace(one, stack=tuple(place_in_cell(place, books) for place in one.stack))
        for one in run.applies
    )
    return replace(run, applies=tuple(applies))


def traceback_in_cells(shown: str, book: SourceText) -> str:
    """A traceback as it is printed, its lines of a notebook as those of cells."""

    def told(found: re.Match[str]) -> str:
        cell, line = book.cells[min(int(found[1]), len(book.cells)) - 1]
        return f'File "{book.path}", cell {cell}, line {line}'

    return re.sub(rf'File "{re.escape(book.path)}", line (\d+)', told, shown)


def _fix(fix: Fix, books: Books) -> Fix:
    try:
        edits = tuple(_edit(edit, books.get(edit.place.path)) for edit in fix.edits)
    except Unfit:
        edits = ()
    return Fix(fix.title, fix.safe, edits)


def _edit(edit: Edit, text: SourceText | None) -> Edit:
    return edit if text is None or edit.place.cell else edit_in_cell(edit, text.cells)


def _words(words: str, text: SourceText | None) -> str:
    if text is None:
        return words

    def told(found: re.Match[str]) -> str:
        number = int(found[1])
        if not 1 <= number <= len(text.cells):
            return found[0]
        cell, line = text.cells[number - 1]
        return f"line {line} of cell {cell}"

    return _LINE.sub(told, words)
