"""`gradproof report` shows a run again, and takes nothing from a broken record."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import struct
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import records
from gradproof import cli
from gradproof.answer import Answer
from gradproof.diagnose import diagnose
from gradproof.evidence.rows import COLUMNS, StepRow, StepRows
from gradproof.faults import FAULTS
from gradproof.record import Record, Recorder, replaced
from gradproof.record.schema import packed
from gradproof.report import json as as_json
from gradproof.report import text as as_text
from nursery import Done, Nursery

STUCK = """
import tensorflow as tf

kernel = tf.Variable([[1.0, 0.5], [0.2, 0.3]], name="kernel")
bias = tf.Variable([1.0, 2.0], name="bias")
optimizer = tf.keras.optimizers.SGD(0.01)
for number in range(40):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(bias ** 2) + tf.reduce_sum(kernel.numpy() ** 2)
    gradients = tape.gradient(loss, [kernel, bias])
    optimizer.apply_gradients(zip(gradients, [kernel, bias]))
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_report_is_what_the_run_printed(form, nursery: Nursery, tmp_path):
    """To the letter, source lines too, although the program has changed since."""
    program = tmp_path / "program.py"
    program.write_text(STUCK)
    options = ["--format", form, "--output", "printed"]
    run = nursery.run(["gradproof", "run", *options, "program.py"], tmp_path)
    program.write_text("pass\n")
    again = nursery.run(["gradproof", "report", "--format", form], tmp_path)
    assert again.stdout == (tmp_path / "printed").read_text()
    assert (again.status, again.stderr) == (run.status, "")
    assert "kernel.numpy()" in again.stdout or form == "json"


def made(folder: Path) -> Path:
    """A record written by hand: one fault, three steps of two variables."""
    run = records.healthy()
    found = diagnose(FAULTS, [], records.healthy())
    path = folder / "run.sqlite"
    recorder = Recorder(path, lambda: {"command": ["gradproof", "run"]}, replaced)
    steps = tuple(
        StepRow(index, _packed(1.5, 2.0, 0.25, -1.0, 3.0, 0.0), 0.5, 0.1, index - 1)
        for index in (1, 2, 3)
    )
    recorder.add([StepRows(1, (records.KERNEL, records.BIAS), COLUMNS[:3], steps)])
    recorder.finish(Answer("run", tuple(found), steps=3), run, lambda *_: [], {"status": 0})
    return path


