"""Where reading, watching and judging meet: what the commands call."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import FrameType

from .account import account
from .answer import Answer
from .check import Manner, check
from .checking import count
from .config import Choice, Configuration
from .diagnose import diagnose, one_a_mend
from .evidence.loop import Loop
from .evidence.run import Crash, Run
from .fault import Diagnosis, Fault, Verdict
from .files import Unreadable, is_own
from .finding import Fix, Place, Span
from .generation import installed_generation
from .interrupts import theirs
from .launch import Ending, Program, launch
from .mending.cells import left_out
from .mending.judging import judge_of
from .mending.offers import with_fixes
from .reading import Reading, home, kept
from .running import Bystander, Wishes
from .standing import rules, standings, step_count
from .suppression import sift
from .watching import Pace, Watcher

Tell = Callable[[Diagnosis, Reading], None]


def run(
    program: Program,
    faults: Sequence[Fault],
    tell: Tell,
    keras: str | None = None,
    configuration: Configuration | None = None,
    wishes: Wishes | None = None,
) -> tuple[Answer, Reading, Ending]:
    """Runs a program unchanged, watches every update, and judges.

    Args:
        program: A script or a module.
        faults: What to look for.
        tell: Called with each diagnosis as soon as the run proves it.
        keras: `"2"` or `"3"`, if neither source nor run tells.
        configuration: What else holds for the program and its files.
        wishes: How far the run is to go, and what is kept of it.

    Returns:
        The answer, the reading that knows the source lines, and how the
        program ended.

    Raises:
        Unreadable: The script can't be read, or its configuration makes no
            sense; nothing was run.
    """
    configuration = configuration or Configuration(Choice(isolated=True))
    target = os.path.abspath("." if program.module else program.target)
    folder = target if program.module else os.path.dirname(target)
    unwanted = configuration.codes_left_out_in(folder)
    faults = [fault for fault in faults if fault.code not in unwanted]
    known = keras or configuration.keras(os.path.join(folder, "program.py"))
    reading = Reading(known or installed_generation())
    roots, notes = [os.getcwd()], list[str]()
    if not program.module:
        roots.append(os.path.dirname(os.path.abspath(program.target)))
        _add_script(reading, program.target)
        notes = left_out(program.target)
    wishes = wishes or Wishes()
    pace = Pace(wishes.every, wishes.steps)
    bystander = Bystander(program, wishes, home())
    judge = _Judge(faults, reading, roots, tell, configuration, bystander)
    watcher = Watcher(judge.on_evidence, home(), bystander.steps, pace, wishes.aside)
    process = os.getpid()
    judge.prepare()
    watcher.start()
    try:
        ending = launch(program)
        if os.getpid() != process:
            # A child that the program forked has come to the end of the script.
            sys.exit(ending.status)
        notes += [pace.end] if pace.end else []
        finished = pace.end is None and not ending.interrupted
        try:
            seen = watcher.snapshot(crash(ending.error, roots), finished=finished)
        except Exception as failure:
            # The program has ended as it would; what we know of it is lost.
            seen = Run()
            notes.append(f"the watcher stepped aside, it failed ({kept(failure)} tells where)")
    finally:
        watcher.stop()
    found = judge.found(seen)
    seen = reading.shown_run(seen)
    notes += [f"not watched: {what}" for what in seen.unwatched]
    notes += [watcher.failure] if watcher.failure else []
    notes += [] if watcher.failure else _unseen(seen)
    answer = judge.answer(seen, found, _watched(seen, watcher.failure), notes)
    answer = bystander.ended(answer, seen, reading.lines, ending)
    return answer, reading, ending


class _Judge:
    """Judges a run while it goes on, and once more when it has ended."""

    def __init__(
        self,
        faults: Sequence[Fault],
        reading: Reading,
        roots: Sequence[str],
        tell: Tell,
        configuration: Configuration,
        bystander: Bystander,
    ) -> None:
        self._faults = faults
        self._configuration = configuration
        self._reading = reading
        self._roots = roots
        self._tell = tell
        self._bystander = bystander
        self._told: set[tuple[object, ...]] = set()
        self._fixes: dict[tuple[object, ...], Fix | None] = {}
        self._failed = False
        self.loops: list[Loop] = []
        self.allowed = 0

    def prepare(self) -> None:
        """Reads and judges the source, so that no step has to wait for it."""
        try:
            self.found(Run())
        except Exception as failure:
            self._fail(failure)

    def found(self, seen: Run) -> list[Diagnosis]:
        """The ranked diagnoses of what was read and seen so far."""
        self._reading.add_imported(self._roots)
        self.loops = self._reading.loops(seen.generations)
        found = diagnose(
            self._faults,
            self.loops,
            seen,
            locate=self._reading.located,
            show=self._reading.shown,
            on_failure=self._reading.unjudged,
        )
        sifted = sift(found, self._reading.comments())
        self.allowed = sifted.allowed
        kept = [one for one in sifted.diagnoses if not self._is_left_out(one)]
        return one_a_mend([self._mended(one) for one in kept])

    def _mended(self, diagnosis: Diagnosis) -> Diagnosis:
        """The diagnosis with a mend that was tried on the text, once for each."""
        # A proof may name more places to mend than the suspicion before it.
        key = (*_same_place(diagnosis), diagnosis.fix)
        if key not in self._fixes:
            judge = judge_of(self._faults)
            (tried,) = with_fixes([diagnosis], self._reading, judge)
            self._fixes[key] = tried.fix
        return replace(diagnosis, fix=self._fixes[key])

    def _is_left_out(self, diagnosis: Diagnosis) -> bool:
        """Says whether the configuration leaves it out where it stands."""
        if diagnosis.place is None:
            return False
        path = os.path.join(self._reading.start, diagnosis.place.path)
        try:
            return diagnosis.fault.code in self._configuration.codes_left_out(path)
        except Unreadable:
            # Settings of a module's own that make no sense leave nothing out.
            return False

    def answer(
        self, seen: Run, found: Sequence[Diagnosis], watched: str, notes: Sequence[str] = ()
    ) -> Answer:
        """What there is to say of what was seen."""
        return Answer(
            "run",
            tuple(found),
            tuple(standings(seen, found)),
            files=len(self.loops),
            loops=sum(count(loop) for loop in self.loops),
            steps=step_count(seen),
            watched=watched,
            rules=rules(seen),
            notes=tuple(dict.fromkeys([*notes, *self._reading.notes])),
            allowed=self.allowed,
            account=account(seen, wanted) if (wanted := self._bystander.wishes.variable) else (),
        )

    def on_evidence(self, watcher: Watcher) -> None:
        """Tells what is proven by now and was not told before."""
        if self._failed:
            return
        try:
            seen = watcher.snapshot()
            found = self.found(seen)
            for diagnosis in found:
                if diagnosis.verdict is Verdict.PROVEN and self._is_new(diagnosis):
                    self._tell(diagnosis, self._reading)
            seen = self._reading.shown_run(seen)
            answer = self.answer(seen, found, _watched(seen, watcher.failure))
            self._bystander.judged(answer, seen, self._reading.lines)
            if self._bystander.wishes.stop_on_error and any(map(_is_error, found)):
                watcher.pace.finish("ended at the first proven error, as `--stop-on error` asks")
        except Exception as failure:
            if theirs(failure):
                raise
            self._fail(failure)

    def _fail(self, failure: Exception) -> None:
        """Judges no more before the end; the program must not notice."""
        self._failed = True
        self._reading.notes.append(
            f"judging failed while the program ran ({kept(failure)} has the traceback)"
        )

    def _is_new(self, diagnosis: Diagnosis) -> bool:
        key = _same_place(diagnosis)
        if key in self._told:
            return False
        self._told.add(key)
        return True


def _same_place(diagnosis: Diagnosis) -> tuple[object, ...]:
    """The same for one fault at one line, or of the same variables."""
    place = diagnosis.place
    where = (place.path, place.cell, place.line) if place else diagnosis.variables
    return diagnosis.fault.code, where


def _add_script(reading: Reading, path: str) -> None:
    if os.path.isdir(path):
        raise Unreadable(f"{path}: a folder, not a program")
    if not os.path.exists(path):
        raise Unreadable(f"{path}: no such file")
    reading.add(path)


def crash(error: BaseException | None, roots: Sequence[str]) -> Crash | None:
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
    whole = [(os.path.abspath(path), line) for path, line in frames]
    places = [Place(path, Span(line)) for path, line in whole if is_own(path, roots)]
    return Crash(type(error).__name__, _shortened(message), tuple(dict.fromkeys(places)))


def _shortened(message: str, most: int = 2000) -> str:
    """Both ends of a long text: AutoGraph's paths come first, and what went wrong last."""
    return message if len(message) <= 2 * most else f"{message[:most]}\n...\n{message[-most:]}"


def _walked(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    return traceback.walk_tb(error.__traceback__)


def _unseen(seen: Run) -> list[str]:
    """What to say when there was nothing to watch."""
    if "tensorflow" not in sys.modules:
        return ["no TensorFlow was seen: the program imported none, so nothing was watched"]
    if not seen.applies:
        return ["no update was seen: nothing handed gradients to an optimizer or assigned values"]
    return []


def _is_error(diagnosis: Diagnosis) -> bool:
    return diagnosis.verdict is Verdict.PROVEN and diagnosis.level == "error"


def _watched(seen: Run, failure: str | None) -> str:
    if failure:
        return "part of the steps"
    return "every step" if seen.applies else "nothing"


__all__ = ["Manner", "Tell", "check", "crash", "run"]
