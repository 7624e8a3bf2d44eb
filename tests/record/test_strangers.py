"""Records from strangers: a sentence, or a report; never code, a traceback, or another file."""

from __future__ import annotations

import copy
import io
import json
import random
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import records
from gradproof import cli
from gradproof.answer import Answer, Standing
from gradproof.diagnose import diagnose
from gradproof.evidence.rows import COLUMNS, StepRow, StepRows
from gradproof.evidence.workers import Digest, Feed
from gradproof.faults import FAULTS
from gradproof.record import Record, Recorder, replaced
from gradproof.record.schema import packed, unpacked

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1e308,
    float("nan"),
    "",
    "\x1b]0;title\x07\x1b[2J\r\n::error::",
    "../../../etc/passwd",
    "\ud800",
    [],
    {},
    [[[]]],
    {"code": "GP999", "name": "x"},
    "a" * 10_000,
)


def made(folder: Path) -> Path:
    """A record with a diagnosis, steps, and what one of several workers adds."""
    run = records.with_apply(records.healthy(), given="spent", pairs=())
    digest = Digest(1, "kernel", "ab", 1.0)
    run = replace(run, digests=(digest,), feeds=(Feed((8,), 2),))
    answer = Answer(
        "run", tuple(diagnose(FAULTS, [], run)), (Standing("a", (2,), "moved", None, "b"),)
    )
    folder.mkdir(exist_ok=True)
    path = folder / "20260101-000000-train-job0123abcd-worker0-1.sqlite"
    about = {"task": "worker 0", "workers": 2, "job": "0123abcd", "leads": True, "started": "2026"}
    one = Recorder(path, lambda: about, replaced)
    row = StepRow(1, struct.pack("<6f", *range(6)), 0.5, 0.1, 0)
    one.add([StepRows(1, (1, 2), COLUMNS[:3], (row,))])
    one.finish(answer, run, lambda *_: ["line"] * 9, {"status": 0, "error": None})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO documents VALUES ('worker', ?)", (packed({"name": "w"}),))
        connection.commit()
    return path


def reported(*arguments: str) -> tuple[int, str, str]:
    """Status, stdout and stderr of `gradproof report`, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main(["report", *arguments])
        except SystemExit as ending:
            return int(ending.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def spots(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON data: a container and a key in it."""
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield data, key
        yield from spots(data[key])


def spoiled(path: Path, chance: random.Random) -> None:
    """Changes one thing in one table or document."""
    with closing(sqlite3.connect(path)) as connection:
        if chance.random() < 0.7:
            name = chance.choice(["answer", "evidence", "worker"])
            query = "SELECT data FROM documents WHERE name = ?"
            (blob,) = connection.execute(query, (name,)).fetchone()
            data = unpacked(blob)
            for _ in range(chance.randint(1, 3)):
                places = list(spots(data))
                container, key = chance.choice(places) if places else ({}, "a")
                container[key] = copy.deepcopy(chance.choice(JUNK))
            query = "UPDATE documents SET data = ? WHERE name = ?"
            connection.execute(query, (packed(data), name))
        else:
            table, column = (
                chance.choice(
                    "about.value columns.names columns.variables steps.numbers steps.loss steps.step "
                    "variables.path applies.rule sources.text".split()
                ),
                "",
            )
            table, column = table.split(".")
            junk = chance.choice([*JUNK, b"\xff\x00", json.dumps(chance.choice(JUNK[:8]))])
            junk = junk if isinstance(junk, (int, float, str, bytes, type(None))) else str(junk)
            if (isinstance(junk, int) and abs(junk) > 2**62) or junk == "\ud800" or junk is None:
                junk = 7
            try:
                connection.execute(f"UPDATE {table} SET {column} = ?", (junk,))
            except sqlite3.IntegrityError:
                return
        connection.commit()


def flipped(path: Path, chance: random.Random) -> None:
    """Changes some bytes anywhere, or cuts the end off."""
    data = bytearray(path.read_bytes())
    if chance.random() < 0.2:
        del data[chance.randrange(len(data)) :]
    for _ in range(chance.choice((1, 3, 30)) if data else 0):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)


def hold(path: Path, output: Path) -> None:
    """Opens a record in every way, and looks at what came of it."""
    folder = path.parent
    for arguments in (
        [str(path)],
        [str(folder)],
        [str(folder), "--format", "json"],
        [str(path), "--format", "sarif"],
        [str(path), "--format", "github"],
        [str(path), "--format", "csv"],
        [str(path), "--format", "csv", "--output", str(output)],
    ):
        status, out, err = reported(*arguments)
        assert status in (0, 1, 2), (status, err)
        assert "Traceback" not in err
        if status == 2:
            assert len(err.splitlines()) == 1, err
            assert err.startswith("gradproof"), err
        assert not set(out + err) & set("\x1b\x07\u202e")
        assert {part.name for part in folder.iterdir()} == {path.name}
    output.unlink(missing_ok=True)


