"""`gradproof run` of a notebook: places, words and tracebacks name its cells."""

from __future__ import annotations

import json

import pytest

from books import notebook
from commands import ask

pytestmark = pytest.mark.tensorflow

FIRST = """\
%load_ext gradproof
import tensorflow as tf
from own import net

model = net()
optimizer = tf.keras.optimizers.SGD(float(open('../rate.txt').read()))
display(model.name)
"""
STEP = """\
@tf.function
def step(x, y):
    hidden = model.layers[0](x)
    with tf.GradientTape() as tape:
        if tf.reduce_sum(x) > 1e9:
            hidden = hidden * 2.0
        loss = tf.reduce_mean(tf.square(model.layers[1](hidden) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
"""
LOOP = """\
%%time
x = tf.random.stateless_normal((16, 4), (1, 2))
for _ in range(3):
    print(float(step(x, 2.0 * x)))
"""
OWN = """\
import tensorflow as tf


def net():
    body, head = tf.keras.layers.Dense(4), tf.keras.layers.Dense(4)
    return tf.keras.Sequential([tf.keras.layers.Input((4,)), body, head])
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rate.txt").write_text("0.1")
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "own.py").write_text(OWN)
    return tmp_path


def test_a_notebook_runs_as_a_program(folder, nursery):
    """In its own folder; the report, and the record of it, stand in its cells."""
    (folder / "books" / "a.ipynb").write_text(notebook(FIRST, STEP, LOOP))
    done = nursery.run(["gradproof", "run", "books/a.ipynb"], folder)
    assert done.status == 1, done.stderr
    name, *losses = done.stdout.split()
    assert (name, len(losses)) == ("sequential", 3)
    report = done.stderr
    assert "error[GP201]" in report
    assert "--> books/a.ipynb:cell 2:3:14\n" in report
    assert "3 |     hidden = model.layers[0](x)\n" in report
    assert "  - left out, for it is no Python: cell 1:1 (`%load_ext gradproof`)\n" in report
    (record,) = (folder / ".gradproof" / "runs").glob("*.sqlite")
    assert "ipynb" not in record.name
    again = ask("report", cwd=folder)
    assert report.split("  variable ")[-1] in again.stdout
    form = json.loads(ask("report", "--format", "json", cwd=folder).stdout)
    assert form["diagnoses"][0]["place"]["cell"] == 2
    page = ask("report", "--format", "html", cwd=folder).stdout
    assert "books/a.ipynb:cell 2:9" in page


def test_what_a_notebook_raises(folder, nursery):
    """The traceback is the program's own, in the words of a notebook; it has no `__file__`."""
    cells = (
        FIRST,
        "def fail():\n    raise KeyError('mine')\n",
        "\n\n'__file__' in globals() or fail()",
    )
    (folder / "books" / "a.ipynb").write_text(notebook(*cells))
    wanted = ["--format", "json", "--output", "found.json"]
    done = nursery.run(["gradproof", "run", *wanted, "books/a.ipynb"], folder)
    assert done.status == 1
    assert json.loads((folder / "found.json").read_text())["command"] == "run"
    path = folder / "books" / "a.ipynb"
    shown = done.stderr[done.stderr.index("Traceback") :]
    assert shown.startswith(
        "Traceback (most recent call last):\n"
        f'  File "{path}", cell 3, line 3, in <module>\n'
        "    '__file__' in globals() or fail()\n"
    )
    assert f"  File \"{path}\", cell 2, line 2, in fail\n    raise KeyError('mine')\n" in shown
    assert "KeyError: 'mine'\n" in shown
