"""Where reading, watching and judging meet: what the commands call."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from .answer import Answer
from .diagnose import diagnose
from .evidence import Loop, Run
from .evidence.run import Crash
from .fault import Diagnosis, Fault, Verdict
from .files import SourceText, Unreadable, collect, imported_files, is_own, load, shown_path
from .finding import Place, Span
from .launch import Ending, Program, launch
from .standing import rules, standings, step_count
from .watch import Watcher

Tell = Callable[[Diagnosis], None]


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

    def add_imported(self, roots: Sequence[str]) -> None:
        """Reads the user's own modules that the program imported."""
        for path in imported_files(roots):
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
                    self._loops[key] = _read(text.text, text.path, keras)
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


def check(
    paths: Sequence[str], faults: Sequence[Fault], keras: str | None = None
) -> tuple[Answer, Reading]:
    """Reads programs and says what their source makes us suspect.

    Args:
        paths: Files, and folders that are searched for programs.
        faults: What to look for.
        keras: `"2"` or `"3"`, if the source doesn't tell.

    Returns:
        The answer, and the reading that knows the source lines.

    Raises:
        Unreadable: A path does not exist, or a file that was named itself
            (not found in a folder) can't be read as Python.
    """
    reading = Reading(keras)
    for path in collect(paths):
        try:
            reading.add(path)
        except Unreadable as problem:
            if path in paths:
                raise
            reading.notes.append(f"not read: {problem}")
    loops = reading.loops()
    found = diagnose(faults, loops, locate=reading.located, on_failure=reading.unjudged)
    answer = Answer(
        "check",
        tuple(found),
        files=len(loops),
        loops=sum(_count(loop) for loop in loops),
        notes=tuple(reading.notes),
    )
    return answer, reading


def run(
    program: Program,
    faults: Sequence[Fault],
    tell: Callable[[Diagnosis, Reading], None],
    keras: str | None = None,
) -> tuple[Answer, Reading, Ending]:
    """Runs a program unchanged, watches every update, and judges.

    Args:
        program: A script or a module.
        faults: What to look for.
        tell: Called with each diagnosis as soon as the run proves it.
        keras: `"2"` or `"3"`, if neither source nor run tells.

    Returns:
        The answer, the reading that knows the source lines, and how the
        program ended.

    Raises:
        Unreadable: The script can't be read; nothing was run.
    """
    reading = Reading(keras)
    roots = [os.getcwd()]
    if not program.module:
        roots.append(os.path.dirname(os.path.abspath(program.target)))
        _add_script(reading, program.target)
    judge = _Judge(faults, reading, roots, tell)
    watcher = Watcher(judge.on_evidence, home())
    watcher.start()
    try:
        ending = launch(program)
        seen = watcher.snapshot(_crash(ending.error, roots), finished=True)
    finally:
        watcher.stop()
    found = judge.found(seen)
    notes = [f"not watched: {what}" for what in seen.unwatched]
    notes += [watcher.failure] if watcher.failure else []
    notes += _unseen(seen)
    answer = Answer(
        "run",
        tuple(found),
        tuple(standings(seen, found)),
        files=len(judge.loops),
        loops=sum(_count(loop) for loop in judge.loops),
        steps=step_count(seen),
        watched=_watched(seen, watcher.failure),
        rules=rules(seen),
        notes=tuple(dict.fromkeys(notes + reading.notes)),
    )
    return answer, reading, ending


class _Judge:
    """Judges a run while it goes on, and once more when it has ended."""

    def __init__(
        self,
        faults: Sequence[Fault],
        reading: Reading,
        roots: Sequence[str],
        tell: Callable[[Diagnosis, Reading], None],
    ) -> None:
        self._faults = faults
        self._reading = reading
        self._roots = roots
        self._tell = tell
        self._told: set[tuple[object, ...]] = set()
        self._failed = False
        self.loops: list[Loop] = []

    def found(self, seen: Run) -> list[Diagnosis]:
        """The ranked diagnoses of what was read and seen so far."""
        self._reading.add_imported(self._roots)
        self.loops = self._reading.loops(seen.generations)
        return diagnose(
            self._faults,
            self.loops,
            seen,
            locate=self._reading.located,
            on_failure=self._reading.unjudged,
        )

    def on_evidence(self, watcher: Watcher) -> None:
        """Tells what is proven by now and was not told before."""
        if self._failed:
            return
        try:
            for diagnosis in self.found(watcher.snapshot()):
                if diagnosis.verdict is Verdict.PROVEN and self._is_new(diagnosis):
                    self._tell(diagnosis, self._reading)
        except Exception as failure:
            # The program must not notice; the end gives it another chance.
            self._failed = True
            self._reading.notes.append(
                f"judging failed while the program ran ({kept(failure)} has the traceback)"
            )

    def _is_new(self, diagnosis: Diagnosis) -> bool:
        place = diagnosis.place
        where = (place.path, place.cell, place.line) if place else diagnosis.variables
        key = (diagnosis.fault.code, where)
        if key in self._told:
            return False
        self._told.add(key)
        return True


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


def _add_script(reading: Reading, path: str) -> None:
    if path.endswith(".ipynb"):
        raise Unreadable(
            f"{path}: a notebook can't be run as a program; `gradproof check` reads it, and "
            "`jupyter nbconvert --to script` makes a script of it"
        )
    if not os.path.exists(path):
        raise Unreadable(f"{path}: no such file")
    reading.add(path)


def _crash(error: BaseException | None, roots: Sequence[str]) -> Crash | None:
    """The exception that ended a program, with the user's lines on its way."""
    if error is None or isinstance(error, KeyboardInterrupt):
        return None
    try:
        message = str(error)
    except Exception:
        message = ""
    frames = [(frame.f_code.co_filename, line) for frame, line in _walked(error)]
    # AutoGraph raises from generated code and names the user's lines in words.
    named = re.findall(r'File "([^"]+)", line (\d+)', message)
    frames += [(path, int(line)) for path, line in named]
    places = [Place(path, Span(line)) for path, line in frames if is_own(path, roots)]
    return Crash(type(error).__name__, message[:4000], tuple(dict.fromkeys(places)))


def _walked(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    return traceback.walk_tb(error.__traceback__)


def _unseen(seen: Run) -> list[str]:
    """What to say when there was nothing to watch."""
    if "tensorflow" not in sys.modules:
        return ["no TensorFlow was seen: the program imported none, so nothing was watched"]
    if not seen.applies:
        return ["no update was seen: nothing handed gradients to an optimizer or assigned values"]
    return []


def _watched(seen: Run, failure: str | None) -> str:
    if failure:
        return "part of the steps"
    return "every step" if seen.applies else "nothing"


def _read(text: str, path: str, keras: str | None) -> Loop:
    from . import source

    if not hasattr(source, "read"):
        compile(text, path, "exec", dont_inherit=True)
        return Loop(path)
    return source.read(text, path, keras)


def _legacy_keras() -> bool:
    return os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")


def _count(loop: Loop) -> int:
    """Number of training loops in a file: places that take gradients."""
    return len(getattr(loop, "gradient_calls", ()))


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
