"""Where reading, watching and judging meet: what the commands call."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from .answer import Answer
from .diagnose import diagnose
from .evidence import Loop, Run
from .evidence.run import Crash
from .fault import Diagnosis, Fault, Verdict
from .files import Unreadable, collect, is_own
from .finding import Place, Span
from .launch import Ending, Program, launch
from .reading import Reading, home, kept
from .standing import rules, standings, step_count
from .watch import Watcher

Tell = Callable[[Diagnosis, Reading], None]


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
    tell: Tell,
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
        notes: list[str] = []
        try:
            seen = watcher.snapshot(_crash(ending.error, roots), finished=True)
        except Exception as failure:
            # The program has ended as it would; what we know of it is lost.
            seen = Run()
            notes.append(f"the watcher stepped aside, it failed ({kept(failure)} tells where)")
    finally:
        watcher.stop()
    found = judge.found(seen)
    notes += [f"not watched: {what}" for what in seen.unwatched]
    notes += [watcher.failure] if watcher.failure else []
    notes += [] if watcher.failure else _unseen(seen)
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
        tell: Tell,
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


def _add_script(reading: Reading, path: str) -> None:
    if path.endswith(".ipynb"):
        raise Unreadable(
            f"{path}: a notebook can't be run as a program; `gradproof check` reads it, and "
            "`jupyter nbconvert --to script` makes a script of it"
        )
    if os.path.isdir(path):
        raise Unreadable(f"{path}: a folder, not a program")
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


def _count(loop: Loop) -> int:
    """Number of training loops in a file: places that take gradients."""
    taken = {call.at for call in loop.gradient_calls}
    return len(taken | {call.at for call in loop.apply_calls if call.method == "minimize"})
