"""The watcher: waits for a framework, watches, and steps aside when it fails."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..evidence.rows import StepRows
from ..evidence.run import Crash, Run
from ..interrupts import theirs
from .aside import Aside
from .imports import AfterImport
from .pace import Pace
from .patches import Patches


class Watcher:
    """Watches the program that runs in this process.

    Args:
        on_evidence: Called with the watcher, in the program's thread, when
            there is something new to judge. An exception in it ends the
            watching only.
        home: Folder for the traceback file, should the watcher fail.
        on_steps: Called with all new steps whenever they have been read.
        pace: Says when to look, and when to end the run.
        aside: What a run that is compared is given, and what it leaves.
    """

    def __init__(
        self,
        on_evidence: Callable[[Watcher], None],
        home: Path,
        on_steps: Callable[[list[StepRows]], None] | None = None,
        pace: Pace | None = None,
        aside: Aside | None = None,
    ) -> None:
        self.failure: str | None = None
        self.pace = pace or Pace()
        self._on_evidence = on_evidence
        self._on_steps = on_steps
        self._home = home
        self._aside = aside
        self._patches = Patches(self._failed)
        self._framework: Any = None
        self._imports: AfterImport | None = None

    @property
    def seen(self) -> bool:
        """TensorFlow was imported while watching."""
        return "tensorflow" in sys.modules

    def start(self) -> None:
        """Waits for TensorFlow and Keras; watches what is imported already."""
        from .tensorflow import TensorFlow

        self._framework = TensorFlow(
            self._patches, self._news, self.pace, self._on_steps, self._aside
        )
        self._imports = AfterImport(self._framework.listeners.by_module())
        self._imports.install()
        if self.seen:
            self._patches.quietly(self._framework.adopt)

    def stop(self) -> None:
        """Restores every attribute and hook."""
        if self._imports is not None:
            self._imports.remove()
        if self._framework is not None and self.seen:
            self._framework.eager.stop()
            self._patches.quietly(self._framework.conclude)
        self._patches.restore()

    def snapshot(self, crash: Crash | None = None, finished: bool = False) -> Run:
        """What happened so far; an empty run if nothing could be seen."""
        if self._framework is None or self.failure is not None:
            return Run(crash=crash, finished=finished)
        if not self.seen:
            elsewhere = tuple(self._framework.listeners.elsewhere.record())
            return Run(crash=crash, finished=finished, unwatched=elsewhere)
        try:
            run: Run = self._framework.snapshot(crash, finished)
            return run
        except Exception as problem:
            if theirs(problem):
                raise
            self._failed(problem)
            return Run(crash=crash, finished=finished)

    def path(self, variable: Any) -> str:
        """The path of a variable as in the run; its own name if it was not seen."""
        found: str | None = self._framework.path(variable) if self._framework else None
        return found or str(getattr(variable, "path", getattr(variable, "name", "variable")))

    def _news(self) -> None:
        self._on_evidence(self)

    def _failed(self, problem: BaseException) -> None:
        """Steps aside: restores everything and keeps the traceback."""
        if self.failure is not None:
            return
        text = "".join(traceback.format_exception(problem))
        where = _keep(self._home, text)
        self.failure = (
            f"gradproof: the watcher failed and stepped aside, the program goes on unwatched "
            f"({type(problem).__name__}; traceback in {where})"
        )
        self.stop()
        print(self.failure, file=sys.stderr)


def _keep(home: Path, text: str) -> str:
    """Writes a traceback where it can be written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        path = home / "watcher-failure.txt"
        path.write_text(text, encoding="utf-8")
        return str(path)
    except OSError:
        try:
            with tempfile.NamedTemporaryFile(
                "w", suffix="-gradproof.txt", delete=False, encoding="utf-8"
            ) as file:
                file.write(text)
                return file.name
        except OSError:
            return "no file, the disk can't be written"
