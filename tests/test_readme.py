"""What the README says of configuration is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from commands import GRADPROOF, STUCK
from gradproof.config import Choice, Configuration

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SECTION = README.split("## Configuration\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = [
    line.split("  #")[0].replace(" #", "\0").split("\0")[0].strip()
    for kind, text in BLOCKS
    if not kind
    for line in text.splitlines()
]
STATUS = {"--write-baseline": 0, "--baseline": 0}
"""Of the commands that find nothing in a stuck program."""


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
