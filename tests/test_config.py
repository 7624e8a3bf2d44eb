"""`[tool.gradproof]` of pyproject.toml, as the command obeys it."""

from __future__ import annotations

import pytest

from commands import RIGHT, STUCK, ask, refused
from gradproof.config import Configuration
from gradproof.files import Unreadable


def settings(folder, text):
    """Writes a pyproject.toml with these lines in its table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.gradproof]\n{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        'ignore = ["mispaired-gradients"]',
        'ignore = ["GP403"]',
        'ignore = ["GP4"]',
        'select = ["GP1", "zero-gradient-region"]',
        "select = []",
        '[tool.gradproof.per-file-ignores]\n"train.py" = ["GP403"]',
        '[tool.gradproof.per-file-ignores]\n"tr*.py" = ["GP4"]',
    ],
)
def test_faults_left_out(text, tmp_path):
    """Each way to say that GP403 is not to be looked for in train.py."""
    settings(tmp_path, text)
    (tmp_path / "train.py").write_text(STUCK)
    assert ask("check", "train.py", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        'select = ["GP4"]',
        'ignore = ["GP5"]',
        '[tool.gradproof.per-file-ignores]\n"other.py" = ["GP403"]\n"sub/" = ["GP4"]',
    ],
)
def test_faults_not_left_out(text, tmp_path):
    """What speaks of other faults or files changes nothing."""
    settings(tmp_path, text)
    (tmp_path / "train.py").write_text(STUCK)
    assert ask("check", "train.py", cwd=tmp_path).returncode == 1


def test_the_command_line_wins(tmp_path):
    """`--select` goes over `select` and `ignore`; `--ignore` adds; `--isolated` reads nothing."""
    settings(tmp_path, 'select = ["GP4"]\nignore = ["GP403"]')
    (tmp_path / "train.py").write_text(STUCK)

    def status(*options):
        return ask("check", *options, "train.py", cwd=tmp_path).returncode

    assert status() == 0
    assert status("--select", "GP403") == 1
    assert status("--isolated") == 1
    assert status("--isolated", "--ignore", "GP403") == 0


def test_the_nearest_table_holds_for_each_file(tmp_path):
    """Found upward from the file, not from where one stands; nothing is inherited."""
    settings(tmp_path, 'ignore = ["GP403"]')
    settings(tmp_path / "strict", "")
    (tmp_path / "plain" / "deep").mkdir(parents=True)
    # A pyproject.toml without our table is none.
    (tmp_path / "plain" / "pyproject.toml").write_text('[project]\nname = "x"\n')
    for name in ("strict/train.py", "plain/deep/train.py"):
        (tmp_path / name).write_text(STUCK)
    done = ask("check", cwd=tmp_path)
    assert "strict/train.py:12" in done.stdout
    assert "plain/" not in done.stdout
    inside = ask("check", "train.py", cwd=tmp_path / "plain" / "deep")
    assert inside.returncode == 0


def test_exclude(tmp_path):
    """Patterns count from the folder of the pyproject.toml; a named file is read all the same."""
    settings(tmp_path, 'exclude = ["old/", "*_draft.py", "/top.py"]')
    (tmp_path / "old").mkdir()
    (tmp_path / "sub").mkdir()
    for name in ("old/train.py", "sub/a_draft.py", "top.py", "sub/top.py"):
        (tmp_path / name).write_text(STUCK)
    done = ask("check", cwd=tmp_path)
    assert "--> sub/top.py:12" in done.stdout
    assert "1 file with" in done.stdout
    assert "1 file with" in ask("check", "sub", cwd=tmp_path).stdout
    assert ask("check", "old/train.py", cwd=tmp_path).returncode == 1
    forced = ask("check", "--force-exclude", "old/train.py", "top.py", cwd=tmp_path)
    assert forced.returncode == 0
    assert "0 files" in forced.stdout
    other = ask("check", "--exclude", "sub,old", cwd=tmp_path)
    assert "1 file with" in other.stdout
    assert "--> top.py:12" in other.stdout


def test_keras(tmp_path):
    """A generation in the table counts as one on the command line."""
    settings(tmp_path, "keras = 3")
    (tmp_path / "train.py").write_text(RIGHT)
    done = ask("check", cwd=tmp_path)
    assert done.stdout == "gradproof: 1 file with 1 loop read, no fault seen in source\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('selecting = ["GP4"]', "has no key `selecting`; did you mean `select`?"),
        ("colour = true", "has no key `colour`; it knows select, ignore,"),
        ('select = "GP4"', "`select` must be a list of names or codes of faults, got 'GP4'"),
        ("ignore = [403]", "`ignore` must be a list of names or codes of faults, got [403]"),
        ('ignore = ["GP999"]', "`ignore`: no fault is called 'GP999'"),
        ("exclude = 1", "`exclude` must be a list of patterns, got 1"),
        ("keras = 4", '`keras` must be "2", "3" or "both", got 4'),
        ("keras = true", '`keras` must be "2", "3" or "both", got True'),
        ("baseline = []", "`baseline` must be the path of a file, got []"),
        ('per-file-ignores = "x"', "`per-file-ignores` must be a table of patterns, got 'x'"),
        ('per-file-ignores = {"a.py" = ["zip"]}', "no fault is called 'zip'"),
        ("select =", "not valid TOML ("),
    ],
)
def test_tables_that_make_no_sense(text, sentence, tmp_path, monkeypatch):
    """One sentence with the file and the key."""
    settings(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unreadable) as problem:
        Configuration().at(str(tmp_path))
    assert str(problem.value).startswith("pyproject.toml: ")
    assert sentence in str(problem.value)


@pytest.mark.parametrize("verb", ["check", "run"])
def test_the_command_refuses_them(verb, tmp_path):
    """Nothing is read or run."""
    settings(tmp_path, 'selecting = ["GP4"]')
    (tmp_path / "train.py").write_text("open('touched', 'w')\n")
    words = refused(ask(verb, "train.py", cwd=tmp_path))
    assert (
        words == "pyproject.toml: [tool.gradproof] has no key `selecting`; did you mean `select`?"
    )
    assert not (tmp_path / "touched").exists()


def test_a_table_that_is_none(tmp_path):
    """`gradproof = 3` is told apart from a missing table."""
    (tmp_path / "pyproject.toml").write_text("[tool]\ngradproof = 3\n")
    assert "`tool.gradproof` must be a table, got 3" in refused(ask("check", cwd=tmp_path))


def test_somebody_elses_broken_file(tmp_path):
    """A pyproject.toml that does not speak of us is not our business."""
    (tmp_path / "pyproject.toml").write_text("[tool.other\nx = \n")
    (tmp_path / "train.py").write_text("x = 1\n")
    assert ask("check", cwd=tmp_path).returncode == 0
