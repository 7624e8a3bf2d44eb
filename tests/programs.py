"""Runs gradproof over whole programs, as a user does: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"
GRADPROOF = str(Path(sys.executable).with_name("gradproof"))
SECONDS = 180
"""Time after which a program counts as hung."""

Diagnosis = dict[str, Any]


def environment(generation: int) -> dict[str, str]:
    """Gives the environment in which `tf.keras` is Keras 3 or tf-keras (2)."""
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("TF_USE_LEGACY_KERAS", None)
    if generation == 2:
        env["TF_USE_LEGACY_KERAS"] = "1"
    return env


@dataclass(frozen=True)
class Answer:
    """What gradproof said about one program, and how the process ended."""

    diagnoses: list[Diagnosis]
    status: int
    stdout: str
    stderr: str

    @property
    def loud(self) -> list[Diagnosis]:
        """Errors and warnings, in the order given."""
        return [d for d in self.diagnoses if d["level"] in ("error", "warning")]

    @property
    def named(self) -> list[str]:
        """Names of the loud faults with their lines, for messages of tests."""
        return [f"{d['fault']}@{(d['place'] or {}).get('line')}" for d in self.loud]


def ask(verb: str, program: Path, generation: int = 3) -> Answer:
    """Runs `gradproof VERB` on a program, in the program's own folder.

    Raises:
        AssertionError: If gradproof wrote no answer; its stderr is told.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "answer.json")
        options = ["--format", "json", "--output", str(output)]
        done = subprocess.run(
            [GRADPROOF, verb, *options, program.name],
            cwd=program.parent,
            env={**environment(generation), "GRADPROOF_HOME": folder},
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert output.exists(), f"gradproof {verb} gave no answer: {done.stderr[-2000:]}"
        answer = json.loads(output.read_text(encoding="utf-8"))
    return Answer(answer["diagnoses"], done.returncode, done.stdout, done.stderr)
