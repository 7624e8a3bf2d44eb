"""What else `gradproof check` offers: stdin, counts, a bar, formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import GRADPROOF, RIGHT, STUCK, ask, refused


def test_stdin(tmp_path):
    """Called by the name that is given; else by a name for it."""
    done = ask("check", "-", cwd=tmp_path, stdin=STUCK)
    assert done.returncode == 1
    assert "--> <stdin>:12:" in done.stdout
    assert "optimizer.apply_gradients(zip(" in done.stdout
    named = ask("check", "-", "--stdin-filename", "sub/train.py", cwd=tmp_path, stdin=STUCK)
    assert "--> sub/train.py:12:" in named.stdout
    # An editor's text is nobody's file: nothing is kept of it.
    assert not (tmp_path / ".gradproof").exists()


def test_stdin_in_its_project(tmp_path):
    """Settings, pins and neighbours are those of the name."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "pyproject.toml").write_text(
        '[tool.gradproof]\nignore = ["GP403"]\nexclude = ["train.py"]\n'
    )

    def status(*options):
        given = ("check", "-", "--stdin-filename", "sub/train.py", *options)
        return ask(*given, cwd=tmp_path, stdin=STUCK).returncode

    assert status() == 0
    assert status("--select", "GP4") == 1
    assert status("--select", "GP4", "--force-exclude") == 0


def test_stdin_as_a_notebook(tmp_path):
    """The name says what it is."""
    cells = [{"cell_type": "code", "source": STUCK.splitlines(True)}]
    text = json.dumps({"cells": cells})
    done = ask("check", "-", "--stdin-filename", "book.ipynb", cwd=tmp_path, stdin=text)
    assert "--> book.ipynb:cell 1:12:" in done.stdout


def test_stdin_that_is_no_program(tmp_path):
    """One sentence; and it does not go together with files."""
    assert refused(ask("check", "-", cwd=tmp_path, stdin="def f(:\n")).startswith("<stdin>:1: ")
    assert refused(ask("check", "-", cwd=tmp_path, stdin="x = 1\0\n")).startswith("<stdin>: ")
    done = ask("check", "-", "train.py", cwd=tmp_path, stdin="")
    assert done.returncode == 2
    assert "can't be read together" in done.stderr


def test_statistics(tmp_path):
    """How often each fault was found, instead of where."""
    for name in "abc":
        (tmp_path / f"{name}.py").write_text(STUCK)
    done = ask("check", "--statistics", cwd=tmp_path)
    assert done.returncode == 1
    first, *_, last = done.stdout.splitlines()
    assert first.split(None, 3)[:3] == ["3", "GP403", "mispaired-gradients"]
    assert last.startswith("gradproof: 3 errors; 3 files with 3 loops read")
    assert "-->" not in done.stdout
    wrong = ask("check", "--statistics", "--format", "json", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_counts_in_json(tmp_path):
    """What was left out is counted there, too."""
    (tmp_path / "old.py").write_text(STUCK)
    ask("check", "--write-baseline", "old.json", cwd=tmp_path)
    apply = "zip(gradients, encoder.trainable_variables))"
    (tmp_path / "new.py").write_text(STUCK.replace(apply, f"{apply}  # gradproof: allow[GP403]"))
    done = ask("check", "--baseline", "old.json", "--format", "json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["diagnoses"] == []
    assert answer["summary"]["allowed"] == 1
    assert answer["summary"]["baseline"] == 1


def test_formats_for_others(tmp_path):
    """GitHub's annotations, and SARIF."""
    (tmp_path / "train.py").write_text(STUCK)
    github = ask("check", "--format", "github", cwd=tmp_path)
    assert github.returncode == 1
    assert github.stdout.startswith("::error file=train.py,line=12,")
    sarif = json.loads(ask("check", "--format", "sarif", cwd=tmp_path).stdout)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "GP403"


def test_many_files_in_processes(tmp_path):
    """More than a few hundred are shared out; the answer is the same."""
    for number in range(220):
        text = STUCK if number % 20 == 0 else f"import keras\nx = {number}\n"
        (tmp_path / f"file{number:03}.py").write_text(text)
    shared = ask("check", "--no-cache", "--format", "json", "--jobs", "2", cwd=tmp_path)
    alone = ask("check", "--no-cache", "--format", "json", "--jobs", "1", cwd=tmp_path)
    assert shared.stdout == alone.stdout
    answer = json.loads(alone.stdout)
    assert answer["summary"]["files"] == 220
    assert len(answer["diagnoses"]) == 11


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_bar_on_a_terminal_only(tmp_path):
    """On stderr, when there are many files; a pipe gets none."""
    import pty

    for number in range(120):
        (tmp_path / f"file{number:03}.py").write_text(f"import keras\nx = {number}\n")
    piped = ask("check", "--no-cache", cwd=tmp_path)
    assert piped.stderr == ""
    leader, follower = pty.openpty()
    done = subprocess.run(
        [GRADPROOF, "check", "--no-cache"],
        cwd=tmp_path,
        stderr=follower,
        stdout=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert done.returncode == 0
    assert done.stdout.decode() == piped.stdout
    assert "reading" in shown
    assert "100%" in shown


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="waits for the first child")
def test_ctrl_c_ends_quietly(tmp_path):
    """With the status of an interrupted program, without a traceback."""
    import signal

    for number in range(400):
        (tmp_path / f"file{number:03}.py").write_text(RIGHT * 30)
    running = subprocess.Popen(
        [GRADPROOF, "check", "--no-cache"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    while not children.read_text() and running.poll() is None:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert b"Traceback" not in stderr
