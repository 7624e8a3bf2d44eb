"""The Keras generation out of what a project pins."""

from __future__ import annotations

import sys
from importlib import metadata

import pytest

from commands import STUCK, ask
from gradproof.generation import installed_generation, installed_keras, pinned_generation

POETRY = """\
[[package]]
name = "tensorflow"
version = "2.17.0"

[package.dependencies]
keras = ">=3.2.0"

[[package]]
name = "keras"
version = "3.3"
"""

PINS = [
    ("requirements.txt", "keras==3.1.0\n", "3"),
    ("requirements.txt", "keras\n", None),
    ("requirements.txt", "keras>=2.12\n", None),
    ("requirements.txt", "keras>=2.12,<3\n", "2"),
    ("requirements.txt", "Keras == 2.*\n", "2"),
    ("requirements.txt", "keras!=3.0\n", None),
    ("requirements.txt", "# keras==3\nkeras<3.0 # once\n", "2"),
    ("requirements.txt", "keras-tuner==3.1\ntensorflow-probability==0.25\n", None),
    ("requirements.txt", "git+https://example.org/keras==3.0\n", None),
    ("requirements.txt", "tensorflow-cpu==2.15.1\n", "2"),
    ("requirements.txt", "tensorflow<2.16\n", "2"),
    ("requirements.txt", "tensorflow<=2.16\n", None),
    ("requirements.txt", "tensorflow~=2.15.0\n", "2"),
    ("requirements.txt", "tensorflow~=2.15\n", None),
    ("requirements.txt", "tensorflow>=2.16\ntf-keras>=2.16\n", None),
    ("requirements.txt", "tensorflow==2.15 ; x\ntensorflow==2.17 ; y\n", None),
    ("requirements-gpu.txt", "tensorflow[and-cuda]>=2.16,<2.18 ; python_version>'3.8'\n", "3"),
    ("dev-requirements.in", "keras>=3\n", "3"),
    ("requirements/base.txt", "keras==2.15\n", "2"),
    ("pyproject.toml", '[project]\ndependencies = ["numpy", "tensorflow>=2.16.1"]\n', "3"),
    ("pyproject.toml", '[project]\ndescription = "for keras 3"\n', None),
    ("pyproject.toml", '[tool.poetry.dependencies]\nkeras = "^2.12"\n', "2"),
    ("pyproject.toml", '[a]\ntensorflow = {extras = ["and-cuda"], version = "~2.15"}\n', "2"),
    ("pyproject.toml", '[a]\nkeras = ">=2.0 || 3"\n', None),
    ("setup.cfg", "[options]\ninstall_requires =\n    keras>=3\n", "3"),
    ("setup.py", 'setup(install_requires=["tensorflow==2.11", "numpy"])\n', "2"),
    ("environment.yml", "dependencies:\n  - keras=3.1.0=py311\n", "3"),
    ("environment.yml", "dependencies:\n  - tensorflow=2.10\n", "2"),
    ("Pipfile", '[packages]\nkeras = "==2.15.0"\ntensorflow = "*"\n', "2"),
    ("Pipfile.lock", '{"default": {"keras": {"index": "pypi", "version": "==3.1.0"}}}\n', "3"),
    ("uv.lock", '[[package]]\nname = "keras"\nversion = "3.15.1"\n', "3"),
    ("poetry.lock", POETRY, "3"),
]


@pytest.mark.parametrize(("name", "text", "generation"), PINS)
def test_pins(name, text, generation, tmp_path):
    """Only what excludes one generation tells of the other."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert pinned_generation(str(tmp_path), {}) == generation


def test_the_nearest_folder_decides_up_to_the_root(tmp_path):
    """A folder that says nothing asks the one above; outside the project nobody is asked."""
    (tmp_path / "requirements.txt").write_text("keras==3.0\n")
    project = tmp_path / "project"
    (project / "old" / "deep").mkdir(parents=True)
    (project / "new").mkdir()
    (project / "setup.py").touch()
    (project / "old" / "requirements.txt").write_text("keras==2.15\n")
    known = {}
    assert pinned_generation(str(project / "old" / "deep"), known) == "2"
    assert pinned_generation(str(project / "new"), known) is None
    (project / ".git").mkdir()
    (project / "requirements.txt").write_text("keras==3.0\n")
    assert pinned_generation(str(project / "new"), {}) == "3"
    assert pinned_generation(str(project / "old" / "deep"), known) == "2"


def test_a_lock_wins_over_what_asks_for_a_range(tmp_path):
    """It says what is installed."""
    (tmp_path / "requirements.txt").write_text("keras<3\n")
    (tmp_path / "uv.lock").write_text('name = "keras"\nversion = "3.1"\n')
    assert pinned_generation(str(tmp_path), {}) == "3"


@pytest.mark.parametrize(
    ("found", "legacy", "generation"),
    [
        ("keras-3.15.1.dist-info", "", "3"),
        ("keras-2.15.0.dist-info", "", "2"),
        ("Keras-2.3.1-py3.7.egg-info", "", None),
        ("keras-2.3.1-py3.7.egg-info", "", "2"),
        ("keras-3.15.1.dist-info", "1", "2"),
        ("keras-tuner-3.0.dist-info", "", None),
        ("keras_cv-3.0.dist-info", "", None),
        ("keras", "", None),
    ],
)
def test_what_is_installed(tmp_path, monkeypatch, found, legacy, generation):
    """What `tf.keras` will mean, told without importing it."""
    (tmp_path / found).mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "none"), str(tmp_path)])
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", legacy)
    assert installed_generation() == generation


def test_what_is_installed_is_what_python_finds():
    """The folders that are looked through are those of an import."""
    assert installed_keras() == int(metadata.version("keras").split(".")[0])


BARE = """\
import tensorflow as tf

class Scale(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(1.0)
        self.inner = tf.keras.layers.Dense(4)

    def call(self, x):
        return self.inner(x) * self.scale

model = tf.keras.Sequential([Scale()])
optimizer = tf.keras.optimizers.SGD(0.1)
for x in tf.data.Dataset.from_tensors(tf.ones((2, 4))):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
"""Keras 3 does not track the variable; Keras 2 does."""


def test_what_is_pinned_is_judged(tmp_path):
    """The option wins over the pin, and the pin over what is installed."""
    (tmp_path / "train.py").write_text(BARE)

    def check(*options):
        return ask("check", *options, "train.py", cwd=tmp_path)

    assert "for Keras 2 and 3" in check("--keras", "both").stdout
    assert check().stdout == check("--keras", installed_generation()).stdout
    (tmp_path / "requirements.txt").write_text("tensorflow==2.15\n")
    pinned = check()
    assert (pinned.returncode, "Keras 2 and 3" in pinned.stdout) == (0, False)
    assert "error[GP101]" in check("--keras", "3").stdout
    assert "for Keras 2 and 3" in check("--isolated").stdout


def test_the_file_itself_may_know_better(tmp_path):
    """What imports tf_keras is for tf_keras, whatever is pinned."""
    (tmp_path / "requirements.txt").write_text("keras==3.1\n")
    (tmp_path / "train.py").write_text(
        BARE.replace("tf.keras", "tf_keras").replace(
            "import tensorflow", "import tf_keras\nimport tensorflow"
        )
    )
    assert ask("check", "train.py", cwd=tmp_path).returncode == 0
    (tmp_path / "train.py").write_text(STUCK)
    assert "Keras 2 and 3" not in ask("check", "train.py", cwd=tmp_path).stdout
