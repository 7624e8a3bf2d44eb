"""The cache: never another answer, whatever is in it; only sooner."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys

import pytest

from commands import GRADPROOF, RIGHT, STUCK, ask
from gradproof.cache import Cache
from gradproof.check import Manner, check
from gradproof.checking import Task
from gradproof.config import Choice, Configuration

STEPS = """\
def pick(encoder, decoder):
    return {}.trainable_variables
"""
CALLER = "from steps import pick\n" + STUCK.replace(
    "zip(gradients, encoder.trainable_variables)", "zip(gradients, pick(encoder, decoder))"
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a stuck program; the cache lies below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADPROOF_HOME", str(tmp_path / ".gradproof"))
    (tmp_path / "train.py").write_text(STUCK)
    return tmp_path


def answered(*paths, select=None):
    """What `check` finds here, with the cache."""
    choice = Choice(select=select, isolated=True)
    answer, _ = check(paths or ["."], manner=Manner(Configuration(choice), cached=True))
    return answer


def codes(answer):
    """The codes of what was found."""
    return [diagnosis.fault.code for diagnosis in answer.diagnoses]


def entries(project):
    """The rows of the cache."""
    with sqlite3.connect(project / ".gradproof" / "cache" / "checked-1.sqlite") as connection:
        return connection.execute("SELECT path, found FROM checked").fetchall()


def spoil(project):
    """Puts another answer into every row: so that one sees who reads it."""
    with sqlite3.connect(project / ".gradproof" / "cache" / "checked-1.sqlite") as connection:
        found = json.dumps(
            {"loops": 77, "unsure": False, "notes": [], "comments": [], "diagnoses": []}
        )
        connection.execute("UPDATE checked SET found = ?", (found,))


def test_the_same_answer_from_the_cache(project):
    """Word for word, places and mends included."""
    first, second = answered(), answered()
    assert codes(first) == ["GP403"]
    assert first == second
    spoil(project)
    assert answered().loops == 77


def test_comments_and_notebooks_survive(project):
    """What allows a fault, and the cell of a place."""
    cells = [{"cell_type": "code", "source": STUCK.splitlines(True)}]
    (project / "book.ipynb").write_text(json.dumps({"cells": cells}))
    (project / "train.py").write_text("# gradproof: allow[qqq]\n" + STUCK)
    first, second = answered(), answered()
    assert first == second
    assert first.notes
    assert first.diagnoses[0].place.cell == 1


def test_more_than_one_reading_follows_is_kept(project):
    """With its sentence: it takes longest to read, and reads the same each time."""
    text = "import tensorflow as tf\ntape = tf.GradientTape()\n" + "x = 1\n" * 60_000
    (project / "train.py").write_text(text)
    first, second = answered(), answered()
    assert first == second
    assert "holds more than one reading follows" in first.notes[0]
    spoil(project)
    assert answered().loops == 77


def test_an_answer_with_a_mistake_of_ours_is_not_kept(project, monkeypatch):
    """The next gradproof may not make it."""

    def fails(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("gradproof.source.read", fails)
        assert "a mistake in gradproof" in answered().notes[0]
    assert codes(answered()) == ["GP403"]


def test_a_changed_file_is_judged_anew(project):
    """By what it holds, not by its time."""
    path = project / "train.py"
    assert codes(answered()) == ["GP403"]
    stat = path.stat()
    path.write_text(RIGHT.ljust(len(STUCK)))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert codes(answered()) == []
    assert len(entries(project)) == 1


def test_a_change_in_an_imported_file(project):
    """And one that appears, and one that goes."""
    steps = project / "steps.py"
    (project / "train.py").write_text(CALLER)

    def mispaired():
        return "GP403" in codes(answered("train.py"))

    assert not mispaired()
    steps.write_text(STEPS.format("encoder"))
    assert mispaired()
    steps.write_text(STEPS.format("decoder"))
    assert not mispaired()
    assert not mispaired()
    steps.write_text(STEPS.format("encoder"))
    assert mispaired()
    steps.unlink()
    assert not mispaired()


def test_other_options_other_answers(project):
    """What was selected is part of the question."""
    assert codes(answered(select=frozenset({"GP101"}))) == []
    assert codes(answered()) == ["GP403"]
    assert codes(answered(select=frozenset({"GP101"}))) == []


@pytest.mark.parametrize("rest", [b"", b"not a database" * 100, None])
def test_a_broken_cache(rest, project):
    """Empty, overwritten, or cut: the answer is right, and the cache is made anew."""
    answered()
    path = project / ".gradproof" / "cache" / "checked-1.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 100] if rest is None else rest)
    for _ in range(3):
        assert codes(answered()) == ["GP403"]
    if rest is not None:
        # Of a file that was cut SQLite does not always notice it.
        assert len(entries(project)) == 1


@pytest.mark.parametrize(
    "found",
    [
        "{",
        "[]",
        "{}",
        '{"loops": "1", "unsure": false, "notes": [], "comments": [], "diagnoses": []}',
        '{"loops": 1, "unsure": false, "notes": [], "comments": [], "diagnoses": [{"fault": "x"}]}',
        '{"loops": 1, "unsure": false, "notes": [], "comments": 3, "diagnoses": []}',
        '{"loops": 1, "unsure": false, "notes": [3], "comments": [], "diagnoses": []}',
        '{"loops": 1, "unsure": false, "notes": "ab", "comments": [], "diagnoses": []}',
    ],
)
def test_rows_that_are_none(found, project):
    """What somebody else wrote there is not believed."""
    answered()
    with sqlite3.connect(project / ".gradproof" / "cache" / "checked-1.sqlite") as connection:
        connection.execute("UPDATE checked SET found = ?", (found,))
    assert codes(answered()) == ["GP403"]


def test_a_folder_that_cannot_be_made(project):
    """Then there is no cache, and nothing is said of it."""
    (project / ".gradproof").write_text("a file")
    assert codes(answered()) == ["GP403"]
    assert codes(answered()) == ["GP403"]


def test_somebody_else_writes(project):
    """A locked cache is left alone."""
    answered()
    path = project / ".gradproof" / "cache" / "checked-1.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    (project / "new.py").write_text(STUCK)
    assert codes(answered()) == ["GP403", "GP403"]
    other.rollback()
    other.close()
    assert codes(answered()) == ["GP403", "GP403"]


def test_many_at_once(project):
    """Eight commands in one folder: one answer, and a sound cache."""
    for number in range(5):
        (project / f"more{number}.py").write_text(STUCK)
    running = [
        subprocess.Popen([GRADPROOF, "check", "--format", "json"], stdout=subprocess.PIPE)
        for _ in range(8)
    ]
    answers = {one.communicate()[0] for one in running}
    assert len(answers) == 1
    with sqlite3.connect(project / ".gradproof" / "cache" / "checked-1.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(entries(project)) == 6


def test_old_entries_go(project):
    """After a month in which nobody made them anew."""
    answered()
    with sqlite3.connect(project / ".gradproof" / "cache" / "checked-1.sqlite") as connection:
        connection.execute("UPDATE checked SET day = 1")
    (project / "new.py").write_text(STUCK)
    answered()
    assert [path for path, _ in entries(project)] == [str(project / "new.py")]


def test_git_leaves_it_alone(project):
    """The folder ignores itself."""
    answered()
    assert (project / ".gradproof" / ".gitignore").read_text().splitlines()[-1] == "*"


def test_the_command(tmp_path):
    """On by default, off with --no-cache; nothing is written when nothing trains."""
    (tmp_path / "plain.py").write_text("x = 1\n")
    ask("check", cwd=tmp_path)
    (tmp_path / "train.py").write_text(STUCK)
    ask("check", "--no-cache", cwd=tmp_path)
    assert not (tmp_path / ".gradproof").exists()
    first = ask("check", cwd=tmp_path)
    assert (tmp_path / ".gradproof" / "cache").exists()
    spoil(tmp_path)
    assert "77 loops" in ask("check", cwd=tmp_path).stdout
    assert ask("check", "--no-cache", cwd=tmp_path).stdout == first.stdout


def test_an_answer_out_of_the_cache_needs_no_reader(project):
    """Neither the reader nor the faults are imported: that is what it is for."""
    (project / "train.py").write_text(RIGHT)
    code = (
        "import sys\nfrom gradproof.cli import main\n"
        "try:\n    main(['check'])\nexcept SystemExit:\n    print(*sys.modules)"
    )

    def loaded():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        return set(done.stdout.split())

    assert "gradproof.source" in loaded()
    again = loaded()
    assert "gradproof.check" in again
    assert not again & {"gradproof.source", "gradproof.faults", "gradproof.evidence"}


def test_unknown_files_are_unknown(project):
    """An empty cache knows nothing, and making one writes nothing."""
    cache = Cache(project / ".gradproof")
    path = project / "train.py"
    assert cache.known(Task(str(path), "train.py"), path.read_bytes()) is None
    cache.write()
    assert not (project / ".gradproof").exists()


def test_processes_give_the_same_answer(project, monkeypatch):
    """In the same order, whoever was first."""
    monkeypatch.setattr("gradproof.checking.WORTH_A_POOL", 10)
    monkeypatch.setattr("gradproof.checking.CHUNK", 3)
    for number in range(12):
        (project / f"more{number:02}.py").write_text(STUCK if number % 2 else RIGHT)
    (project / "bad.py").write_text("import keras\ndef f(:\n")
    alone, _ = check(["."])
    shared, _ = check(["."], manner=Manner(Configuration(Choice(isolated=True)), jobs=2))
    assert shared == alone
    assert len(alone.diagnoses) == 7
    assert alone.notes == ("not read: bad.py:2: syntax error, invalid syntax",)
