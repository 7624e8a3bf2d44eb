"""Writes the record of one run while the run goes on.

The file is opened for each write and closed again: so it is whole whenever
the program is killed, a forked child holds nothing of it, and a program that
closes all its files does no harm.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from ..answer import Answer, Lines
from ..evidence.rows import StepRows
from ..evidence.run import Run
from ..evidence.workers import told
from ..fault import Diagnosis
from ..finding import Place
from ..plain import encode
from ..task import task
from .schema import append, create, packed
from .thinning import AT_ONCE, Kept, overfull

INTERVAL = 1.0
"""Seconds between two writes, at least."""

SHARE = 250
"""A write that took a second is followed by this many seconds without."""

FIRST_WHOLE = 0.008
"""Seconds that writing the evidence may take the first time."""

HELD = 5.0
"""Seconds more for a first step to stay without a write: tracing has made it long enough."""

WAITING = 16_000_000
"""Bytes of steps that wait to be written, at most."""

FINISHED = 10.0
"""Seconds that the end of a run waits for a thread that is still writing."""

Facts = Mapping[str, str | int | float | Sequence[str] | None]


class Recorder:
    """The record of one run.

    Args:
        path: The file; it is made when there is something to write.
        about: Gives what is known when the file is made, by name.
        ready: Makes the folder ready, just before the file is made.

    Attributes:
        begun: The file has been made.
        failure: Why there is no record, or only the beginning of one.
    """

    def __init__(
        self, path: Path, about: Callable[[], Facts], ready: Callable[[Path], None]
    ) -> None:
        self.path = path
        self.begun = False
        self.failure: str | None = None
        self._about = about
        self._ready = ready
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._waiting: list[StepRows] = []
        self._bytes = 0
        self._kept: dict[int, Kept] = {}
        self._answer: tuple[Answer, Run, Lines] | None = None
        self._start = time.monotonic()
        self._next = self._start
        self._first = False
        self._told: set[tuple[object, ...]] = set()
        self._whole = FIRST_WHOLE

    def add(self, news: Iterable[StepRows]) -> None:
        """Takes new steps; writes them when the time has come."""
        if self._idle:
            return
        self._first = False
        for rows in news:
            self._first |= rows.rows[0].index == 1
            self._waiting.append(rows)
            self._bytes += sum(len(row.numbers) + 64 for row in rows.rows)
        if self._waiting and (self._due or self._bytes > WAITING):
            self._write(self._put_answer)

    def judged(self, answer: Answer, run: Run, lines: Lines) -> None:
        """Takes what is known so far, in case that the run is killed.

        What says nothing new waits for the next steps that are written.
        """
        if self._idle or not (answer.diagnoses or run.applies):
            return
        self._answer = answer, run, lines
        told: set[tuple[object, ...]] = {
            (one.fault.code, one.place, one.variables) for one in answer.diagnoses
        }
        news, self._told = told != self._told, told
        if news or (self.begun and self._due):
            self._write(self._put_answer)

    @property
    def _due(self) -> bool:
        """The time for the next write has come."""
        return time.monotonic() >= self._next + (HELD if self._first else 0.0)

    def _put_answer(self, connection: sqlite3.Connection) -> None:
        """Writes what was judged last, if it has not been written."""
        if self._answer is None:
            return
        answer, run, lines = self._answer
        _put_answer(connection, answer, run, lines)
        # What takes long to write has to wait until that costs little.
        start = time.monotonic()
        if start >= self._start + self._whole * SHARE:
            _put_evidence(connection, run)
            self._whole += time.monotonic() - start
        self._answer = None

    def finish(self, answer: Answer, run: Run, lines: Lines, about: Facts) -> None:
        """Takes the final answer and how the program ended."""
        if self._idle or not (self.begun or self._waiting or answer.diagnoses or run.applies):
            return

        def put(connection: sqlite3.Connection) -> None:
            _put_answer(connection, answer, run, lines)
            _put_evidence(connection, run)
            _put_about(connection, {**about, "ended": now()})

        self._write(put, last=True)
        self._settle()

    @property
    def _idle(self) -> bool:
        """Nothing is written: it failed, or this is a child of the program."""
        return self.failure is not None or os.getpid() != self._process

    def _write(self, put: Callable[[sqlite3.Connection], None], last: bool = False) -> None:
        """Writes the waiting steps and something more, all or nothing."""
        # Another thread is at it, or this one was, when a signal came: next time.
        if not self._lock.acquire(timeout=FINISHED if last else 0):
            return
        try:
            self._write_alone(put)
        finally:
            self._lock.release()

    def _write_alone(self, put: Callable[[sqlite3.Connection], None]) -> None:
        start = time.monotonic()
        # Threads may add to it meanwhile.
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        try:
            if not self.begun:
                self._ready(self.path)
                create(self.path)
            with closing(append(self.path)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                if not self.begun:
                    _put_about(connection, self._about())
                self._put_steps(connection, waiting)
                put(connection)
                _put_about(connection, {"written": now()})
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as problem:
            self._fail(problem)
            return
        except BaseException:
            # Ctrl-C: they are for the next write.
            self._waiting = [*waiting, *self._waiting]
            raise
        self.begun = True
        end = time.monotonic()
        self._next = end + max(INTERVAL, (end - start) * SHARE)

    def _put_steps(self, connection: sqlite3.Connection, waiting: Sequence[StepRows]) -> None:
        for rows in waiting:
            kept = self._kept.get(rows.apply)
            if kept is None:
                width = 4 * len(rows.variables) * len(rows.columns)
                kept = self._kept[rows.apply] = Kept(width)
                connection.execute(
                    "INSERT OR REPLACE INTO columns VALUES (?, ?, ?)",
                    (rows.apply, json.dumps(rows.variables), json.dumps(rows.columns)),
                )
            connection.executemany(
                "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (
                        rows.apply,
                        row.index,
                        row.loss,
                        row.learning_rate,
                        row.iterations,
                        row.numbers,
                    )
                    for row in rows.rows
                ),
            )
            kept.rows += len(rows.rows)
            kept.last = rows.rows[-1].index
        most = max(AT_ONCE, 2 * sum(len(rows.rows) for rows in waiting))
        for apply in overfull(self._kept):
            _thin(connection, apply, self._kept[apply], len(self._kept), most)

    def _settle(self) -> None:
        """Makes one plain file of it, that can be read anywhere."""
        if self.failure is None:
            try:
                with closing(append(self.path)) as connection:
                    connection.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.Error:
                # Somebody reads it just now; it stays as good as it is.
                pass

    def _fail(self, problem: Exception) -> None:
        reason = getattr(problem, "strerror", None) or str(problem)
        what = "the run record ends early" if self.begun else "no run record is kept"
        self.failure = f"{what}: {self.path} can't be written ({reason.lower()})"
        self._waiting.clear()


def _thin(connection: sqlite3.Connection, apply: int, kept: Kept, sharers: int, most: int) -> None:
    """Deletes some of the older steps."""
    recent = kept.thin(sharers)
    found = connection.execute(
        "SELECT step FROM steps WHERE apply = ? AND step > ? AND step < ? AND step % ? LIMIT ?",
        (apply, kept.thinned, recent, kept.stride, most),
    ).fetchall()
    connection.executemany(
        f"DELETE FROM steps WHERE apply = {apply:d} AND step = ?",
        found,
    )
    kept.rows -= len(found)
    kept.thinned = found[-1][0] if len(found) == most else recent


def now() -> str:
    """The time, as it is written into a record."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _put_about(connection: sqlite3.Connection, about: Facts) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO about VALUES (?, ?)",
        ((name, json.dumps(value)) for name, value in about.items()),
    )


