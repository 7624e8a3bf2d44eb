"""The pytest plugin, as pytest runs it in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow

TESTS = """
import pytest
import tensorflow as tf

weight = tf.Variable(1.0, name="weight")
scale = tf.Variable(1.0, name="scale")
optimizer = tf.keras.optimizers.SGD(0.1)
another = tf.keras.optimizers.SGD(0.1)


def right():
    with tf.GradientTape() as tape:
        loss = tf.square(weight * 2.0 - 1.0)
    optimizer.apply_gradients(zip(tape.gradient(loss, [weight]), [weight]))
    return loss


def lost():
    with tf.GradientTape() as tape:
        loss = tf.square(tf.constant((weight * 2.0).numpy()) * scale - 1.0)
    gradients = tape.gradient(loss, [weight, scale])
    another.apply_gradients(zip(gradients, [weight, scale]))


def test_right(prove):
    before = weight.numpy()
    assert prove(right, gradients=True, graph=True).steps == 3
    assert weight.numpy() == before


def test_lost(prove):
    prove(lost)


def test_loop():
    for _ in range(3):
        lost()


@pytest.mark.gradproof(watch=False)
def test_left_alone():
    lost()


@pytest.mark.gradproof(allow=["numpy-on-loss-path"])
def test_allowed():
    lost()


@pytest.mark.gradproof
def test_marked():
    lost()


@pytest.mark.gradproof(allow="numpy-on-los-path")
def test_misspelt():
    lost()


@pytest.mark.gradproof(look=False)
def test_wrong_marker():
    lost()


def test_wrong_use(prove):
    prove(3)


def test_fails_by_itself():
    lost()
    assert False, "its own words"
"""


WRONG = {"test_misspelt", "test_wrong_marker", "test_wrong_use"}
"""What uses the plugin wrongly."""

_CI = ("CI", "BUILD_NUMBER")


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Pytest with the plugin on the tests above.

    Its summary repeats whole messages where `CI` or `BUILD_NUMBER` is set.
    """
    (folder / "test_training.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    plain = {name: value for name, value in os.environ.items() if name not in _CI}
    return subprocess.run(
        command, cwd=folder, env=plain, capture_output=True, text=True, timeout=300
    )


def outcomes(text: str) -> set[str]:
    """Names of the tests that failed."""
    return {
        line.split("::")[1].split()[0] for line in text.splitlines() if line.startswith("FAILED")
    }


def test_without_the_option(tmp_path):
    """Only the fixture and the marker are at work."""
    shown = run_pytest(tmp_path)
    assert outcomes(shown.stdout) == {"test_lost", "test_marked", "test_fails_by_itself", *WRONG}
    assert "error[GP202]" in shown.stdout
    assert "the step does not hold" in shown.stdout
    assert "the marker `gradproof`: no fault is called 'numpy-on-los-path'" in shown.stdout
    assert "the marker `gradproof` takes `watch` and `allow`, got `look`" in shown.stdout
    assert "`step` must be a function that trains once, got int" in shown.stdout
    assert "pytest_plugin.py" not in shown.stdout, "no line of ours is shown"


def test_with_the_option(tmp_path):
    """Every test is watched; failure output is the diagnosis."""
    shown = run_pytest(tmp_path, "--gradproof")
    failed = {"test_lost", "test_loop", "test_marked", "test_fails_by_itself", *WRONG}
    assert outcomes(shown.stdout) == failed
    assert "its own words" in shown.stdout
    assert shown.stdout.count("updates of this test are lost\n\nerror[GP202]") == 2
    assert shown.stdout.count("\nerror[GP202]") == 4, "what a proof said is not said again"
    assert "test_training.py:20" in shown.stdout


def test_plugin_is_light():
    """Pytest starts without TensorFlow, NumPy or the rest of gradproof."""
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import gradproof.pytest_plugin\n"
        "new = {name.split('.')[0] + '.' + name.split('.')[1] if name.startswith('gradproof.')\n"
        "       else name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new))\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "['gradproof', 'gradproof.pytest_plugin']"