@pytest.mark.parametrize("change", [spoiled, flipped], ids=["tables", "bytes"])
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_anything_may_stand_in_it(change, seed, tmp_path):
    """Some hundred records, each spoiled in another way."""
    whole = made(tmp_path / "whole").read_bytes()
    chance = random.Random(seed)
    path = tmp_path / "runs" / "20260101-000000-train-job0123abcd-worker0-1.sqlite"
    path.parent.mkdir()
    for _ in range(40 if seed == 1 else 1500):
        path.write_bytes(whole)
        change(path, chance)
        hold(path, tmp_path / "table.csv")
    assert {part.name for part in tmp_path.iterdir()} == {"whole", "runs"}


def test_names_do_not_reach_the_terminal_as_commands(tmp_path):
    """Escape sequences and overrides of the order of letters are shown, not sent."""
    path = made(tmp_path / "runs")
    name = "kernel\x1b]0;owned\x07\x1b[2J\u202e\r"
    with closing(sqlite3.connect(path)) as connection:
        (blob,) = connection.execute("SELECT data FROM documents WHERE name='answer'").fetchone()
        data = unpacked(blob)
        assert isinstance(data, dict)
        data["standings"][0]["variable"] = name
        data["notes"] = [name]
        connection.execute("UPDATE documents SET data=? WHERE name='answer'", (packed(data),))
        connection.commit()
    status, out, _ = reported(str(path))
    assert status == 1
    assert r"kernel\x1b]0;owned\x07\x1b[2J\x202e" in out
    assert not set(out) & set("\x1b\x07\u202e\r")


def test_source_that_is_no_text(tmp_path):
    """SQLite quotes all of it, line by line; the answer is one sentence."""
    path = made(tmp_path / "runs")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE sources SET text = CAST(? AS TEXT)", (b"line\n\xff\nline",))
        connection.commit()
    status, _, err = reported(str(path))
    assert status == 2
    assert len(err.splitlines()) == 1, err


def test_sqlite_itself_stumbles_over_the_text_of_its_tables(tmp_path):
    """What it says of them need not be text either."""
    path = made(tmp_path / "runs")
    data = path.read_bytes()
    at = data.index(b"CREATE TABLE")
    for offset in range(0, 120, 3):
        path.write_bytes(data[: at + offset] + b"\x80" + data[at + offset + 1 :])
        hold(path, tmp_path / "table.csv")


def test_what_nobody_foresaw_is_told_in_a_sentence(tmp_path, monkeypatch):
    """The traceback is kept beside, as for any mistake of ours."""
    path = made(tmp_path / "runs")
    monkeypatch.setenv("GRADPROOF_HOME", str(tmp_path / "home"))

    def render(*_):
        raise IndexError("out of range")

    monkeypatch.setattr("gradproof.report.text.render", render)
    status, out, err = reported(str(path))
    assert (status, out) == (2, "")
    assert "a broken run record, or a mistake in gradproof" in err
    (kept,) = (tmp_path / "home").iterdir()
    assert "IndexError: out of range" in kept.read_text()


def test_a_bomb_is_refused(tmp_path):
    """A small file that would unpack to gigabytes."""
    path = made(tmp_path / "runs")
    bomb = zlib.compress(bytes(200_000_000), 9)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE documents SET data=? WHERE name='answer'", (bomb,))
        connection.commit()
    status, out, err = reported(str(path))
    assert (status, out) == (2, "")
    assert "too large" in err


def test_a_link_or_folder_in_place_of_a_record(tmp_path):
    """They are refused in a sentence."""
    (tmp_path / "runs").mkdir()
    loop = tmp_path / "runs" / "loop.sqlite"
    loop.symlink_to(loop)
    (tmp_path / "runs" / "folder.sqlite").mkdir()
    for named in (loop, tmp_path / "runs" / "folder.sqlite", tmp_path / "runs"):
        status, _, err = reported(str(named))
        assert status == 2
        assert len(err.splitlines()) == 1, err


def test_the_record_that_is_read_is_left_as_it_was(tmp_path):
    """Reading writes nothing into it."""
    path = made(tmp_path / "runs")
    before = path.read_bytes()
    with Record(path) as record:
        record.answer()
        list(record.steps())
    assert path.read_bytes() == before
