"""`gradproof check --fix`, `--diff` and `gradproof fix`, as users call them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SAFE = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(4)])
optimizer = tf.keras.optimizers.SGD(0.1)


def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(gradients, model.trainable_variables)
    return loss
"""
MENDED = SAFE.replace(
    "(gradients, model.trainable_variables)", "(zip(gradients, model.trainable_variables))"
)
UNSAFE = MENDED.replace(
    """\
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
""",
    """\
    output = model(x)  # the forward pass
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(output - y))
""",
)
INSIDE = MENDED.replace(
    "        loss = tf.reduce_mean(tf.square(model(x) - y))\n",
    "        output = model(x)  # the forward pass\n"
    "        loss = tf.reduce_mean(tf.square(output - y))\n",
)


COMMAND = str(Path(sys.executable).with_name("gradproof"))


def gradproof(folder: Path, *words: str, given: bytes | None = None):
    """Runs the command in a folder, as a user does."""
    return subprocess.run(
        [COMMAND, *words],
        cwd=folder, input=given, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "safe.py").write_text(SAFE)
    (tmp_path / "unsafe.py").write_text(UNSAFE)
    return tmp_path


def test_fix_writes_the_safe_mends(folder):
    """The unsafe one stays, is counted, and leaves the status at 1."""
    done = gradproof(folder, "check", "--fix", ".")
    assert done.returncode == 1
    assert (folder / "safe.py").read_text() == MENDED
    assert (folder / "unsafe.py").read_text() == UNSAFE
    assert b"1 mended in 1 file, 1 remains (1 could be mended with --unsafe)" in done.stdout


def test_fix_unsafe_writes_both_and_comments_stay(folder):
    """Nothing remains, so the status is 0."""
    done = gradproof(folder, "check", "--fix", "--unsafe", ".")
    assert done.returncode == 0
    assert (folder / "unsafe.py").read_text() == INSIDE
    assert b"2 mended in 2 files, 0 remain" in done.stdout
    assert gradproof(folder, "check", "--fix", "--unsafe", ".").returncode == 0


def test_diff_writes_nothing_and_can_be_applied(folder):
    """Status 1 where there is something to mend, 0 where there is not."""
    done = gradproof(folder, "check", "--diff", "--unsafe", ".")
    assert done.returncode == 1
    assert (folder / "safe.py").read_text() == SAFE
    patch = subprocess.run(["patch", "-p1"], cwd=folder, input=done.stdout, capture_output=True)
    assert patch.returncode == 0, patch.stdout
    assert (folder / "safe.py").read_text() == MENDED
    assert (folder / "unsafe.py").read_text() == INSIDE
    again = gradproof(folder, "check", "--diff", "--unsafe", ".")
    assert (again.returncode, again.stdout) == (0, b"")


def test_stdin_is_mended_to_stdout(folder):
    """What is said goes to stderr; right code comes back as it is."""
    done = gradproof(folder, "check", "--fix", "-", given=SAFE.replace("\n", "\r\n").encode())
    assert done.stdout == MENDED.replace("\n", "\r\n").encode()
    assert done.returncode == 0
    assert gradproof(folder, "check", "--fix", "-", given=MENDED.encode()).stdout == MENDED.encode()


def test_a_notebook_is_mended(folder):
    """In its cells, with everything else as it was."""
    cells = [
        {"cell_type": "code", "execution_count": 3, "metadata": {}, "outputs": [], "source": lines}
        for lines in (["%matplotlib inline\n", *SAFE[: SAFE.index("def")].splitlines(True)],
                      SAFE[SAFE.index("def") :].splitlines(True))
    ]  # fmt: skip
    notebook = {"cells": cells, "metadata": {"kernelspec": {}}, "nbformat": 4, "nbformat_minor": 5}
    path = folder / "a.ipynb"
    path.write_text(json.dumps(notebook, indent=1) + "\n")
    before = path.read_text()
    assert gradproof(folder, "check", "--fix", "a.ipynb").returncode == 0
    wanted = before.replace(
        "(gradients, model.trainable_variables)", "(zip(gradients, model.trainable_variables))"
    )
    assert path.read_text() == wanted


