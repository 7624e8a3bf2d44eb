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
from ..record import Record, Unusable

SECONDS = 900
"""Longest time for one run."""


START = """\
import sys
ours = sys.argv.pop(1)
if not getattr(sys.flags, "safe_path", False):
    sys.path.pop(0)
sys.path.insert(0, ours)
from gradproof.cli.seeded import main
main()
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
        seconds: Longest time for a run.
    """

    script: str
    arguments: tuple[str, ...] = ()
    steps: int | None = None
    keras: str | None = None
    seconds: float = SECONDS


def measure(trial: Trial, folder: str) -> Outcome:
    """What the program does in a folder: a run of its own, watched.

    Args:
        trial: What to run.
        folder: A copy of its folder; the program may change it.
    """
    aside = os.path.dirname(folder)
    record = Path(aside, "record.sqlite")
    record.unlink(missing_ok=True)
    for name in (f"{record.name}-wal", f"{record.name}-shm"):
        Path(aside, name).unlink(missing_ok=True)
    said = Path(aside, "said.txt")
    with said.open("wb") as out:
        process = subprocess.Popen(
            _command(trial, record),
            cwd=folder,
            env=_environment(aside),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status: int | None
        try:
            status = process.wait(trial.seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
    return _outcome(record, status, said, trial)


def _command(trial: Trial, record: Path) -> list[str]:
    steps = ["--steps", str(trial.steps)] if trial.steps else []
    keras = ["--keras", trial.keras] if trial.keras else []
    options = ["--exit-zero", "--record", str(record), *steps, *keras]
    ours = str(Path(__file__).parents[2])
    return [sys.executable, "-c", START, ours, "run", *options, trial.script, *trial.arguments]


def _environment(aside: str) -> dict[str, str]:
    return {
        **os.environ,
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
        words = f"it could not be watched: {_last_line(said)}"
        if status not in (0, None):
            words = f"it ends with status {status} before any update: {_last_line(said)}"
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


def _last_line(said: Path) -> str:
    lines: Sequence[str] = said.read_text("utf-8", "replace").split("\n")
    told = [line.strip().removeprefix("- ") for line in lines if line.strip()]
    return told[-1][:300] if told else "it said nothing"
