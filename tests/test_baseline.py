"""A baseline leaves out the faults of old code, and only those."""

from __future__ import annotations

import json

import pytest

from commands import RIGHT, STUCK, ask, refused
from gradproof.baseline import enclosing, read
from gradproof.files import Unreadable

STEP = (
    STUCK[: STUCK.index("for _")]
    + """

class Trainer:
    def step(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - x))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
"""
)


@pytest.fixture
def project(tmp_path):
    """A folder with two stuck programs, and the baseline of them."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "train.py").write_text(STUCK)
    (tmp_path / "sub" / "steps.py").write_text(STEP)
    done = ask("check", "--write-baseline", "old.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "gradproof: old.json lists 2 faults in 2 files\n"
    return tmp_path


def check(project, *options):
    """What `check` says with the baseline."""
    return ask("check", "--baseline", "old.json", *options, cwd=project)


def test_old_faults_are_left_out(project):
    """They are counted, and the status is 0."""
    done = check(project)
    assert done.returncode == 0, done.stdout
    assert "2 in the baseline" in done.stdout
    assert "GP403" not in done.stdout
    assert ask("check", cwd=project).returncode == 1


def test_it_is_meant_to_be_read(project):
    """One entry a fault: name, path, function, and the line."""
    form = json.loads((project / "old.json").read_text())
    assert form["version"] == 1
    first, second = form["faults"]
    assert first["path"] == "sub/steps.py"
    assert first["fault"] == "mispaired-gradients"
    assert first["in"] == "Trainer.step"
    assert first["line"].startswith("optimizer.apply_gradients(zip(")
    assert (second["path"], second["in"], second["count"]) == ("train.py", "", 1)


def test_moved_lines_and_formatting_change_nothing(project):
    """Lines above, blanks, and other functions before it."""
    steps = project / "sub" / "steps.py"
    moved = STEP.replace("class", "def other():\n    return 1\n\n\nclass")
    steps.write_text(
        "# A remark.\n\n" + moved.replace("zip(gradients, enc", "zip(gradients,   enc")
    )
    assert check(project).returncode == 0


def test_new_faults_are_reported(project):
    """A new file; the same line once more; the same line in another function."""
    (project / "new.py").write_text(STUCK)
    (project / "sub" / "steps.py").write_text(
        STEP + STEP.split("Trainer:\n")[1].replace("step", "other")
    )
    loop = STUCK[STUCK.index("for _") :]
    (project / "train.py").write_text(STUCK + loop)
    done = check(project)
    assert done.returncode == 1
    assert "3 errors" in done.stdout
    assert "2 in the baseline" in done.stdout


def test_stale_entries_are_counted(project):
    """Mended or deleted: told, until the baseline is written anew."""
    (project / "train.py").write_text(RIGHT)
    done = check(project)
    assert done.returncode == 0
    assert "old.json: 1 entry not found any more" in done.stdout
    # What was not read this time is not stale.
    assert "any more" not in check(project, "sub").stdout
    (project / "sub" / "steps.py").unlink()
    assert "old.json: 2 entries not found any more" in check(project).stdout
    ask("check", "--write-baseline", "old.json", cwd=project)
    assert "any more" not in check(project).stdout


def test_paths_count_from_the_baseline(project):
    """So that it serves from every folder."""
    done = ask("check", "--baseline", "../old.json", ".", cwd=project / "sub")
    assert done.returncode == 0
    assert "1 in the baseline" in done.stdout


def test_configured(project):
    """`baseline` in the table, relative to it."""
    (project / "pyproject.toml").write_text('[tool.gradproof]\nbaseline = "old.json"\n')
    assert ask("check", cwd=project).returncode == 0
    assert ask("check", cwd=project / "sub").returncode == 0
    # Writing it anew does not leave out what it lists.
    done = ask("check", "--write-baseline", "old.json", cwd=project)
    assert "2 faults" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "can't be read (no such file or directory); `--write-baseline old.json` makes"),
        ("{", "not a baseline, it is no JSON"),
        ("[]", "not a baseline of gradproof"),
        ('{"version": 1, "faults": [{"fault": 3}]}', "not a baseline of gradproof"),
        ('{"version": 1, "faults": 7}', "not a baseline of gradproof"),
        ('{"version": 9, "faults": []}', "a baseline of version 9"),
    ],
)
def test_a_baseline_that_is_none(text, words, tmp_path, monkeypatch):
    """One sentence."""
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "old.json").write_text(text)
    with pytest.raises(Unreadable) as problem:
        read("old.json")
    assert str(problem.value).startswith("old.json: ")
    assert words in str(problem.value)


def test_the_command_refuses_it(tmp_path):
    """One sentence."""
    (tmp_path / "train.py").write_text("x = 1\n")
    sentence = refused(ask("check", "--baseline", "old.json", cwd=tmp_path))
    assert sentence.startswith("old.json: can't be read")


def test_a_baseline_that_cannot_be_written(tmp_path):
    """One sentence."""
    sentence = refused(ask("check", "--write-baseline", "no/such.json", cwd=tmp_path))
    assert "no/such.json: can't be written" in sentence


SOURCE = """\
import os

async def outer():
    class Inner:
        x = 1
        def method(
            self,
        ):
            call(
                1,
            )

    after = 2
top = 3
""".split("\n")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (1, ""),
        (5, "outer.Inner"),
        (6, "outer.Inner.method"),
        (9, "outer.Inner.method"),
        (10, "outer.Inner.method"),
        (13, "outer"),
        (14, ""),
        (99, ""),
    ],
)
def test_enclosing(line, name):
    """The dotted name of what stands around a line."""
    assert enclosing(SOURCE, line) == name