def _put_document(connection: sqlite3.Connection, name: str, data: object) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO documents VALUES (?, ?)", (name, packed(encode(data)))
    )


def _put_answer(connection: sqlite3.Connection, answer: Answer, run: Run, lines: Lines) -> None:
    _put_document(connection, "answer", answer)
    shown = {
        (place.path, place.cell) for diagnosis in answer.diagnoses for place in _places(diagnosis)
    }
    if task() is not None:
        # What only all workers together show stands where they update.
        places = (apply.place for apply in run.applies)
        shown |= {(place.path, place.cell) for place in places if place is not None}
    connection.execute("DELETE FROM sources")
    connection.executemany(
        "INSERT INTO sources VALUES (?, ?, ?)",
        ((path, cell or 0, "\n".join(lines(path, cell))) for path, cell in shown),
    )
    connection.execute("DELETE FROM diagnoses")
    connection.executemany(
        "INSERT INTO diagnoses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                rank,
                one.fault.name,
                one.fault.code,
                one.fault.stage,
                one.level,
                one.verdict.value,
                one.title,
                one.message,
                one.place.path if one.place else None,
                one.place.line if one.place else None,
                one.step,
            )
            for rank, one in enumerate(answer.diagnoses, 1)
        ),
    )
    _put_names(connection, run)
    _put_worker(connection, run)


def _put_names(connection: sqlite3.Connection, run: Run) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO variables VALUES (?, ?, ?, ?, ?, ?)",
        (
            (one.key, one.path, json.dumps(one.shape), one.dtype, int(one.trainable), one.role)
            for one in run.variables
        ),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO applies VALUES (?, ?, ?, ?, ?, ?)",
        (
            (
                one.key,
                one.by,
                one.optimizer,
                one.place.path if one.place else None,
                one.place.line if one.place else None,
                int(one.traced),
            )
            for one in run.applies
        ),
    )


def _put_worker(connection: sqlite3.Connection, run: Run) -> None:
    here = task()
    if here is not None:
        _put_document(connection, "worker", told(run, here.name))


def _put_evidence(connection: sqlite3.Connection, run: Run) -> None:
    _put_document(connection, "evidence", replace(run, steps=()))


def _places(diagnosis: Diagnosis) -> Iterator[Place]:
    """Every place that a report shows the source of."""
    if diagnosis.place:
        yield diagnosis.place
    for related in diagnosis.related:
        yield related.place
    for edit in diagnosis.fix.edits if diagnosis.fix else ():
        yield edit.place
    for consequence in diagnosis.consequences:
        yield from _places(consequence)
