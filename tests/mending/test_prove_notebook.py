"""`gradproof fix --prove` of a notebook: its Python runs, and its cells are mended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from books import notebook
from commands import ask, refused
from gradproof import cli
from gradproof.mending import measuring

STEP = """\
def step(x, y):
    output = model(x)  # the forward pass
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(output - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
"""
MENDED = STEP.replace("    output = model(x)  # the forward pass\n", "").replace(
    "as tape:\n", "as tape:\n        output = model(x)  # the forward pass\n"
)
CELLS = [
    "%matplotlib inline\n!pip install -q \\\n   keras\nimport tensorflow as tf  # really?\n",
    "%%bash\nls ..",
    "from own import net\n\nfiles = !ls\nrate = float(open('../rate.txt').read())\n",
    "%%time\nmodel = net()\noptimizer = tf.keras.optimizers.SGD(rate)\ndisplay(model.name)",
    "x = tf.random.stateless_normal((16, 4), (1, 2))\nmodel?",
    STEP,
    "turns = (100  # why?\n    % 60)\n",
    "%time step(x, 2 * x)\nfor turn in range(turns):\n    step(x, 2 * x)\n",
]
OWN = """\
import tensorflow as tf


def net():
    return tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(4)])
"""


@pytest.fixture
def proven(tmp_path, nursery, monkeypatch, capsys):
    """Calls the command with runs in the process that has imported TensorFlow."""

    def carry_out(trial, folder, entry, options, said):
        home = {"GRADPROOF_HOME": os.path.join(os.path.dirname(folder), "home")}
        command = [entry, *options, trial.script, *trial.arguments]
        done = nursery.run(command, Path(folder), {**home, **environment})
        said.write_text(done.stdout + done.stderr)
        return done.status

    def call(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["gradproof", "fix", "--prove", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, capsys.readouterr().out

    environment: dict[str, str] = {}
    monkeypatch.setattr(measuring, "carry_out", carry_out)
    monkeypatch.chdir(tmp_path)
    return call


@pytest.mark.tensorflow
def test_a_notebook_is_run_and_its_cell_mended(proven, tmp_path):
    """In its own folder, with what lies around; every other byte of it stays."""
    books = tmp_path / "books"
    books.mkdir()
    (tmp_path / "rate.txt").write_text("0.1")
    (books / "own.py").write_text(OWN)
    path = books / "a.ipynb"
    path.write_text(notebook(*CELLS))
    there = sorted(tmp_path.rglob("*"))
    status, said = proven("--write", "books/a.ipynb")
    assert status == 0, said
    assert said.startswith("books/a.ipynb:cell 6:2: GP201 forward-outside-tape")
    assert "lost at [recorded]  moved" in said
    assert "1 mend proven in whole runs, 0 faults remain" in said
    assert " ".join(said.split()).endswith(
        "- left out, for it is no Python: cell 1:1 (`%matplotlib inline`), "
        "cell 1:2 (`!pip install -q \\`), cell 2 (`%%bash`), cell 3:3 (`files = !ls`), "
        "cell 5:2 (`model?`) - written: books/a.ipynb"
    )
    assert path.read_text() == notebook(*[MENDED if cell == STEP else cell for cell in CELLS])
    assert sorted(tmp_path.rglob("*")) == there


@pytest.mark.tensorflow
def test_a_notebook_that_lacks_what_was_left_out(proven, tmp_path):
    """Its end is told, and what it may lack."""
    (tmp_path / "a.ipynb").write_text(notebook("!wget data.csv", "x = open('data.csv')\n"))
    status, said = proven("a.ipynb")
    assert status == 2
    assert "it ends with status 1 before any update: FileNotFoundError" in said
    assert "left out, for it is no Python: cell 1:1 (`!wget data.csv`)" in said


@pytest.mark.parametrize(
    ("text", "words"), [("{}", "a broken notebook"), (notebook("x = = 1"), "cell 1:1: syntax")]
)
def test_what_is_no_notebook_of_python(text, words, tmp_path):
    """One sentence, status 2."""
    (tmp_path / "a.ipynb").write_text(text)
    assert words in refused(ask("fix", "--prove", "a.ipynb", cwd=tmp_path))
