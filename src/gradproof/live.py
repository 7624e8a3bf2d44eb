"""Watching a part of a live program: `with gradproof.watch() as run:`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import FrameType, TracebackType

from .answer import Answer
from .api import crash
from .checking import count
from .diagnose import diagnose
from .evidence.run import Run
from .executed import BOOK, ExecutedCells, executed_cells
from .fault import Diagnosis, Fault, Verdict
from .faults import FAULTS
from .files import Unreadable
from .reading import Reading, home
from .report import cells, json, text
from .standing import UNUSED, rules, standings, step_count
from .suppression import sift
from .watching import Watcher
from .watching.places import Places


class Watched(cells.InShells):
    """What happened in a block of code, and what is wrong with it.

    Its answer is complete when the block has ended. Only what was measured
    counts: source alone makes nobody wrong here.

    Attributes:
        run: The facts.
        answer: What they say.
        suspected: What source alone speaks of, in all files that took part.
    """

    def __init__(self, faults: Sequence[Fault] = FAULTS, show: bool = False) -> None:
        self.run = Run()
        self.answer = Answer("run")
        self.suspected: tuple[Diagnosis, ...] = ()
        self._faults = faults
        self._show = show
        self._reading = Reading()
        self._watcher = Watcher(lambda watcher: None, home())
        self._roots = [os.getcwd()]
        self._raised: BaseException | None = None
        self._begun = False
        self._cells = ExecutedCells()

    def __enter__(self) -> Watched:
        """Starts watching; a second time anew."""
        if self._begun:
            self._watcher = Watcher(lambda watcher: None, home())
            self._raised = None
        self._begun = True
        self._roots = [os.getcwd(), os.path.dirname(os.path.abspath(_caller()))]
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stops watching and judges; the exception of the block goes on."""
        why = crash(error or self._raised, self._roots)
        try:
            self.run = self._watcher.snapshot(why, finished=True)
        finally:
            self._watcher.stop()
        self._judge()
        if self._show:
            print(self, file=sys.stderr)

    @property
    def failure(self) -> str | None:
        """What kept the watcher from watching to the end."""
        return self._watcher.failure

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What is wrong, the cause that explains most first."""
        return self.answer.diagnoses

    def now(self) -> tuple[Diagnosis, ...]:
        """What is proven already, while the block goes on."""
        self.run = self._watcher.snapshot()
        self._judge()
        return self.diagnoses

    def raised(self, error: BaseException) -> None:
        """Takes in an exception that the block itself has dealt with."""
        self._raised = error

    def path(self, variable: object) -> str:
        """The path of a variable, as the report has it."""
        return self._watcher.path(variable)

    def __str__(self) -> str:
        """The report as `gradproof run` prints it."""
        return self._cells.told(text.render(self.answer, self._reading.lines)).rstrip("\n")

    def block(self, diagnosis: Diagnosis) -> str:
        """One diagnosis as a block of text."""
        return self._cells.told(text.render_diagnosis(diagnosis, self._reading.lines))

    def _repr_html_(self) -> str:
        """The report for a notebook."""
        blocks = [
            (f"{one.level} {one.fault.code}: {one.title}", self.block(one))
            for one in self.diagnoses
        ]
        return cells.cell(
            cells.path_table(list(cells.rows_of(self.answer.standings))),
            cells.folded(blocks),
            cells.lines(text.render_closing(self.answer)),
        )

    def to_json(self) -> str:
        """The report in its JSON form."""
        return json.render(self.answer)

    def _judge(self) -> None:
        self._read_what_ran()
        loops = self._reading.loops(self.run.generations)
        found = diagnose(
            self._faults,
            loops,
            self.run,
            locate=self._reading.located,
            show=self._reading.shown,
            on_failure=self._reading.unjudged,
        )
        sifted = sift(found, self._reading.comments())
        proven = tuple(one for one in sifted.diagnoses if one.verdict is Verdict.PROVEN)
        self.suspected = tuple(one for one in sifted.diagnoses if one.verdict is Verdict.SUSPECTED)
        shown = self._reading.shown_run(self.run)
        notes = [f"not watched: {what}" for what in self.run.unwatched]
        notes += [self._watcher.failure] if self._watcher.failure else []
        self.answer = Answer(
            "run",
            proven,
            # The process may hold models that this block has nothing to do with.
            tuple(one for one in standings(shown, proven) if one.why != UNUSED),
            # Cells that train nothing have no part in this.
            files=sum(loop.path != BOOK or count(loop) > 0 for loop in loops),
            loops=sum(map(count, loops)),
            steps=step_count(self.run),
            watched="every step" if self.run.applies else "nothing",
            rules=rules(self.run),
            notes=tuple(dict.fromkeys(notes + self._reading.notes)),
            allowed=sifted.allowed,
        )

    def _read_what_ran(self) -> None:
        """Reads the files that the block's calls come from.

        Not all that the process has imported, as a whole program would: a test
        run imports hundreds of modules that this block has nothing to do with.
        """
        crashed = self.run.crash.places if self.run.crash else ()
        stacks = [crashed, *(apply.stack for apply in self.run.applies)]
        stacks += [call.stack for call in self.run.calls]
        for path in dict.fromkeys(place.path for stack in stacks for place in stack):
            if os.path.exists(path):
                try:
                    self._reading.add(path)
                except Unreadable as problem:
                    self._reading.notes.append(f"not read: {problem}")
        self._cells = executed_cells()
        if self._cells.before:
            self._reading.hold_cells(self._cells)


def watch(faults: Sequence[Fault] = FAULTS, show: bool = True) -> Watched:
    """Watches the updates in a block of code.

    Variables, results and exceptions of the block are what they would be
    without it. Functions that were traced before the block are seen from
    outside only.

    Args:
        faults: What to look for.
        show: Prints the report on stderr when the block has ended.

    Returns:
        A context manager; what it gives holds the answer afterwards.

    Example:
        ```python
        with gradproof.watch() as run:
            train(model, dataset)
        assert not run.diagnoses, run
        ```
    """
    return Watched(faults, show)


def _caller() -> str:
    """The file of the user's code that asked for it."""
    places = Places()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and places.library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else os.getcwd()