def _packed(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def reported(folder: Path, *arguments: str) -> Done:
    """What `gradproof report` says in a folder."""
    stdout, stderr = io.StringIO(), io.StringIO()
    earlier = Path.cwd()
    os.chdir(folder)
    try:
        with redirect_stdout(stdout), redirect_stderr(stderr), pytest.raises(SystemExit) as end:
            cli.main(["report", *arguments])
    finally:
        os.chdir(earlier)
    return Done(end.value.code, stdout.getvalue(), stderr.getvalue())


def test_csv_has_a_row_a_step_and_variable(tmp_path):
    """Long form: what is unknown is empty, numbers come back exactly."""
    made(tmp_path)
    done = reported(tmp_path, "run.sqlite", "--format", "csv")
    assert (done.status, done.stderr) == (0, "")
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(table) == 6
    assert table[0]["variable"] == records.healthy().path(records.KERNEL)
    assert [table[0][name] for name in ("step", "gradient_norm", "change_norm")] == [
        "1",
        "1.5",
        "0.25",
    ]
    assert table[1]["gradient_norm"] == ""
    assert {row["rule"] for row in table} == {"SGD"}


def test_parquet_has_the_same_table(tmp_path):
    """With types, for pandas and the like."""
    parquet = pytest.importorskip("pyarrow.parquet")
    made(tmp_path)
    done = reported(tmp_path, "run.sqlite", "--format", "parquet", "--output", "run.parquet")
    assert (done.status, done.stderr) == (0, "")
    table = parquet.read_table(tmp_path / "run.parquet").to_pylist()
    assert [row["step"] for row in table] == [1, 1, 2, 2, 3, 3]
    assert table[1]["gradient_norm"] is None
    assert table[0]["value_norm"] == 2.0
    assert not list(tmp_path.glob("*.part"))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    """One sentence, exit status 2."""
    made(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = reported(tmp_path, "run.sqlite", "--format", "parquet", "--output", "x")
    assert done.status == 2
    assert "gradproof[parquet]" in done.stderr
    assert not (tmp_path / "x").exists()


def test_the_evidence_comes_back(tmp_path):
    """A record holds the run itself, for whoever judges or compares it later."""
    with Record(made(tmp_path)) as record:
        run = record.run()
    assert run.recordings == records.healthy().recordings
    assert [step.index for step in run.steps] == [1, 2, 3]
    assert run.steps[0].updates[1].gradient_norm is None


def spoiled(path: Path, *statements: str) -> None:
    """Changes a record as a foreign hand would."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def _data(value: object) -> str:
    return f"x'{packed(value).hex()}'"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA application_id = 7", "not a run record of gradproof"),
        ("PRAGMA user_version = 9", "a run record of version 9; this gradproof reads version 1"),
        ("CREATE TABLE more (a)", "tables that gradproof does not make"),
        ("CREATE VIEW more AS SELECT load_extension('x')", "tables that gradproof does not make"),
        (
            "CREATE TRIGGER more AFTER INSERT ON about BEGIN SELECT 1; END",
            "tables that gradproof does not make",
        ),
        ("UPDATE documents SET data = x'00' WHERE name = 'answer'", "a broken run record"),
        ("UPDATE documents SET data = 'text' WHERE name = 'answer'", "a broken run record"),
        (f"UPDATE documents SET data = {_data([1])}", "a broken run record"),
        (f"UPDATE documents SET data = {_data({'command': 5})}", "a broken run record"),
        ("UPDATE about SET value = '{'", "a broken run record"),
    ],
)
def test_a_spoiled_record_is_refused_in_one_sentence(statement, words, tmp_path):
    """Never a traceback, never anything run."""
    path = made(tmp_path)
    spoiled(path, statement)
    done = reported(tmp_path, "run.sqlite")
    assert (done.status, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE steps SET numbers = x'0000'",
        "UPDATE steps SET loss = 'high'",
        """UPDATE columns SET names = '["password"]'""",
        "UPDATE columns SET variables = '[[1]]'",
        "UPDATE columns SET variables = 'null'",
    ],
)
def test_spoiled_numbers_are_refused_in_one_sentence(statement, tmp_path):
    """The table as well."""
    path = made(tmp_path)
    spoiled(path, statement)
    done = reported(tmp_path, "run.sqlite", "--format", "csv", "--output", "table.csv")
    assert (done.status, done.stdout) == (2, "")
    assert "a broken run record" in done.stderr
    assert "Traceback" not in done.stderr
    assert [part.name for part in tmp_path.iterdir()] == ["run.sqlite"]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a database", b"SQLite format 3\0" + bytes(600), bytes(range(256)) * 40],
    ids=["empty", "text", "torn", "noise"],
)
def test_what_is_no_record_is_refused(content, tmp_path):
    """Any other file."""
    (tmp_path / "run.sqlite").write_bytes(content)
    done = reported(tmp_path, "run.sqlite")
    assert done.status == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_torn_record_is_refused(tmp_path):
    """Bytes overwritten in the middle, as a bad disk leaves them."""
    path = made(tmp_path)
    data = bytearray(path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 60] = b"\xff" * 60
    path.write_bytes(data)
    done = reported(tmp_path, "run.sqlite")
    assert done.status == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_missing_records_are_told(tmp_path):
    """No file; and a folder in which no run has been recorded."""
    assert "no such file" in reported(tmp_path, "nowhere.sqlite").stderr
    done = reported(tmp_path, ".")
    assert done.status == 2
    assert "`gradproof run` leaves one there" in done.stderr


def test_a_record_in_a_folder_without_write_permission_is_read(tmp_path):
    """Reading needs no other files beside it."""
    path = made(tmp_path)
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert reported(tmp_path, "run.sqlite").status == 0
    finally:
        tmp_path.chmod(0o755)


def test_renderings_equal_those_of_the_answer(tmp_path):
    """Whatever the answer holds is rendered as if it had just been given."""
    with Record(made(tmp_path)) as record:
        answer = record.answer()
        lines = record.lines
    done = reported(tmp_path, "run.sqlite")
    assert done.stdout.strip() == as_text.render(answer, lines).strip()
    done = reported(tmp_path, "run.sqlite", "--format", "json")
    assert json.loads(done.stdout) == json.loads(as_json.render(answer))
