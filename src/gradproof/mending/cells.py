"""Runs a notebook as a program: its cells as one script, and places back in its cells."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..editing import Unfit
from ..fault import Diagnosis
from ..files import PYTHON_MAGICS, SourceText, load
from ..finding import Edit, Fix, Place, Related
from ..outcome import Outcome
from .contents import in_cells
from .measuring import Trial, measure
from .notebooks import cell_sources

SHOWN = 5
"""Left-out lines that are named before the others are counted."""


def measured(trial: Trial, folder: str) -> Outcome:
    """What a notebook does when its Python runs as one script.

    Args:
        trial: How to run it; its script is the notebook.
        folder: A copy of its folder; the program may change it.
    """
    text = load(os.path.join(folder, trial.script), trial.script)
    script = _free_name(trial.script, folder)
    Path(folder, script).write_text(text.text + "\n", encoding="utf-8", newline="\n")
    outcome = measure(replace(trial, script=script, cells=True), folder)
    return _InCells(script, text).outcome(outcome)


def left_out(data: bytes, text: SourceText) -> str:
    """A sentence about what of a notebook is no Python; empty if all is.

    Args:
        data: The notebook.
        text: The same, as it was read.
    """
    found = list(_left_out(data, text))
    if not found:
        return ""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"left out of the runs, for it is no Python: {', '.join(found[:SHOWN])}{more}"


def _left_out(data: bytes, text: SourceText) -> Iterator[str]:
    for cell, source in enumerate(cell_sources(data.decode("utf-8-sig")), 1):
        written, read = source.text.replace("\r\n", "\n").split("\n"), text.lines(cell)
        magic = written[0].split()[0] if written[0].startswith("%%") else ""
        if magic and magic not in PYTHON_MAGICS:
            yield f"cell {cell} ({_clipped(written[0])})"
            continue
        for row, (line, python) in enumerate(zip(written, read, strict=True), 1):
            # Not the statement behind `%time`, nor the rest of a line that goes on below.
            if line != python and python.strip() == "pass" and not (magic and row == 1):
                yield f"cell {cell}:{row} ({_clipped(line)})"


def _clipped(line: str, width: int = 40) -> str:
    line = line.strip()
    return f"`{line}`" if len(line) <= width else f"`{line[: width - 4].rstrip()} ...`"


def _free_name(notebook: str, folder: str) -> str:
    """A script beside the notebook that no other file is in the way of."""
    stem = f"{os.path.splitext(notebook)[0]}-cells"
    while os.path.exists(os.path.join(folder, f"{stem}.py")):
        stem += "-"
    return f"{stem}.py"


class _InCells:
    """Tells what a run of the script said in places of the notebook.

    Args:
        script: Path of the script, as it is shown.
        text: The notebook that it was made of.
    """

    def __init__(self, script: str, text: SourceText) -> None:
        self._script = script
        self._text = text
        self._named = re.compile(rf"{re.escape(script)}(?::(\d+))?")

    def outcome(self, outcome: Outcome) -> Outcome:
        """The outcome, its diagnoses in places of the notebook."""
        found = tuple(self._diagnosis(one) for one in outcome.answer.diagnoses)
        return replace(
            outcome,
            answer=replace(outcome.answer, diagnoses=found),
            failure=self._words(outcome.failure),
        )

    def _diagnosis(self, one: Diagnosis) -> Diagnosis:
        return replace(
            one,
            title=self._words(one.title),
            message=self._words(one.message),
            place=self._place(one.place) if one.place else None,
            related=tuple(
                Related(self._place(there.place), self._words(there.message))
                for there in one.related
            ),
            fix=self._fix(one.fix) if one.fix else None,
            consequences=tuple(self._diagnosis(other) for other in one.consequences),
        )

    def _place(self, place: Place) -> Place:
        return self._text.placed(place.span) if place.path == self._script else place

    def _fix(self, fix: Fix) -> Fix:
        try:
            edits = tuple(self._edit(edit) for edit in fix.edits)
        except Unfit:
            edits = ()
        return Fix(self._words(fix.title), fix.safe, edits)

    def _edit(self, edit: Edit) -> Edit:
        if edit.place.path != self._script:
            return edit
        place = replace(edit.place, path=self._text.path)
        return in_cells(replace(edit, place=place), self._text.cells)

    def _words(self, words: str) -> str:
        return self._named.sub(self._named_anew, words)

    def _named_anew(self, found: re.Match[str]) -> str:
        line = int(found[1] or 0)
        if not 1 <= line <= len(self._text.cells):
            return self._text.path
        cell, row = self._text.cells[line - 1]
        return f"{self._text.path}:cell {cell}:{row}"
