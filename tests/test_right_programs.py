"""Right programs in many hands' styles: they learn, and nothing may be said about them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nursery import Nursery

PROGRAMS = sorted((Path(__file__).parent.parent / "benchmarks" / "exam" / "right").glob("*.py"))
LOSS = re.compile(r"\bloss:? *(-?\d[\d.]*(?:e-?\d+)?)")

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def generations(name: str) -> tuple[int, ...]:
    """Reads from a file's name for which Keras it is written; both by default."""
    found = re.search(r"_keras([23])$", name)
    return (int(found[1]),) if found else (3, 2)


@pytest.fixture(scope="module", params=[3, 2], ids=["keras3", "keras2"])
def running(request) -> Iterator[tuple[int, Nursery]]:
    """A process that runs programs with one import of TensorFlow, and its generation."""
    before = os.environ.pop("TF_USE_LEGACY_KERAS", None)
    if request.param == 2:
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    with Nursery() as nursery:
        os.environ.pop("TF_USE_LEGACY_KERAS", None)
        if before is not None:
            os.environ["TF_USE_LEGACY_KERAS"] = before
        yield request.param, nursery


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_run_is_silent(program, running, tmp_path):
    """The program ends with a smaller loss, its steps were watched, and no alarm is given."""
    generation, nursery = running
    if generation not in generations(program.stem):
        pytest.skip("written for the other generation")
    shutil.copy(program, tmp_path)
    command = ["gradproof", "run", "--format", "json", "--output", "answer.json", program.name]
    done = nursery.run(command, tmp_path)
    answer = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert [one["message"] for one in answer["diagnoses"] if one["level"] != "advice"] == []
    assert done.status == 0, done.stderr[-2000:]
    assert answer["summary"]["steps"] > 0
    losses = [float(text) for text in LOSS.findall(done.stdout)]
    assert losses[-1] < losses[0], done.stdout
