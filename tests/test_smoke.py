"""A sample that is run on every version of TensorFlow: `make test-matrix`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import versions
import worlds
from gradproof.faults import FAULTS
from nursery import Nursery

HERE = Path(__file__).parent
pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

SAMPLE = (
    "untracked-variable",
    "forward-outside-tape",
    "numpy-on-loss-path",
    "stopped-gradient",
    "nan-from-singular-op",
    "gradients-never-applied",
    "mispaired-gradients",
    "spent-zip",
    "duplicate-variable",
    "learning-rate-zero",
    "wrong-sign-update",
    "custom-optimizer-bug",
    "replica-divergence",
    "python-state-frozen-at-trace",
    "shape-broadcast",
    "training-flag-missing",
)
"""Faults of every stage, whose examples are run."""

CORPUS = (
    "int-dtype-variable-1",
    "logits-mismatch-1",
    "nondifferentiable-op-1",
    "optimizer-call-misuse-1",
    "second-gradient-call-1",
    "spent-zip-1",
    "unwatched-tensor-1",
    "update-bypasses-variables-1",
    "variable-left-out-1",
    "zero-gradient-region-1",
)
"""Whole programs."""


def watched(programs: dict[str, str], generation: str, folder: Path) -> dict[str, Any]:
    """What was diagnosed in each program, all run in one process."""
    paths = []
    for name, text in programs.items():
        path = folder / f"{name}.py"
        path.write_text(text)
        paths.append(str(path))
    (folder / "work.json").write_text(json.dumps(paths))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("TF_USE_LEGACY_KERAS", None)
    if generation == "2" and "3" in versions.generations():
        environment["TF_USE_LEGACY_KERAS"] = "1"
    runner = [sys.executable, str(HERE / "example_runner.py"), "work.json", generation]
    done = subprocess.run(runner, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(done.stdout.strip().splitlines()[-1])
    return {Path(path).stem: answer for path, answer in answers.items()}


@pytest.mark.parametrize("generation", worlds.GENERATIONS)
def test_examples(generation: str, tmp_path: Path):
    """Bad examples are proven by their runs, good ones are not."""
    versions.skip_without(generation)
    faults = {fault.name: fault for fault in FAULTS}
    programs = {}
    for name in SAMPLE:
        for kind in ("bad", "good"):
            shown = worlds.example(name, kind, faults[name].sections[kind.title()])
            if generation in shown.generations:
                text = worlds.program(shown, shown.modes[-1], generation)
                programs[f"{name.replace('-', '_')}_{kind}"] = versions.adapted(text)
    assert len(programs) > 20
    wrong = {}
    for stem, answer in watched(programs, generation, tmp_path).items():
        name, _, kind = stem.rpartition("_")
        fault = faults[name.replace("_", "-")]
        expected = {fault.code} if kind == "bad" else set()
        found = {code for code, verdict in answer.get("with source", ()) if verdict == "proven"}
        if found != expected and fault.name not in versions.otherwise(generation):
            wrong[stem] = (sorted(found), answer)
    assert not wrong, json.dumps(wrong, indent=1)


def test_programs(nursery: Nursery, tmp_path: Path):
    """Ten stuck programs by the real command: the fault is named first."""
    wrong = {}
    for name in set(CORPUS) - set(versions.otherwise()):
        text = (HERE / "corpus" / f"{name}.py").read_text(encoding="utf-8")
        (tmp_path / "program.py").write_text(text)
        output = tmp_path / "answer.json"
        output.unlink(missing_ok=True)
        command = ["gradproof", "run", "--format", "json", "--output", str(output), "program.py"]
        done = nursery.run(command, tmp_path)
        assert output.exists(), (name, done.stderr)
        diagnoses = json.loads(output.read_text(encoding="utf-8"))["diagnoses"]
        loud = [one["fault"] for one in diagnoses if one["level"] != "advice"]
        if loud[:1] != [name.rsplit("-", 1)[0]] or "stepped aside" in done.stderr:
            wrong[name] = (loud, done.stderr[-1500:])
    assert not wrong, json.dumps(wrong, indent=1)


def test_the_program_of_the_readme(nursery: Nursery, tmp_path: Path):
    """It is named, and its mend is offered."""
    text = (HERE.parent / "examples" / "stuck" / "spiral.py").read_text(encoding="utf-8")
    (tmp_path / "spiral.py").write_text(text)
    done = nursery.run(["gradproof", "run", "spiral.py"], tmp_path)
    assert done.status == 1
    assert "error[GP403]" in done.stderr
    assert "56 +         self.optimizer.apply_gradients(" in done.stderr
    assert "as Adam says" in done.stderr
