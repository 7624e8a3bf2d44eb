"""The hooks for pre-commit: their form, and their entries as it runs them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
HOOKS = yaml.safe_load(
    (Path(__file__).parent.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)
WRONG = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(4)])
optimizer = tf.keras.optimizers.SGD(0.1)


def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(gradients, model.trainable_variables)
"""
KNOWN = set(
    "id name entry language files exclude types types_or exclude_types always_run fail_fast "
    "verbose pass_filenames require_serial description language_version "
    "minimum_pre_commit_version args stages".split()
)

every_hook = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])


@every_hook
def test_form(hook):
    """Only keys that pre-commit knows, and those that it asks for."""
    assert {"id", "name", "entry", "language"} <= set(hook) <= KNOWN
    assert hook["language"] == "python"
    assert hook["types_or"] == ["python", "jupyter"]


def run(hook, folder: Path, *files: str):
    """Entry, arguments, then the files, in the folder of the repository."""
    command, *words = [*shlex.split(hook["entry"]), *hook["args"]]
    assert command == "gradproof"
    return subprocess.run(
        [sys.executable, "-m", command, *words, *files],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@every_hook
def test_right_files_pass(hook, tmp_path):
    """Files without training loops, too."""
    (tmp_path / "a.py").write_text("x = 1\n")
    assert run(hook, tmp_path, "a.py").returncode == 0
    assert (tmp_path / "a.py").read_text() == "x = 1\n"


@every_hook
def test_a_wrong_file(hook, tmp_path):
    """The first hook fails; the second mends, which pre-commit sees by the file."""
    (tmp_path / "a.py").write_text(WRONG)
    (tmp_path / "b.py").write_text("x = 1\n")
    done = run(hook, tmp_path, "a.py", "b.py")
    changed = (tmp_path / "a.py").read_text() != WRONG
    assert changed == (hook["id"] == "gradproof-fix")
    assert done.returncode == (0 if changed else 1)


@every_hook
def test_excluded_files_stay_out(hook, tmp_path):
    """Although pre-commit names them."""
    (tmp_path / "pyproject.toml").write_text('[tool.gradproof]\nexclude = ["old"]\n')
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.py").write_text(WRONG)
    assert run(hook, tmp_path, "old/a.py").returncode == 0
    assert (tmp_path / "old" / "a.py").read_text() == WRONG
