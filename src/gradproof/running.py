"""What goes on beside a watched run: its record, and a line now and then."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__, joining, record
from .answer import Answer, Lines
from .evidence.rows import COLUMNS, StepRows
from .evidence.run import Run
from .launch import Ending, Program
from .task import task
from .watching import Aside

if TYPE_CHECKING:
    from .record.writing import Facts

FIRST_LINE = 30.0
"""Seconds after which a line says that all goes on; then at every doubling."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wishes:
    """How a run is to go.

    Attributes:
        steps: End it after this many updates.
        every: Read and judge the numbers after every so many updates.
        stop_on_error: End it when the first error is proven.
        record: File for the run record; `None` for the usual place.
        recorded: Keep a run record.
        say: Called with one line for the user, while the program runs.
        patient: Say now and then how far a long run is.
        variable: Name of a variable whose step is wanted term by term.
        opened: Called with the file of the record before the program begins.
        aside: What a run that is compared is given, and what it leaves.
    """

    steps: int | None = None
    every: int | None = None
    stop_on_error: bool = False
    record: str | None = None
    recorded: bool = True
    say: Say = lambda words: None
    patient: bool = False
    variable: str | None = None
    opened: Callable[[Path], None] = lambda path: None
    aside: Aside | None = None


class Bystander:
    """Keeps the record of a run and says now and then how far it is.

    Args:
        program: What is run.
        wishes: As the user has them.
        home: The folder `.gradproof`.
    """

    def __init__(self, program: Program, wishes: Wishes, home: Path) -> None:
        self.wishes = wishes
        self._program = program
        self._wrong = 0
        self._command = list(sys.argv)
        self._folder = os.getcwd()
        self._start = time.monotonic()
        self._started = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        self._next = FIRST_LINE
        self._counts: dict[tuple[int, bool], int] = {}
        self._told = False
        self._recorder: record.Recorder | None = None
        if wishes.record is not None:
            path = Path(wishes.record).absolute()
            self._recorder = record.Recorder(path, self._about, record.replaced)
        elif wishes.recorded:
            path = record.default(home, program.target)
            self._recorder = record.Recorder(path, self._about, record.ready)
        if self._recorder is not None:
            wishes.opened(self._recorder.path.absolute())

    def steps(self, news: list[StepRows]) -> None:
        """Takes new steps, in the program's thread."""
        if self._recorder is not None:
            self._recorder.add(news)
            self._tell_failure()
        for rows in news:
            by_hand = len(rows.columns) == len(COLUMNS)
            self._counts[rows.apply, by_hand] = rows.rows[-1].index
        seconds = time.monotonic() - self._start
        if self.wishes.patient and seconds >= self._next:
            while self._next <= seconds:
                self._next *= 2
            # The program may be in the middle of a line: a progress bar, say.
            self.wishes.say(f"\n{self._progress(seconds)}")

    def judged(self, answer: Answer, run: Run, lines: Lines) -> None:
        """Takes what the run showed so far."""
        self._wrong = sum(one.level != "advice" for one in answer.diagnoses)
        if self._recorder is not None:
            self._recorder.judged(answer, run, lines)
            self._tell_failure()

    def ended(self, answer: Answer, run: Run, lines: Lines, ending: Ending) -> Answer:
        """Takes the final answer.

        Returns:
            What to report: the first of several workers speaks for all whose
            records lie beside its own.
        """
        if self._recorder is None:
            return answer
        error = type(ending.error).__name__ if ending.error is not None else None
        about = {"status": ending.status, "error": error, "steps": answer.steps}
        self._recorder.finish(answer, run, lines, about)
        self._tell_failure()
        here = task()
        if here is None or not here.leads or not self._recorder.begun or self._recorder.failure:
            return answer
        try:
            # Ctrl-C is the user's: nobody waits then.
            joining.wait(self._recorder.path, 0 if ending.interrupted else joining.PATIENCE)
            with record.Record(self._recorder.path) as own:
                return joining.joined(own, answer)
        except record.Unusable as problem:
            return replace(answer, notes=(*answer.notes, str(problem)))

    def _tell_failure(self) -> None:
        if self._recorder is not None and self._recorder.failure and not self._told:
            self._told = True
            self.wishes.say(f"gradproof: {self._recorder.failure}; the program goes on")

    def _progress(self, seconds: float) -> str:
        counts = self._counts
        steps = sum(count for (_, by_hand), count in counts.items() if not by_hand)
        steps = steps or max(counts.values(), default=0)
        wrong = f"{self._wrong} wrong so far" if self._wrong else "nothing wrong so far"
        return f"gradproof: {steps:,} steps watched in {_duration(seconds)}, {wrong}"

    def _about(self) -> Facts:
        """What a record says of the program and its surroundings."""
        return {
            "command": self._command,
            "program": self._program.target,
            "arguments": list(self._program.arguments),
            "folder": self._folder,
            "process": os.getpid(),
            "started": self._started,
            "gradproof": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            **_task(),
            **{name: _version(name) for name in ("tensorflow", "keras", "tf_keras")},
        }


def _task() -> Facts:
    """Which worker of which job it is, if several train together."""
    here = task()
    if here is None:
        return {}
    return {"task": here.name, "workers": here.workers, "job": here.job, "leads": here.leads}


def _version(name: str) -> str | None:
    """The version of a module that the program has imported."""
    found = vars(sys.modules[name]).get("__version__") if name in sys.modules else None
    return found if isinstance(found, str) else None


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
