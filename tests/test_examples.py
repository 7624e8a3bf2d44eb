"""The examples are what they say: stuck ones are found, right ones are silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from programs import ask

EXAMPLES = Path(__file__).parent.parent / "examples"
RIGHT = sorted((EXAMPLES / "right").glob("*.py"))
STUCK = {"spiral.py": "mispaired-gradients"}


def test_every_stuck_example_is_listed():
    """Each has a fault that it stands for, and a right twin."""
    names = {path.name for path in (EXAMPLES / "stuck").glob("*.py")}
    assert names == set(STUCK)
    assert names <= {path.name for path in RIGHT}


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_right_examples_read_well(path):
    """No fault is seen in their source."""
    assert ask("check", path).named == []


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_right_examples_run_well(path):
    """No fault is found when they run, and something was watched."""
    answer = ask("run", path)
    assert answer.named == []
    assert answer.status == 0
    assert "watched" in answer.stderr or answer.stdout


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", STUCK)
def test_stuck_examples_are_found(name):
    """The first diagnosis is the fault, and it is proven."""
    answer = ask("run", EXAMPLES / "stuck" / name)
    assert answer.loud[0]["fault"] == STUCK[name]
    assert answer.loud[0]["verdict"] == "proven"
