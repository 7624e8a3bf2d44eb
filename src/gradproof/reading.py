"""The files of one answer: their text, their loops, their source lines."""

from __future__ import annotations

import os
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .evidence import Loop
from .fault import Fault
from .files import SourceText, Unreadable, imported_files, load, shown_path
from .finding import Place, Span
from .source import read


class Reading:
    """The files of one answer: their text, and their loops when asked for.

    Attributes:
        notes: Sentences about files that could not be read, and about faults
            that could not be judged.
    """

    def __init__(self, keras: str | None = None) -> None:
        self._keras = keras or ("2" if _legacy_keras() else None)
        self._start = os.getcwd()
        self._texts: dict[str, SourceText] = {}
        self._loops: dict[tuple[str, str | None], Loop] = {}
        self._modules: set[str] = set()
        self.notes: list[str] = []

    def add(self, path: str) -> None:
        """Reads a file once; what is unreadable becomes a note.

        Raises:
            Unreadable: It is no text, or no Python.
        """
        shown = shown_path(path, self._start)
        if shown in self._texts:
            return
        text = load(path, shown)
        self._texts[shown] = text
        try:
            self._read(text, self._keras)
        except Unreadable:
            del self._texts[shown]
            raise

    @property
    def start(self) -> str:
        """The folder from which paths are shown."""
        return self._start

    def text(self, path: str) -> SourceText | None:
        """The text of a shown path, if it was read."""
        return self._texts.get(path)

    def with_texts(self, texts: Sequence[SourceText]) -> Reading:
        """The same files, some of them with another text; this one stays.

        Raises:
            Unreadable: A new text is no Python.
        """
        other = Reading(self._keras)
        other._start = self._start
        other._modules = set(self._modules)
        other.notes = list(self.notes)
        other._texts = self._texts | {text.path: text for text in texts}
        changed = {text.path for text in texts}
        other._loops = {key: loop for key, loop in self._loops.items() if key[0] not in changed}
        for text in texts:
            other._read(text, other._keras)
        return other

    def add_imported(self, roots: Sequence[str]) -> None:
        """Reads the user's own modules that the program imported."""
        for path in imported_files(roots, self._modules):
            try:
                self.add(path)
            except Unreadable as problem:
                self._note(f"not read: {problem}")

    def loops(self, generations: Sequence[str] = ()) -> list[Loop]:
        """The readings of all files, for the Keras generation in use."""
        keras = generations[0] if len(generations) == 1 else self._keras
        return [self._read(text, keras) for text in self._texts.values()]

    def lines(self, path: str, cell: int | None) -> list[str]:
        """The source lines of a shown path; none if it can't be read."""
        text = self._texts.get(path)
        if text is None:
            try:
                text = load(os.path.join(self._start, path), path)
            except Unreadable:
                return []
        return text.lines(cell)

    def located(self, place: Place) -> Place:
        """A place as it is shown: relative path, line within its cell."""
        path = shown_path(place.path, self._start)
        text = self._texts.get(path)
        span = place.span
        if text is None or not text.cells or place.cell or span.end_line > len(text.cells):
            return replace(place, path=path)
        cell, line = text.cells[span.line - 1]
        end_cell, end_line = text.cells[span.end_line - 1]
        end = end_line if end_cell == cell else line
        return Place(path, Span(line, span.column, end, span.end_column), cell)

    def unjudged(self, fault: Fault, failure: Exception) -> None:
        """Notes that one fault could not be judged, through our own mistake."""
        self._note(
            f"{fault.name} could not be judged, a mistake in gradproof ({kept(failure)} has the "
            "traceback)"
        )

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def _read(self, text: SourceText, keras: str | None) -> Loop:
        key = (text.path, keras)
        if key not in self._loops:
            try:
                with _silent_compiler():
                    self._loops[key] = read(text.text, text.path, keras)
            except SyntaxError as problem:
                at = self.located(Place(text.path, Span(problem.lineno or 1)))
                cell = f"cell {at.cell}:" if at.cell else ""
                raise Unreadable(
                    f"{text.path}:{cell}{at.line}: syntax error, {problem.msg}"
                ) from None
            except (ValueError, RecursionError, MemoryError) as problem:
                reason = str(problem) or type(problem).__name__
                raise Unreadable(f"{text.path}: can't be read as Python ({reason})") from None
        return self._loops[key]


def home() -> Path:
    """Where gradproof keeps what it writes: `GRADPROOF_HOME` or `.gradproof`."""
    return Path(os.environ.get("GRADPROOF_HOME") or ".gradproof").absolute()


def kept(failure: BaseException) -> str:
    """Keeps the traceback of a mistake of ours; returns the file's path."""
    words = "".join(traceback.format_exception(type(failure), failure, failure.__traceback__))
    for folder in (home(), Path(tempfile.gettempdir())):
        path = folder / f"failure-{os.getpid()}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(words)
        except OSError:
            continue
        return str(path)
    return "no writable file"


def _legacy_keras() -> bool:
    return os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")


@contextmanager
def _silent_compiler() -> Iterator[None]:
    # Reading code again must not repeat its SyntaxWarnings. Filters stay
    # untouched: changing them makes Python repeat the program's own warnings.
    show = warnings.showwarning
    warnings.showwarning = lambda *_, **__: None
    try:
        yield
    finally:
        warnings.showwarning = show
