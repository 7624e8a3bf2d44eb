"""Writes for TensorBoard while the run goes on, in a process of its own.

It looks at the record now and then and adds what is new to one file of events.
When the run ends, `tensorboard.write` puts a whole one in its place; of a run
that is killed, this one stays.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from .. import detached
from ..record import Passage, Record, Unusable
from .curves import MOST_STEPS, SPREAD, numbers, quantities, spread
from .tensorboard import (
    MOST_SPREADS,
    curves_and_spreads,
    diagnosed,
    file_name,
    histogram,
    put,
    scalar,
    start,
    version,
)

LOOK = 1.0
"""Seconds between two looks at the record."""

SHARE = 10
"""A look that took a second is followed by this many seconds without."""


class Following:
    """One file of events that follows a record.

    Args:
        record: The run record; it need not be there yet.
        file: Where events are added.
    """

    def __init__(self, record: Path, file: Path) -> None:
        self._path = record
        self._file = file
        self._state: tuple[object, ...] = ()
        self._tags: dict[tuple[int, str], str] = {}
        self._last: dict[int, int] = {}
        self._passed: Counter[int] = Counter()
        self._told: list[tuple[object, ...]] = []

    def look(self) -> bool:
        """Adds what is new; says whether there was something."""
        state = tuple(self._marks())
        if state == self._state:
            return False
        # Nothing is written before the first update.
        with suppress(Unusable), Record(self._path) as record:
            events = [*self._steps(record), *self._diagnoses(record)]
            if events:
                with self._file.open("ab") as file:
                    put(file, events if file.tell() else [version(), *events])
            self._state = state
            return bool(events)
        return False

    def _marks(self) -> Iterator[tuple[int, int]]:
        for path in (self._path, Path(f"{self._path}-wal")):
            with suppress(OSError):
                found = path.stat()
                yield found.st_mtime_ns, found.st_size

    def _steps(self, record: Record) -> Iterator[Any]:
        news = list(record.newer(self._last))
        if all(self._named(passage) for passage in news):
            for passage in news:
                yield from self._step(passage)
            return
        # Something came that must be told apart from what has been written under its name.
        found = numbers(record)
        self._tags, self._last = dict(found.tags), dict(found.last)
        yield start()
        yield from curves_and_spreads(found)
        # Forgotten, like the numbers.
        self._told.clear()

    def _named(self, passage: Passage) -> bool:
        """Gives what is new a name, if nothing else has it."""
        apply = passage.step.apply
        names = [name for name, _ in quantities(passage)]
        for name in [*names, SPREAD] if spread(passage) else names:
            if (apply, name) not in self._tags:
                if any(name == other for _, other in self._tags):
                    return False
                self._tags[apply, name] = name
        return True

    def _step(self, passage: Passage) -> Iterator[Any]:
        step = passage.step
        self._last[step.apply] = step.index
        self._passed[step.apply] += 1
        # All of the first thousand, every second of the next, every fourth of those after.
        stride = 2 ** (step.index // MOST_STEPS).bit_length()
        if stride > 1 and step.index % stride:
            return
        for name, value in quantities(passage):
            yield scalar(step.index, self._tags[step.apply, name], value)
        ratios = spread(passage)
        if ratios and (self._passed[step.apply] <= MOST_SPREADS or not step.index % (5 * stride)):
            yield histogram(step.index, self._tags[step.apply, SPREAD], ratios)

    def _diagnoses(self, record: Record) -> Iterator[Any]:
        for one in record.answer(going=True).diagnoses:
            mark = (one.fault.code, one.place)
            if mark not in self._told:
                self._told.append(mark)
                yield from diagnosed([one], record, len(self._told))


def follow(record: str, folder: str, run: int) -> None:
    """Follows a run until it has ended.

    Args:
        record: File of the run record.
        folder: What `tensorboard --logdir` is given.
        run: Number of the process that is watched.
    """
    place = Path(folder) / Path(record).stem
    detached.leave()
    file = place / file_name()
    try:
        place.mkdir(parents=True, exist_ok=True)
        # There from the beginning: whoever writes the whole one takes it away.
        file.touch()
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        return detached.refuse(f"{place}: can't be written ({reason})")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    detached.begun()
    following = Following(Path(record), file)
    pause = LOOK
    with suppress(OSError):
        while not ended.wait(pause) and file.exists():
            alone = not detached.is_there(run)
            before = time.monotonic()
            following.look()
            pause = max(LOOK, SHARE * (time.monotonic() - before))
            if alone:
                break
        if not file.stat().st_size:
            file.unlink()
            place.rmdir()
    return None
