"""The files of one answer: their text, their loops, their source lines."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from .cell_places import in_cells, place_in_cell, run_in_cells
from .files import SourceText, Unreadable, imported_files, load, shown_path
from .finding import Place, Span
from .generation import legacy_asked
from .suppression import Allowance, allowances

if TYPE_CHECKING:
    from pathlib import Path

    from .evidence.loop import Loop
    from .evidence.run import Run
    from .executed import ExecutedCells
    from .fault import Diagnosis, Fault
    from .source import Project, Sought


class Reading:
    """The files of one answer: their text, and their loops when asked for.

    Args:
        keras: The generation, `"2"` or `"3"`, if it is known.
        start: The folder from which paths are shown; the working one if not
            given.

    Attributes:
        notes: Sentences about files that could not be read, and about faults
            that could not be judged.
        slipped: A mistake of ours is among the notes.
    """

    def __init__(self, keras: str | None = None, start: str | None = None) -> None:
        self._keras = keras
        self._start = start or os.getcwd()
        self._texts: dict[str, SourceText] = {}
        self._pinned: dict[str, str | None] = {}
        self._comments: dict[str, list[Allowance]] = {}
        self._loops: dict[tuple[str, str | None], Loop] = {}
        self._modules: set[str] = set()
        self._cells: ExecutedCells | None = None
        self.notes: list[str] = []
        self.slipped = False

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
            self._read(text, self._generation(shown))
        except Unreadable:
            del self._texts[shown]
            raise

    def hold(self, text: SourceText, keras: str | None = None) -> None:
        """Keeps a text; its loops are read when they are asked for.

        Args:
            text: Of one file.
            keras: The generation that its project pins.
        """
        self._texts[text.path] = text
        self._pinned[text.path] = keras

    def hold_cells(self, cells: ExecutedCells) -> None:
        """Keeps what a notebook has run so far."""
        self._cells = cells
        for key in [key for key in self._loops if key[0] == cells.text.path]:
            del self._loops[key]
        self.hold(cells.text)

    def loop(self, path: str) -> Loop:
        """The reading of one file, by its shown path.

        Raises:
            Unreadable: It is no Python.
        """
        return self._read(self._texts[path], self._generation(path))

    def sought(self) -> Sought:
        """The files that the last reading asked for, by their shown paths."""
        return self._project.sought

    def comments(self) -> list[Allowance]:
        """The comments in all files that allow a fault."""
        for path, text in self._texts.items():
            if path not in self._comments:
                self._comments[path] = allowances(text)
        return [one for path in self._texts for one in self._comments[path]]

    def forget(self, path: str) -> None:
        """Lets go of one file."""
        del self._texts[path]
        for key in [key for key in self._loops if key[0] == path]:
            del self._loops[key]

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
        other._pinned = dict(self._pinned)
        other.notes = list(self.notes)
        other._texts = self._texts | {text.path: text for text in texts}
        for text in texts:
            other._read(text, other._generation(text.path))
        return other

    def part(self, path: str) -> Reading:
        """A reading of one file of these alone, by its shown path."""
        other = Reading(self._keras, self._start)
        other._pinned = self._pinned
        other._texts = {path: self._texts[path]}
        other._loops = {key: loop for key, loop in self._loops.items() if key[0] == path}
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
        seen = generations[0] if len(generations) == 1 else None
        return [
            self._read(text, seen or self._generation(path)) for path, text in self._texts.items()
        ]

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
        """A place by its relative path; lines of a notebook count through all cells."""
        there = self._cells.located(place) if self._cells else place
        return replace(there, path=shown_path(there.path, self._start))

    def shown(self, diagnosis: Diagnosis) -> Diagnosis:
        """A diagnosis in the places that are shown: of a notebook, in its cells."""
        return in_cells(diagnosis, self._books)

    def shown_run(self, run: Run) -> Run:
        """A run whose updates stand in the places that are shown."""
        return run_in_cells(run, self._books)

    @property
    def _books(self) -> dict[str, SourceText]:
        return {path: text for path, text in self._texts.items() if text.cells}

    def unjudged(self, fault: Fault, failure: Exception) -> None:
        """Notes that one fault could not be judged, through our own mistake."""
        self._slip(f"{fault.name} could not be judged", failure)

    def unmended(self, fault: Fault, failure: Exception) -> None:
        """Notes that no mend could be tried, through our own mistake."""
        self._slip(f"no mend of {fault.name} could be tried", failure)

    def _beside(self, path: str) -> str | None:
        """The text of a file that another one imports."""
        try:
            text = self._texts.get(path) or load(os.path.join(self._start, path), path)
        except Unreadable:
            return None
        return text.text

    def _folder(self, path: str) -> Sequence[str]:
        """The names in a folder in which an import is looked up."""
        try:
            return os.listdir(os.path.join(self._start, path))
        except OSError:
            return ()

    def generation(self, path: str) -> str | None:
        """The Keras generation of a file, by its shown path, if it is known."""
        return self._read(self._texts[path], self._generation(path)).generation

    def _generation(self, path: str) -> str | None:
        """The generation that is known from elsewhere than the file itself."""
        known = self._keras or self._pinned.get(path)
        if known is None and legacy_asked():
            from .source import imports_keras

            return None if imports_keras(self._texts[path].text) else "2"
        return known

    @cached_property
    def _project(self) -> Project:
        from .source import Project

        return Project(self._beside, self._folder)

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def _slip(self, words: str, failure: Exception) -> None:
        self.slipped = True
        self._note(f"{words}, a mistake in gradproof ({kept(failure)} has the traceback)")

    def _read(self, text: SourceText, keras: str | None) -> Loop:
        # Here, since an answer that is known already needs no reader.
        from .evidence.loop import Loop
        from .source import Sought, generation_of, read

        key = (text.path, keras)
        if key not in self._loops:
            told = (text.path, generation_of(text.text, keras))
            if told in self._loops:
                self._loops[key] = self._loops[told]
                return self._loops[key]
            try:
                self._project.sought = Sought()
                with _silent_compiler():
                    self._loops[key] = read(text.text, text.path, told[1], self._project)
                self._loops[told] = self._loops[key]
            except SyntaxError as problem:
                at = place_in_cell(Place(text.path, Span(problem.lineno or 1)), {text.path: text})
                raise Unreadable(f"{at.words}: syntax error, {problem.msg}") from None
            except (ValueError, RecursionError, MemoryError) as problem:
                reason = str(problem) or type(problem).__name__
                raise Unreadable(f"{text.path}: can't be read as Python ({reason})") from None
            except Exception as failure:
                # A mistake of ours in one file is no reason to say nothing of the
                # others, and none to keep a program from running.
                self._loops[key] = Loop(text.path)
                self._slip(f"{text.path} could not be judged", failure)
            if self._loops[key].unfinished:
                self._note(
                    f"{text.path} holds more than one reading follows: the end of it was not "
                    "looked at"
                )
        return self._loops[key]


def home() -> Path:
    """Where gradproof keeps what it writes: `GRADPROOF_HOME` or `.gradproof`."""
    from pathlib import Path

    return Path(os.environ.get("GRADPROOF_HOME") or ".gradproof").absolute()


def kept(failure: BaseException) -> str:
    """Keeps the traceback of a mistake of ours; returns the file's path."""
    import tempfile
    import traceback
    from pathlib import Path

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
