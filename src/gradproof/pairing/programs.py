"""The two sides of a comparison as they are named: programs, or run records."""

from __future__ import annotations

import json
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..mending.copies import TooLarge, copied, root_of
from ..mending.measuring import Trial, carry_out, last_line
from ..record import Unusable, is_record
from .seen import Seen, load

SEED = 1
OTHER_SEED = 2
Start = Callable[[Trial, str, str, Sequence[str], Path], "int | None"]
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


class Unfit(Exception):
    """What was named can't be compared; the message is one sentence."""


@dataclass(frozen=True)
class Named:
    """One side: a program with its arguments, or a record.

    Attributes:
        words: As it was given.
        trial: How the program is run.
        root: The folder that is copied for each run of it.
        record: File of the record.
    """

    words: str
    trial: Trial | None = None
    root: str = ""
    record: Path | None = None

    @property
    def short(self) -> str:
        """The file's own name."""
        return os.path.basename(self.trial.script if self.trial else str(self.record))


@dataclass(frozen=True)
class Orders:
    """What one run is given beside its arguments.

    Attributes:
        seed: Of all random numbers, until the program sets its own.
        nudge: Number of a small move of the start; `None` for none.
        given: Values to start from, by key of the variable.
    """

    seed: int = SEED
    nudge: int | None = None
    given: dict[int, Any] | None = None


def named(words: str, arguments: Sequence[str], steps: int, keras: str | None) -> Named:
    """Understands one side as it stands on the command line.

    Args:
        words: A file; or a command line in one word, such as
            `"TF_USE_LEGACY_KERAS=1 train.py --rate 0.1"`.
        arguments: For programs, after their own.
        steps: Most updates of a run.
        keras: Generation, if it is known.

    Raises:
        Unfit: It is neither a program nor a record.
    """
    if is_record(words):
        return Named(words, record=Path(words))
    try:
        parts = [words] if os.path.exists(words) else shlex.split(words)
    except ValueError as problem:
        raise Unfit(f"{words}: not a command line ({str(problem).lower()})") from None
    environment = []
    while parts and (found := _ASSIGNMENT.fullmatch(parts[0])):
        environment.append((found[1], found[2]))
        parts = parts[1:]
    script = parts[0] if parts else words
    if os.path.isdir(script):
        raise Unfit(f"{script}: a folder, neither a program nor a run record")
    if not os.path.exists(script):
        raise Unfit(f"{script}: no such file")
    root = root_of(script)
    trial = Trial(
        os.path.relpath(os.path.abspath(script), root),
        (*parts[1:], *arguments),
        steps,
        keras,
        tuple(environment),
    )
    return Named(words, trial, root)


class Runs:
    """Runs programs, each time in a fresh copy of their folder.

    Args:
        folder: Where records are put; it has to outlast what is read of them.
        seconds: Longest time of a run.
        start: Runs a program in a process of its own, as `carry_out` does.
    """

    def __init__(self, folder: str, seconds: float, start: Start = carry_out) -> None:
        self._folder = folder
        self._start = start
        self._seconds = seconds
        self.count = 0

    def run(self, side: Named, orders: Orders) -> Seen:
        """Runs a program once, or reads the record.

        Raises:
            Unfit: It could not be run, or made no update.
        """
        if side.trial is None:
            return _loaded(side, side.record or Path(), None)
        self.count += 1
        record = Path(self._folder, f"{self.count}.sqlite")
        left = Path(self._folder, f"{self.count}.npz")
        said = Path(self._folder, f"{self.count}.txt")
        options = {
            "seed": orders.seed,
            "steps": side.trial.steps,
            "record": str(record),
            "keras": side.trial.keras,
            "aside": {"left": str(left), "given": self._given(orders), "nudge": orders.nudge},
        }
        trial = replace(side.trial, seconds=self._seconds)
        try:
            with copied(side.root) as copy:
                status = self._start(trial, copy, "compared", [json.dumps(options)], said)
        except TooLarge as problem:
            raise Unfit(str(problem)) from None
        if status is None:
            raise Unfit(
                f"{side.words}: it went on for more than {self._seconds:g} s; use --steps to end "
                "it earlier"
            )
        if not record.exists():
            ended = f"ends with status {status}" if status else "ends"
            raise Unfit(f"{side.words}: it {ended} before any update: {last_line(said)}")
        return _loaded(side, record, left)

    def _given(self, orders: Orders) -> str | None:
        if orders.given is None:
            return None
        import numpy as np

        path = Path(self._folder, f"{self.count}-given.npz")
        np.savez(path, **{f"start-{key}": value for key, value in orders.given.items()})
        return str(path)


def _loaded(side: Named, record: Path, left: Path | None) -> Seen:
    try:
        seen = load(record, left)
    except Unusable as problem:
        raise Unfit(str(problem)) from None
    if not seen.points:
        crash = seen.run.crash
        why = f": it ended with {crash.kind}: {crash.message.splitlines()[0]}" if crash else ""
        raise Unfit(f"{side.words}: no update of a variable was measured{why}")
    return seen


@contextmanager
def room_for_runs(seconds: float) -> Iterator[Runs]:
    """A place for records, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gradproof-") as folder:
        yield Runs(folder, seconds)
