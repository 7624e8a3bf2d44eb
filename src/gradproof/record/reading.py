"""Reads a run record, whoever wrote it: nothing in it is trusted."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..answer import Answer
from ..evidence.applies import Step, Update
from ..evidence.rows import COLUMNS, NO_GRADIENT
from ..evidence.run import Run
from ..evidence.series import NAN, Series
from ..evidence.series import unpacked as numbers_of
from ..evidence.workers import Worker
from ..plain import Malformed, decode
from .schema import Unusable, unpacked, view

UNREPORTED = ("recordings", "tapes", "assigned", "tracings", "units")
"""Parts of the evidence that no report shows."""


@dataclass(frozen=True)
class Passage:
    """One recorded step with the names that belong to it."""

    step: Step
    rule: str | None
    path: str | None
    line: int | None
    names: tuple[str, ...]


class Record:
    """A run record that is open for reading.

    Args:
        path: The file.

    Raises:
        Unusable: It is no record that this version can read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = view(path)

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def about(self) -> dict[str, object]:
        """Command, versions, times and ending, by name."""
        with self._told():
            rows = self._connection.execute("SELECT name, value FROM about").fetchall()
            return {str(name): json.loads(value) for name, value in rows}

    def answer(self, going: bool = False) -> Answer:
        """What the run had to say; with a note, if it did not come to its end.

        Args:
            going: It goes on, as the caller knows; then there is no such note.

        Raises:
            Unusable: The record is broken.
        """
        about = self.about
        found = self._document("answer")
        with self._told():
            answer = decode(Answer, found) if found is not None else Answer("run")
        if "ended" in about:
            return answer
        if going and answer.steps:
            # It is judged now and then; numbers come all the time.
            return replace(answer, steps=max(answer.steps, self.newest_step()))
        if going:
            return answer
        (steps,) = self._one("SELECT count(*) FROM steps")
        words = (
            f"the record does not say how the run ended: it was killed, or still goes on; "
            f"written last at {about.get('written')}, with {steps:,} rows of numbers"
        )
        return replace(answer, notes=(*answer.notes, words))

    def worker(self) -> Worker:
        """What it says to the other workers of its job."""
        found = self._document("worker")
        with self._told():
            return decode(Worker, found) if found is not None else Worker("worker")

    def newest_step(self) -> int:
        """Number of the last step that was recorded."""
        (newest,) = self._one("SELECT max(step) FROM steps")
        return newest if isinstance(newest, int) else 0

    def lines(self, path: str, cell: int | None) -> Sequence[str]:
        """Source lines as they were when the run ended; none if not kept."""
        with self._told():
            row = self._connection.execute(
                "SELECT text FROM sources WHERE path = ? AND cell = ?", (path, cell or 0)
            ).fetchone()
        return str(row[0]).split("\n") if row else []

    def run(self) -> Run:
        """The evidence, with those of its steps that were kept.

        Raises:
            Unusable: The record is broken.
        """
        return replace(self.evidence(), steps=tuple(passage.step for passage in self.steps()))

    def evidence(self) -> Run:
        """The evidence without steps.

        Raises:
            Unusable: The record is broken.
        """
        found = self._document("evidence")
        with self._told():
            return decode(Run, found) if found is not None else Run()

    def facts(self) -> Run:
        """The evidence without its steps and without what faults alone read.

        Recordings of operations are most of a record; a report needs none.

        Raises:
            Unusable: The record is broken.
        """
        found = self._document("evidence")
        with self._told():
            if isinstance(found, dict):
                found = {name: part for name, part in found.items() if name not in UNREPORTED}
            return decode(Run, found) if found is not None else Run()

    def series(self) -> list[Series]:
        """The steps that were kept as columns of numbers, one for each apply call.

        Raises:
            Unusable: The record is broken.
        """
        with self._told():
            columns = self._connection.execute(
                "SELECT apply, variables, names FROM columns ORDER BY apply"
            ).fetchall()
            return [self._series(*row) for row in columns]

    def _series(self, apply: int, variables: str, names: str) -> Series:
        keys = decode(tuple[int, ...], json.loads(variables))
        layout = _layout(names)
        rows = self._connection.execute(
            "SELECT step, loss, learning_rate, numbers FROM steps WHERE apply = ? ORDER BY step",
            (apply,),
        ).fetchall()
        for step, loss, rate, blob in rows:
            _numeric(loss, rate)
            if not isinstance(step, int) or len(blob) != 4 * len(keys) * len(layout):
                raise Malformed("numbers of another size")
        return Series(
            apply,
            [row[0] for row in rows],
            [NAN if row[1] is None else float(row[1]) for row in rows],
            [NAN if row[2] is None else float(row[2]) for row in rows],
            keys,
            layout,
            numbers_of([row[3] for row in rows]),
        )

    def steps(self, most: int | None = None) -> Iterator[Passage]:
        """The steps that were kept: apply call by apply call, in order.

        Args:
            most: So many of each apply call, evenly spread, with the first
                and the last; all without it.

        Raises:
            Unusable: The record is broken.
        """
        return self._passages("apply, step", most)

    def in_order(self) -> Iterator[Passage]:
        """The same in the order in which they were read.

        Those of several apply calls are read one call after the other, in
        long runs many steps at once.

        Raises:
            Unusable: The record is broken.
        """
        return self._passages("rowid")

    def newer(self, seen: Mapping[int, int]) -> Iterator[Passage]:
        """The steps that came after those that were seen: apply call by apply call.

        Args:
            seen: The last step of each apply call.

        Raises:
            Unusable: The record is broken.
        """
        with self._told():
            for apply, (keys, layout, rule, path, line, shown) in self._layouts().items():
                for row in self._connection.execute(
                    "SELECT step, loss, learning_rate, iterations, numbers FROM steps "
                    "WHERE apply = ? AND step > ? ORDER BY step",
                    (apply, seen.get(apply, 0)),
                ):
                    yield Passage(_step(apply, keys, layout, *row), rule, path, line, shown)

    def _layouts(self) -> dict[int, tuple[Any, ...]]:
        """What the numbers of each apply call are, and where it stands."""
        columns = self._connection.execute(
            "SELECT columns.apply, variables, names, rule, path, line FROM columns "
            "LEFT JOIN applies USING (apply) ORDER BY columns.apply"
        ).fetchall()
        paths = dict(self._connection.execute("SELECT variable, path FROM variables"))
        layouts = {}
        for apply, variables, names, rule, path, line in columns:
            keys = decode(tuple[int, ...], json.loads(variables))
            layout = _layout(names)
            shown = tuple(str(paths.get(key, f"variable {key}")) for key in keys)
            layouts[apply] = keys, layout, rule, path, line, shown
        return layouts

    def _passages(self, order: str, most: int | None = None) -> Iterator[Passage]:
        with self._told():
            layouts = self._layouts()
            chosen = self._chosen(most)
            passed: Counter[int] = Counter()
            for apply, *row in self._connection.execute(
                "SELECT apply, step, loss, learning_rate, iterations, numbers FROM steps "
                f"ORDER BY {order}"
            ):
                passed[apply] += 1
                if apply not in layouts or (
                    apply in chosen and passed[apply] - 1 not in chosen[apply]
                ):
                    continue
                keys, layout, rule, path, line, shown = layouts[apply]
                yield Passage(_step(apply, keys, layout, *row), rule, path, line, shown)

    def _chosen(self, most: int | None) -> dict[int, frozenset[int]]:
        """Places of the rows that are wanted, of apply calls that have more."""
        counts = self._connection.execute("SELECT apply, count(*) FROM steps GROUP BY apply")
        return {
            apply: frozenset(round(at * (count - 1) / (most - 1)) for at in range(most))
            for apply, count in (counts if most is not None else ())
            if most is not None and count > most
        }

    def _document(self, name: str) -> object:
        with self._told():
            row = self._connection.execute(
                "SELECT data FROM documents WHERE name = ?", (name,)
            ).fetchone()
            return unpacked(row[0]) if row else None

    def _one(self, query: str) -> tuple[object, ...]:
        with self._told():
            row: tuple[object, ...] = self._connection.execute(query).fetchone()
            return row

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Makes one sentence of everything that can be wrong with the data."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, RecursionError, struct.error) as problem:
            # SQLite quotes text that it can't decode, with its line ends.
            reason = " ".join(str(problem).split()) or type(problem).__name__
            raise Unusable(f"{self.path}: a broken run record ({reason[:200]})") from None


