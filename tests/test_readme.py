"""What the README and the page about configuration say is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import pages
import versions
from commands import GRADPROOF, STUCK
from gradproof.config import Choice, Configuration

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = [
    line.split("  #")[0].replace(" #", "\0").split("\0")[0].strip()
    for kind, text in BLOCKS
    if not kind
    for line in text.splitlines()
]
STATUS = {"--write-baseline": 0, "--baseline": 0}
"""Of the commands that find nothing in a stuck program."""


def test_links_lead_somewhere():
    """Whatever the README points to is there."""
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(targets) > 5
    assert [one for one in targets if not (ROOT / one).exists()] == []


@pytest.fixture
def project(tmp_path):
    """A folder with one stuck program."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(STUCK)
    (tmp_path / "train.py").write_text(STUCK)
    return tmp_path


def test_the_table(project):
    """Every key is known, and means what stands beside it."""
    (table,) = [text for kind, text in BLOCKS if kind == "toml"]
    (project / "pyproject.toml").write_text(table)
    configuration = Configuration(Choice())
    settings = configuration.at(str(project))
    assert settings.select is not None
    assert {"GP101", "GP403"} <= settings.select
    assert settings.keras == "3"
    assert settings.baseline == str(project / "gradproof-baseline.json")
    assert configuration.leaves_out(str(project / "old"), True)
    assert "GP703" in configuration.codes_left_out(str(project / "tests" / "deep" / "test_x.py"))
    assert "GP403" not in configuration.codes_left_out(str(project / "train.py"))


def test_commands(project):
    """Each ends as its comment lets one expect, in the order of the page."""
    assert len(COMMANDS) == 6
    for command in COMMANDS:
        assert command.startswith("gradproof check ")
        done = subprocess.run(
            ["bash", "-c", command.replace("gradproof", GRADPROOF, 1)],
            cwd=project,
            capture_output=True,
            text=True,
        )
        expected = next((status for word, status in STATUS.items() if word in command), 1)
        assert done.returncode == expected, (command, done.stdout, done.stderr)
        assert done.stderr == ""


def test_the_comment(project):
    """The line with the comment is allowed as it stands there."""
    (text,) = [text for kind, text in BLOCKS if kind == "python"]
    comment = text[text.index("#") :].strip()
    line = "    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))"
    (project / "train.py").write_text(STUCK.replace(line, f"{line}  {comment}"))
    done = subprocess.run([GRADPROOF, "check", "train.py"], cwd=project, capture_output=True)
    assert done.returncode == 0
    assert b"1 allowed by comments" in done.stdout


USE = README.split("## In Python, in tests, in notebooks\n")[1].split("\n## ")[0]

WORLD = """
import pytest
import tensorflow as tf

layers = tf.keras.layers
model = tf.keras.Sequential([layers.Input((4,)), layers.Dense(8, "tanh"), layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((16, 4))
y = tf.reduce_sum(x, axis=1, keepdims=True)


def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


def train(epochs):
    step(x, y)


"""


@pytest.mark.tensorflow
def test_python_and_pytest(tmp_path):
    """The code of the section runs, and says what stands there."""
    versions.skip_if_otherwise("README.md")
    proof, tests = re.findall(r"```python\n(.*?)```", USE, re.DOTALL)
    shown = re.search(r"```\n(variable .*?)```", USE, re.DOTALL).group(1).splitlines()
    program = WORLD + proof + "print(proof)\n"
    (tmp_path / "proving.py").write_text(program)
    (tmp_path / "test_it.py").write_text(WORLD + tests)
    python = str(Path(GRADPROOF).with_name("python"))
    done = subprocess.run([python, "proving.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:5] == shown[:5]
    assert [line.split(":")[0] for line in lines[6:]] == [line.split(":")[0] for line in shown[6:]]
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "test_it.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.tensorflow
def test_commands_of_records(project):
    """A run ends where it is told to, and can be shown again."""
    (commands,) = re.findall(r"```\n(gradproof run .*?)```", USE, re.DOTALL)
    results = [
        subprocess.run(
            ["bash", "-c", command.split("  #")[0].replace("gradproof", GRADPROOF, 1)],
            cwd=project,
            capture_output=True,
            text=True,
        )
        for command in commands.strip().splitlines()
    ]
    assert [done.returncode for done in results] == [1, 1, 0], results
    # In full when it was proven, the rest at the end.
    block, _, end = results[1].stdout.strip().partition("\n\n  variable ")
    assert block in results[0].stderr
    assert end in results[0].stderr
    assert (project / "steps.csv").read_text().startswith("apply,rule,path,line,step,variable,")


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_first_example(tmp_path, nursery):
    """The run that the README begins with prints what stands there."""
    shown = re.search(r"```\n\$ gradproof run (\S+)\n(.*?)```", README, re.DOTALL)
    (tmp_path / shown[1]).parent.mkdir(parents=True)
    (tmp_path / shown[1]).write_text((ROOT / shown[1]).read_text(encoding="utf-8"))
    done = nursery.run(["gradproof", "run", shown[1]], tmp_path)
    assert done.status == 1
    # Told in full as soon as it is proven, before the first line of the program.
    end = done.stderr.rindex("error[")
    said = f"{done.stderr[:end].strip()}\n\n{done.stdout}\n{done.stderr[end:]}"
    pages.differs(shown[2], said, shown[1])


@pytest.mark.tensorflow
@pytest.mark.slow
def test_commands_of_mending(project):
    """Each does what its comment says, to the program of the README."""
    section = README.split("## Mending\n")[1].split("\n## ")[0]
    block = re.search(r"```\n(gradproof .*?)```", section, re.DOTALL)[1]
    example = ROOT / "examples" / "stuck" / "spiral.py"
    for path in (project / "train.py", project / "src" / "train.py"):
        path.write_text(example.read_text(encoding="utf-8"))
    done = [
        subprocess.run(
            ["bash", "-c", line.split("  #")[0].replace("gradproof", GRADPROOF, 1)],
            cwd=project,
            capture_output=True,
            text=True,
        )
        for line in block.strip().splitlines()
    ]
    assert not any("Traceback" in one.stderr for one in done), done
    assert "\n+        self.optimizer.apply_gradients" in done[1].stdout
    assert "GP403 mispaired-gradients" in done[2].stdout
    proven = re.search(r"```\n(  variable .*?)```", section, re.DOTALL)[1]
    said = done[3].stdout
    table = said[said.index("  variable ") :].replace("train.py", "spiral.py")
    pages.differs(proven, table, "fix --prove")
