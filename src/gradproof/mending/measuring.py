"""Runs a program under the watcher, in a process and a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..answer import Answer
from ..outcome import Outcome
from ..record import Record, Unusable, replaced

SECONDS = 900
"""Longest time for one run."""


START = """\
import sys
ours, entry = sys.argv.pop(1), sys.argv.pop(1)
if not getattr(sys.flags, "safe_path", False):
    sys.path.pop(0)
sys.path.insert(0, ours)
import importlib
importlib.import_module(f"gradproof.cli.{entry}").main()
"""
"""Starts gradproof without a look into the program's folder, as its script does."""


@dataclass(frozen=True)
class Trial:
    """How a program is run, each time in the same way.

    Attributes:
        script: From the root of the folder that is copied.
        arguments: The program's own.
        steps: Most updates of a run.
        keras: The generation, if it is known.
        environment: Variables of the environment, beside those that there are.
        seconds: Longest time for a run.
    """

    script: str
    arguments: tuple[str, ...] = ()
    steps: int | None = None
    keras: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    seconds: float = SECONDS


def measure(trial: Trial, folder: str) -> Outcome:
    """What the program does in a folder: a run of its own, watched.

    Args:
        trial: What to run.
        folder: A copy of its folder; the program may change it.
    """
    aside = Path(folder).parent
    record = Path(aside, "record.sqlite")
    replaced(record)
    said = Path(aside, "said.txt")
    steps = ["--steps", str(trial.steps)] if trial.steps else []
    keras = ["--keras", trial.keras] if trial.keras else []
    options = ["run", "--exit-zero", "--record", str(record), *steps, *keras]
    status = carry_out(trial, folder, "seeded", options, said)
    return _outcome(record, status, said, trial)


def carry_out(
    trial: Trial, folder: str, entry: str, options: Sequence[str], said: Path
) -> int | None:
    """Runs a program in a process of its own, for a limited time.

    Args:
        trial: What to run.
        folder: Where; the copy of its folder.
        entry: Module of `gradproof.cli` whose `main` starts it.
        options: What that is given before the program and its arguments.
        said: File for all that it prints.

    Returns:
        Its exit status; `None` if it had to be stopped.
    """
    ours = str(Path(__file__).parents[2])
    start = [sys.executable, "-c", START, ours, entry]
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*start, *options, trial.script, *trial.arguments],
            cwd=folder,
            env=_environment(trial, os.path.dirname(folder)),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(trial.seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)


def _environment(trial: Trial, aside: str) -> dict[str, str]:
    return {
        # A window would wait for somebody to close it.
        "MPLBACKEND": "Agg",
        **os.environ,
        **dict(trial.environment),
        "GRADPROOF_HOME": os.path.join(aside, "home"),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a run with everything that it started."""
    if process.poll() is None or os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            process.kill()
    process.wait()


def _outcome(record: Path, status: int | None, said: Path, trial: Trial) -> Outcome:
    try:
        with Record(record) as kept:
            about = kept.about
            answer = kept.answer()
            losses = _losses(kept)
    except Unusable:
        words = f"it could not be watched: {last_line(said)}"
        if status not in (0, None):
            words = f"it ends with status {status} before any update: {_raised(said)}"
        return Outcome(Answer("run"), status=status, failure=words)
    if status is None:
        late = f"it went on for more than {trial.seconds:g} s; use --steps to end it earlier"
        return Outcome(answer, losses, None, failure=late)
    error = about.get("error")
    return Outcome(answer, losses, status, error if isinstance(error, str) else None)


def _losses(kept: Record) -> tuple[float, ...]:
    """The losses at the place of update that was passed most."""
    steps = [passage.step for passage in kept.steps()]
    count = Counter(step.apply for step in steps if step.loss is not None)
    if not count:
        return ()
    ((most, _),) = count.most_common(1)
    return tuple(step.loss for step in steps if step.apply == most and step.loss is not None)


def _raised(said: Path) -> str:
    """What ended a program: the last exception shown, for our own words stand below it."""
    _, shown, rest = said.read_text("utf-8", "replace").rpartition("Traceback (most recent call")
    lines = rest.split("\n")[1:] if shown else []
    raised = next((line for line in lines if line.strip() and not line.startswith(" ")), "")
    return raised.strip()[:300] or last_line(said)


def last_line(said: Path) -> str:
    """The last that a program said."""
    lines: Sequence[str] = said.read_text("utf-8", "replace").split("\n")
    told = [line.strip().removeprefix("- ") for line in lines if line.strip()]
    return told[-1][:300] if told else "it said nothing"