def _layout(names: str) -> tuple[str, ...]:
    layout = decode(tuple[str, ...], json.loads(names))
    if not set(layout) <= set(COLUMNS):
        raise Malformed("unknown columns")
    return layout


def _numeric(*numbers: object) -> None:
    if not all(isinstance(number, float | int | None) for number in numbers):
        raise Malformed("a number expected")


def _step(
    apply: int,
    keys: Sequence[int],
    layout: Sequence[str],
    index: int,
    loss: float | None,
    rate: float | None,
    iterations: int | None,
    numbers: bytes,
) -> Step:
    _numeric(loss, rate, iterations)
    width = len(layout)
    values = struct.unpack(f"<{width * len(keys)}f", numbers)
    updates = []
    for position, key in enumerate(keys):
        known = dict(zip(layout, values[position * width : (position + 1) * width], strict=True))
        gradient = known.get("gradient_norm", NO_GRADIENT)
        along = known.get("along")
        part = known.get("part_norm", NO_GRADIENT)
        updates.append(
            Update(
                key,
                None if gradient == NO_GRADIENT else gradient,
                known["value_norm"],
                known["change_norm"],
                along if along == along else None,
                None if part == NO_GRADIENT else part,
            )
        )
    return Step(index, apply, tuple(updates), loss, rate, iterations)