def test_a_mend_stays_within_its_cell(folder):
    """Lines move inside one cell; a mend across two cells is not made."""
    head, step = UNSAFE[: UNSAFE.index("def")], UNSAFE[UNSAFE.index("def") :]

    def notebook(*cells: str) -> dict[str, object]:
        made = [
            {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
             "source": text.splitlines(True)}
            for text in cells
        ]  # fmt: skip
        return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

    path = folder / "a.ipynb"
    path.write_text(json.dumps(notebook(head, "%time 1\n", step), indent=1))
    gradproof(folder, "check", "--fix", "--unsafe", "a.ipynb")
    cells = json.loads(path.read_text())["cells"]
    assert "".join(cells[2]["source"]) == INSIDE[INSIDE.index("def") :]
    assert cells[1]["source"] == ["%time 1\n"]

    flat = (
        "x = y = tf.ones((8, 4))\noutput = model(x)\n",
        """\
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(output - y))
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    )
    text = json.dumps(notebook(head, *flat), indent=1)
    path.write_text(text)
    assert gradproof(folder, "check", "--fix", "--unsafe", "a.ipynb").returncode == 1
    assert path.read_text() == text


def test_an_allowed_fault_is_not_mended(folder):
    """A comment says that it is meant."""
    text = SAFE.replace("(gradients, model.trainable_variables)\n",
                        "(gradients, model.trainable_variables)"
                        "  # gradproof: allow[GP406] shown on purpose\n")  # fmt: skip
    (folder / "safe.py").write_text(text)
    gradproof(folder, "check", "--fix", "safe.py")
    assert (folder / "safe.py").read_text() == text


def test_unsafe_alone_is_a_mistake(folder):
    """It goes with --fix or --diff."""
    done = gradproof(folder, "check", "--unsafe", ".")
    assert done.returncode == 2
    assert b"--unsafe goes with" in done.stderr


def test_fix_shows_every_mend_with_its_reason(folder):
    """As a diff; nothing is written."""
    done = gradproof(folder, "fix", ".")
    assert done.returncode == 1
    assert b"safe.py:11: GP406 optimizer-call-misuse" in done.stdout
    assert b"unsafe: run it inside the `with` block of the tape" in done.stdout
    assert b"+        output = model(x)  # the forward pass" in done.stdout
    assert (folder / "unsafe.py").read_text() == UNSAFE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--prove", "a.py", "b.py"], "--prove needs one program"),
        (["--prove", "none.py"], "none.py: no such file"),
        (["--prove", "."], "a folder, not a program"),
        (["--steps", "3", "safe.py"], "--steps goes with --prove"),
        (["none.py"], "none.py: no such file"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(folder, words, said):
    """With status 2, and without a traceback."""
    done = gradproof(folder, "fix", *words)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


RUN = """
import numpy as np
import sys
x = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
print(sys.argv[1:])
for turn in range(1000):
    step(x, 2 * x)
open("trace.txt", "w").write("run")
"""


@pytest.mark.tensorflow
def test_prove_runs_before_and_after_and_writes_what_healed(folder):
    """In copies of the folder: nothing of the user's is touched but the mend."""
    path = folder / "unsafe.py"
    path.write_text(UNSAFE + RUN)
    path.chmod(0o755)
    # A file of the program's own that is called like one of ours.
    (folder / "click.py").write_text("raise RuntimeError('not meant')\n")
    done = gradproof(
        folder, "fix", "--prove", "--write", "--steps", "20", "unsafe.py", "--", "--rate", "1"
    )
    said = done.stdout.decode()
    assert done.returncode == 0, said + done.stderr.decode()
    assert path.read_text() == INSIDE + RUN
    assert path.stat().st_mode & 0o777 == 0o755
    assert sorted(each.name for each in folder.iterdir()) == ["click.py", "safe.py", "unsafe.py"]
    assert "lost at [recorded]" in said
    assert "faults" in said
    assert "1 mend proven in runs of at most 20 steps, 0 faults remain" in said
