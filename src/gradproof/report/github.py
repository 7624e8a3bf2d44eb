"""Annotations of GitHub: one workflow command a diagnosis."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..answer import Answer
from ..fault import Diagnosis, Verdict
from ..finding import Place
from ..harmless import harmless

COMMANDS = {"error": "error", "warning": "warning", "advice": "notice"}
"""What GitHub calls our levels."""


def render(answer: Answer) -> str:
    """The answer as workflow commands, a line each; nothing if all is well."""
    return "".join(f"{_command(diagnosis)}\n" for diagnosis in answer.diagnoses)


def _command(diagnosis: Diagnosis) -> str:
    title = f"{diagnosis.fault.code} {diagnosis.fault.name}"
    properties = [*_where(diagnosis.place), f"title={_property(title)}"]
    command = COMMANDS[diagnosis.level]
    return harmless(f"::{command} {','.join(properties)}::{_text(_message(diagnosis))}")


def _where(place: Place | None) -> Iterator[str]:
    if place is None:
        return
    yield f"file={_property(place.path.replace(os.sep, '/'))}"
    if place.cell is not None:
        # Lines of a cell are no lines of the file.
        return
    span = place.span
    yield f"line={span.line}"
    yield f"endLine={span.end_line}"
    # GitHub takes columns on one line only; its last column is included.
    if span.end_column and span.end_line == span.line:
        yield f"col={span.column}"
        yield f"endColumn={max(span.end_column - 1, span.column)}"


def _message(diagnosis: Diagnosis) -> str:
    place = diagnosis.place
    lead = f"cell {place.cell}, line {place.line}: " if place and place.cell is not None else ""
    proven = diagnosis.verdict is Verdict.PROVEN
    seen = diagnosis.message if proven else f"{diagnosis.message} (in source; not measured)"
    parts = [f"{lead}{diagnosis.title}", f"{'Proof' if proven else 'Seen'}: {seen}"]
    if diagnosis.fix:
        parts.append(f"Help: {diagnosis.fix.title}")
    parts.append(f"More: gradproof explain {diagnosis.fault.code}")
    return "\n".join(parts)


def _text(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _text(words).replace(":", "%3A").replace(",", "%2C")
