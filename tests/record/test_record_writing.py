"""What a record keeps of a long run, what it costs, and that it stays small."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest

import records
from gradproof.answer import Answer
from gradproof.evidence.rows import COLUMNS, StepRow, StepRows
from gradproof.evidence.run import Run
from gradproof.record import (
    Record,
    Recorder,
    Unusable,
    find,
    ready,
    replaced,
    schema,
    thinning,
    writing,
)
from gradproof.record import folder as folders
from gradproof.record.thinning import FIRST, Kept

MB = 1_000_000


def recorder(path: Path) -> Recorder:
    """A recorder that writes whenever it is given something."""
    return Recorder(path, lambda: {"command": ["gradproof"]}, replaced)


def rows(first: int, last: int, variables: int = 2, apply: int = 1) -> StepRows:
    """Steps from `first` to `last` with numbers that tell them apart."""
    made = tuple(
        StepRow(
            index,
            struct.pack(f"<{3 * variables}f", *([float(index), 1.0, 0.5] * variables)),
            1.0 / index,
            0.1,
            index - 1,
        )
        for index in range(first, last + 1)
    )
    return StepRows(apply, tuple(range(1, variables + 1)), COLUMNS[:3], made)


def indices(path: Path) -> list[int]:
    """Numbers of the steps that a record holds."""
    with Record(path) as record:
        return [passage.step.index for passage in record.steps()]


@pytest.fixture
def eager(monkeypatch):
    """Writes at once, and keeps few rows."""
    monkeypatch.setattr(writing, "INTERVAL", 0.0)
    monkeypatch.setattr(writing, "SHARE", 0)
    monkeypatch.setattr(thinning, "MOST_ROWS", 400)
    monkeypatch.setattr(writing, "AT_ONCE", 10)


def test_numbers_come_back(tmp_path):
    """Every number of a step, and what it is called."""
    path = tmp_path / "run.sqlite"
    one = recorder(path)
    one.add([rows(1, 3)])
    one.finish(Answer("run"), Run(), lambda *_: [], {"status": 0})
    with Record(path) as record:
        first, _, third = record.steps()
        assert record.about["status"] == 0
    assert third.step.updates[0].gradient_norm == 3.0
    assert (third.step.loss, third.step.learning_rate) == (pytest.approx(1 / 3), 0.1)
    assert first.names == ("variable 1", "variable 2")


def test_a_run_that_goes_on_counts_its_numbers(eager, tmp_path):
    """It is judged now and then, and has made more steps since."""
    path = tmp_path / "run.sqlite"
    one = recorder(path)
    one.add([rows(1, 1)])
    one.judged(Answer("run", steps=1), records.healthy(), lambda *_: [])
    one.add([rows(2, 9)])
    with Record(path) as record:
        assert (record.answer(going=True).steps, record.answer().steps) == (9, 1)


def test_the_first_and_the_recent_steps_stay(eager, tmp_path):
    """Between them every n-th one, so that the whole run can still be drawn."""
    path = tmp_path / "run.sqlite"
    one = recorder(path)
    for first in range(1, 20_001, 400):
        one.add([rows(first, first + 399)])
    assert one.failure is None
    kept = indices(path)
    assert len(kept) < 1300
    assert kept[:FIRST] == list(range(1, FIRST + 1))
    assert kept[-150:] == list(range(19_851, 20_001))
    gaps = [after - before for before, after in zip(kept[FIRST:], kept[FIRST + 1 :], strict=False)]
    assert max(gaps) <= 512


def test_two_places_share_the_room(eager, tmp_path):
    """The busy one is thinned, the quiet one stays whole."""
    path = tmp_path / "run.sqlite"
    one = recorder(path)
    for first in range(1, 5_001, 250):
        one.add([rows(first, first + 249), rows(first // 250 + 1, first // 250 + 1, apply=2)])
    with Record(path) as record:
        quiet = [passage.step.index for passage in record.steps() if passage.step.apply == 2]
    assert quiet == list(range(1, 21))


def test_the_stride_of_wide_rows_follows_their_bytes():
    """A thousand variables leave room for fewer steps."""
    wide, narrow = Kept(width=12_000), Kept(width=72)
    assert wide.capacity(1) * 12_000 <= thinning.MOST_BYTES
    assert narrow.capacity(1) == thinning.MOST_ROWS


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "variables"), [(1_000_000, 6), (60_000, 300)])
def test_a_long_run_stays_small_and_cheap(steps, variables, tmp_path):
    """A million steps stay far below 100 MB, and writing costs little of each."""
    path = tmp_path / "run.sqlite"
    one = recorder(path)
    numbers = bytes(12 * variables)
    spent = 0.0
    for first in range(1, steps, 200):
        made = tuple(
            StepRow(index, numbers, 0.5, 0.1, index) for index in range(first, first + 200)
        )
        start = time.perf_counter()
        one.add([StepRows(1, tuple(range(variables)), COLUMNS[:3], made)])
        spent += time.perf_counter() - start
    assert one.failure is None
    one.finish(Answer("run"), Run(), lambda *_: [], {})
    assert path.stat().st_size < 90 * MB
    assert len(indices(path)) > 1000
    # Seconds a step; on a machine at rest it is a tenth of this.
    assert spent / steps < 200e-6


def test_nothing_is_written_before_the_time(tmp_path):
    """A write that took long is followed by a pause a hundred times as long."""
    path = tmp_path / "run.sqlite"
    one = recorder(path)
    one.add([rows(1, 1)])
    assert not path.exists(), "the first step takes long without it"
    one.add([rows(2, 2)])
    one.add([rows(3, 3)])
    assert indices(path) == [1, 2]


def test_another_process_writes_nothing(tmp_path, monkeypatch):
    """A forked child holds the same object, and must not use it."""
    one = recorder(tmp_path / "run.sqlite")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    one.add([rows(1, 3)])
    assert not (tmp_path / "run.sqlite").exists()


def test_a_record_that_vanishes_is_told_once(eager, tmp_path):
    """Somebody deletes the folder; the run goes on."""
    path = tmp_path / "run.sqlite"
    one = recorder(path)
    one.add([rows(1, 3)])
    one.add([rows(4, 6)])
    path.unlink()
    one.add([rows(7, 9)])
    assert one.failure is not None
    assert one.failure.startswith("the run record ends early")
    one.add([rows(7, 9)])
    assert not path.exists()


def test_only_the_newest_stay(tmp_path, monkeypatch):
    """The folder does not grow for ever, and git does not see it."""
    monkeypatch.setattr(folders, "NEWEST", 3)
    for number in range(6):
        path = tmp_path / ".gradproof" / "runs" / f"{number}.sqlite"
        ready(path)
        path.write_bytes(b"")
        os.utime(path, (number, number))
    left = sorted(part.name for part in (tmp_path / ".gradproof" / "runs").iterdir())
    assert left == ["3.sqlite", "4.sqlite", "5.sqlite"]
    assert (tmp_path / ".gradproof" / ".gitignore").read_text().endswith("*\n")
    assert find(None, tmp_path / ".gradproof").name == "5.sqlite"
    assert find(str(tmp_path), tmp_path / "elsewhere").name == "5.sqlite"


def test_a_run_that_is_killed_while_it_makes_its_record_leaves_none(tmp_path, monkeypatch):
    """Half a record has another name; it is cleared away when it is old."""
    monkeypatch.setattr(schema.os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    home = tmp_path / ".gradproof"
    path = home / "runs" / "a.sqlite"
    ready(path)
    with pytest.raises(KeyboardInterrupt):
        schema.create(path)
    assert [part.name for part in path.parent.iterdir()] == ["a.sqlite.part"]
    with pytest.raises(Unusable, match="no run record in"):
        find(None, home)
    ready(path)
    assert len(list(path.parent.iterdir())) == 1
    os.utime(path.parent / "a.sqlite.part", (1, 1))
    ready(path)
    assert list(path.parent.iterdir()) == []
