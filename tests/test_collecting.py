"""Which files are read: folders, .gitignore, odd things in the file system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from commands import GRADPROOF, STUCK, ask, refused
from gradproof.collecting import collect


def made(folder, *names):
    """Makes empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(folder, *paths):
    """What is collected below a folder, as it is shown there."""
    os.chdir(folder)
    return list(collect(paths or ["."]))


@pytest.fixture(autouse=True)
def _stay(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_only_programs_of_ones_own(tmp_path):
    """Hidden folders, environments, installed and built things are left out."""
    made(tmp_path, "b.py", "a.py", "sub/c.ipynb", "notes.txt", "d.pyc")
    made(tmp_path, ".hidden/x.py", "sub/__pycache__/x.py", "node_modules/x.py", "build/x.py")
    made(
        tmp_path, "lib/site-packages/x.py", "env/pyvenv.cfg", "env/x.py", ".venv/x.py", "dist/x.py"
    )
    assert found(tmp_path) == ["a.py", "b.py", "sub/c.ipynb"]


def test_what_is_named_is_read(tmp_path):
    """Whatever it is called."""
    made(tmp_path, ".hidden/x.py", "build/y.py", "script")
    assert found(tmp_path, ".hidden", "build", "script") == [".hidden/x.py", "build/y.py", "script"]


def test_each_file_once(tmp_path):
    """However it is spelt."""
    made(tmp_path, "a.py", "b.py")
    assert found(tmp_path, "b.py", "./b.py", ".", str(tmp_path)) == ["b.py", "a.py"]


def test_gitignore(tmp_path):
    """Nested files, negation, anchors; the innermost that speaks decides."""
    made(tmp_path, ".git/info/exclude", "a.py", "gen/x.py", "sub/gen/x.py", "sub/keep_gen.py")
    made(tmp_path, "sub/drop_gen.py", "sub/deep/a.py", "top.py", "sub/top.py", "mine.py")
    (tmp_path / ".gitignore").write_text("# a remark\n\ngen/\n*_gen.py\n/top.py\n!keep_gen.py\n")
    (tmp_path / "sub" / ".gitignore").write_text("deep\n!gen/\n")
    (tmp_path / ".git" / "info" / "exclude").write_text("mine.py\n")
    assert found(tmp_path) == ["a.py", "sub/keep_gen.py", "sub/top.py", "sub/gen/x.py"]
    assert found(tmp_path / "sub") == ["keep_gen.py", "top.py", "gen/x.py"]
    # What was named is searched though it is ignored.
    assert found(tmp_path, "gen") == ["gen/x.py"]
    assert found(tmp_path / "gen") == ["x.py"]


def test_gitignore_agrees_with_git(tmp_path):
    """The same files as git sees, for patterns of all kinds."""
    if subprocess.run(["git", "init", "-q"], cwd=tmp_path).returncode:
        pytest.skip("needs git")
    names = [
        f"{folder}{name}.py"
        for folder in ("", "a/", "a/b/", "a/b/c/", "x/a/", "logs/", "a/logs/")
        for name in ("one", "two", "test_one", "t[1]")
    ]
    made(tmp_path, *names)
    (tmp_path / ".gitignore").write_text(
        "two.py\n!a/two.py\n/a/b/c\nlogs/*\n!logs/one.py\n**/x/a/t*\na/**/test_one.py\nt\\[1\\].py\n\\!x\n"
    )
    (tmp_path / "a" / ".gitignore").write_text("one.py\n!b/one.py\n/logs\n[\n!\n")
    done = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "*.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(found(tmp_path)) == sorted(done.stdout.split())


def test_a_gitignore_above_that_is_in_no_repository(tmp_path):
    """It counts below the folder that is searched, not above it."""
    made(tmp_path, "sub/a.py")
    (tmp_path / ".gitignore").write_text("*.py\n")
    assert found(tmp_path) == []
    assert found(tmp_path / "sub") == ["a.py"]


def test_links(tmp_path):
    """A loop ends; a link to nowhere and one to a folder are no programs."""
    made(tmp_path, "sub/a.py")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "gone.py")
    (tmp_path / "folder.py").symlink_to(tmp_path / "sub")
    (tmp_path / "link.py").symlink_to(tmp_path / "sub" / "a.py")
    assert found(tmp_path) == ["link.py", "sub/a.py"]
    assert "can't be read" in refused(ask("check", "nowhere.py", cwd=tmp_path))
    assert "can't be read" in refused(ask("check", "loop.py", cwd=tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_pipes_and_devices(tmp_path):
    """None is waited for; what a shell passes is read."""
    os.mkfifo(tmp_path / "pipe.py")
    made(tmp_path, "a.py")
    assert "1 file with" in ask("check", cwd=tmp_path).stdout
    for path in ("pipe.py", "/dev/zero"):
        assert "a device or a pipe, not a program" in refused(ask("check", path, cwd=tmp_path))
    (tmp_path / "train.py").write_text(STUCK)
    done = subprocess.run(
        ["bash", "-c", f"{GRADPROOF} check --no-cache <(cat train.py)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "error[GP403]" in done.stdout


def test_odd_files_in_a_folder(tmp_path):
    """The others are judged; what might train and can't be read is named."""
    (tmp_path / "null.py").write_bytes(b"import keras\0\n")
    (tmp_path / "huge.py").write_text("x = 1\n" * 1_000_000)
    (tmp_path / "latin.py").write_bytes(b"import keras\nx = '\xe9'\n")
    (tmp_path / "book.ipynb").write_text("keras")
    (tmp_path / "deep.py").write_text("import keras\nx = " + "(" * 500 + ")" * 500 + "\n")
    (tmp_path / "other.py").write_bytes(b"\xff\x00 not about training")
    (tmp_path / "train.py").write_text(STUCK)
    done = ask("check", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    words = " ".join(done.stdout.split())
    for name, why in (
        ("null.py", "a binary file"),
        ("huge.py", "6,000,000 bytes are more"),
        ("latin.py", "not valid UTF-8"),
        ("book.ipynb", "a broken notebook"),
        ("deep.py:2", "syntax error"),
    ):
        assert f"not read: {name}: {why}" in words
    assert "other.py" not in words
    assert "2 files with 1 loop read" in words


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes that are no text")
def test_a_name_that_is_no_text(tmp_path):
    """It is read, and written in some way."""
    (tmp_path / os.fsdecode(b"tr\xff.py")).write_text(STUCK)
    done = subprocess.run([GRADPROOF, "check"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 1
    assert b"error[GP403]" in done.stdout
    assert b"Traceback" not in done.stderr


def test_several_named_files_of_which_one_is_broken(tmp_path):
    """The others are judged, the broken one is named, the status is 2."""
    (tmp_path / "bad.py").write_text("def f(:\n")
    (tmp_path / "train.py").write_text(STUCK)
    done = ask("check", "bad.py", "train.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "error[GP403]" in done.stdout
    assert "not read: bad.py:1: syntax error" in done.stdout
