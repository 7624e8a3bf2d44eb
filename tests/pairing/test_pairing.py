"""`gradproof compare A B` names the first difference of real programs."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from pairs import FIT, ORDERED, OWN, PAIRS, SAME, SHUFFLED, swap

from gradproof.pairing.contrasting import Contrasting
from gradproof.pairing.programs import Runs, named
from gradproof.report import contrast
from gradproof.report import json as as_json

pytestmark = pytest.mark.tensorflow
QUICK = {
    "loss for each example",
    "no momentum",
    "learning rate frozen at trace",
    "ascent",
    "a layer left out",
    "fewer epochs",
}
"""Pairs of other kinds; the others are tried by `make test-all`."""

SCHEMA = json.loads(files("gradproof.report").joinpath("schema.json").read_text("utf-8"))


@pytest.fixture
def compared(nursery, tmp_path, monkeypatch):
    """Compares two programs; their runs are forked, else all is as in a shell."""

    def carry_out(trial, folder, entry, options, said):
        done = nursery.run(
            [entry, *options, trial.script, *trial.arguments], Path(folder), dict(trial.environment)
        )
        said.write_text(done.stdout + done.stderr)
        return done.status

    def compare(left: str, right: str, same_start: bool = False):
        (tmp_path / "one").mkdir()
        (tmp_path / "other").mkdir()
        (tmp_path / "one" / "a.py").write_text(left)
        (tmp_path / "other" / "b.py").write_text(right)
        monkeypatch.chdir(tmp_path)
        sides = named("one/a.py", (), 100, None), named("other/b.py", (), 100, None)
        records = tmp_path / "records"
        records.mkdir()
        told: list[str] = []
        work = Contrasting(
            Runs(str(records), 120.0, carry_out), sides, ("A", "B"), 100, told.append
        )
        found = work.go(same_start)
        jsonschema.validate(json.loads(as_json.render_contrast(found)), SCHEMA)
        return found, contrast.render(found, (lambda path, cell: [],) * 2)

    return compare


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(pair, id=pair.name, marks=() if pair.name in QUICK else pytest.mark.slow)
        for pair in PAIRS
    ],
)
def test_the_first_difference_is_named(compared, pair):
    """Its update, its stage, its variable, and why."""
    found, text = compared(pair.left, pair.right)
    assert (found.step, found.stage) == (pair.step, pair.stage), text
    assert (found.variable or "").endswith(pair.variable), text
    # Keras 2 alone names variables without their model.
    assert pair.said in text.replace("`sequential/", "`"), text
    assert found.start == "equal"
    assert not found
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        pytest.param(*one, id=one[0], marks=pytest.mark.slow if number > 2 else ())
        for number, one in enumerate(SAME)
    ],
)
def test_float_noise_parts_nobody(compared, name, left, right):
    """Programs that do the same in other words."""
    found, text = compared(left, right)
    assert found, text
    assert found.steps == 8
    assert "do the same; " in text


def test_chance_is_named(compared):
    """`fit` shuffles; another seed makes as large a difference."""
    found, text = compared(SHUFFLED, ORDERED)
    assert (found.step, found.stage) == (1, "loss"), text
    assert any("order of batches, dropout or other chance" in words for words in found.reasons)


def test_generations_from_one_start(compared):
    """Keras 3 and tf-keras draw other values; from the same they do the same."""
    old = swap(
        FIT,
        ("from tensorflow import keras", "import tf_keras as keras"),
        ("set_random_seed(3)", "set_random_seed(4)"),
    )
    found, text = compared(FIT, old, same_start=True)
    assert found, text
    assert found.start == "given"
    assert found.steps == 8
    assert "B starts from the values of A" in text


def test_another_start_comes_first(compared):
    """Before any update."""
    found, text = compared(OWN, swap(OWN, ("set_random_seed(3)", "set_random_seed(4)")))
    assert (found.step, found.stage, found.start) == (0, "start", "different"), text
    assert "--same-start gives B those of A" in text
