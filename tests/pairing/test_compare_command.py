"""`gradproof compare`, as users call it."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import jsonschema
import pytest
from pairs import FIT, OWN, swap

from books import notebook
from commands import ask, refused

SCHEMA = json.loads(files("gradproof.report").joinpath("schema.json").read_text("utf-8"))
FROZEN = swap(OWN, ("zip(gradients, model", "zip(gradients[:2], model"))
ARGUMENT = swap(
    FIT, ("Adam(0.01)", "Adam(float(sys.argv[1]))"), ("import numpy", "import sys\nimport numpy")
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "own.py").write_text(FROZEN)
    (tmp_path / "fit.py").write_text(FIT)
    (tmp_path / "rate.py").write_text(ARGUMENT)
    return tmp_path


@pytest.mark.tensorflow
def test_two_programs(folder):
    """In processes and folders of their own; the text says where they part."""
    done = ask("compare", "--steps", "3", "own.py", "fit.py", cwd=folder)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("gradproof: own.py and fit.py part at update 1, gradients of")
    said = done.stdout.replace("`sequential/", "`")  # Keras 2 alone has no such prefix
    assert "not updated in own.py: `dense_1/kernel`" in said
    assert "in own.py only:\nerror[GP" in done.stdout
    assert "\nown.py: 3 steps, Adam" in done.stdout
    assert "run 4: own.py from values a few roundings beside its own" in done.stderr
    assert sorted(one.name for one in folder.iterdir()) == ["fit.py", "own.py", "rate.py"]


@pytest.mark.tensorflow
def test_a_notebook_and_a_program(folder):
    """The Python of the notebook runs as the program does; places name its cells."""
    imports, rest = FROZEN.split("\n\n", 1)
    (folder / "own.ipynb").write_text(notebook(f"%matplotlib inline\n{imports}", rest))
    done = ask("compare", "--steps", "3", "own.ipynb", "own.py", cwd=folder)
    assert (done.returncode, done.stderr.count("run ")) == (0, 2), done.stdout + done.stderr
    assert "own.ipynb: left out, for it is no Python: cell 1:1" in done.stdout
    done = ask("compare", "--steps", "3", "own.ipynb", "fit.py", cwd=folder)
    assert done.returncode == 1, done.stderr
    assert "in own.ipynb only:\nerror[GP" in done.stdout
    assert "--> own.ipynb:cell 2:" in done.stdout


@pytest.mark.tensorflow
def test_two_records_and_json(folder, nursery):
    """Of runs that were made before; A is a program with arguments of its own."""
    for rate in ("0.01", "0.02"):
        command = ["gradproof", "run", "--record", f"{rate}.sqlite", "rate.py", rate]
        assert nursery.run(command, folder).status == 0
    done = ask("compare", "0.01.sqlite", "0.02.sqlite", "--format", "json", cwd=folder)
    assert done.returncode == 1, done.stderr
    form = json.loads(done.stdout)
    jsonschema.validate(form, SCHEMA)
    found = form["comparison"]
    assert (form["version"], form["command"]) == (1, "compare")
    assert (found["step"], found["stage"], found["start"]) == (1, "learning rate", "equal")
    assert found["noise"] == "resolved"
    assert len(found["variables"][0]["updates"][1]) == 8
    same = ask("compare", "0.01.sqlite", "0.01.sqlite", "--output", "said.txt", cwd=folder)
    assert (same.returncode, same.stdout) == (0, "")
    assert "do the same; 4 variables and 8 updates" in (folder / "said.txt").read_text()
    mixed = ask("compare", "0.01.sqlite", "rate.py 0.01", "--steps", "2", cwd=folder)
    assert mixed.returncode == 0, mixed.stdout + mixed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["own.py", "none.py"], "none.py: no such file"),
        (["own.py", "."], ".: a folder, neither a program nor a run record"),
        (["own.py", "a 'b"], "not a command line"),
    ],
)
def test_what_can_not_be_compared(folder, words, said):
    """One sentence, status 2."""
    assert said in refused(ask("compare", *words, cwd=folder))


def test_wrong_usage(folder):
    """Two sides are needed."""
    done = ask("compare", "own.py", cwd=folder)
    assert done.returncode == 2
    assert "two programs or run records are needed, got 1" in done.stderr


def test_a_program_that_fails_or_makes_no_update(folder):
    """It is said of which, and what it said last."""
    (folder / "bad.py").write_text("raise ValueError('no data')\n")
    done = ask("compare", "bad.py", "fit.py", cwd=folder)
    assert done.returncode == 2
    told = re.sub(r"run 1: .*\n", "", done.stderr)
    assert (
        told == "gradproof: bad.py: it ends with status 1 before any update: ValueError: no data\n"
    )
