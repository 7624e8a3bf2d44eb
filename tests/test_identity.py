"""Watching changes nothing: the same numbers to the last bit, the same stdout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from programs import CORPUS, GRADPROOF, SECONDS, environment

SEEDED = sorted((CORPUS / "seeded").glob("*.py"))
QUICK = {
    "dropout-batch-norm-adam": 3,
    "traced-random-ops": 2,
    "fit-plain": 3,
    "saved-model-of-a-step": 3,
}
"""Runs that stay in the everyday suite, with their generation."""


def printed(command: list[str], program: Path, generation: int, folder: Path) -> str:
    """Gives the stdout of a program that has to end well."""
    done = subprocess.run(
        [*command, str(program)],
        cwd=folder,
        env=environment(generation),
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("program", "generation"),
    [
        pytest.param(
            program,
            generation,
            id=f"{program.stem}-keras{generation}",
            marks=() if QUICK.get(program.stem) == generation else pytest.mark.slow,
        )
        for program in SEEDED
        for generation in (3, 2)
    ],
)
def test_a_watched_run_prints_what_a_bare_one_prints(
    program: Path, generation: int, tmp_path: Path
) -> None:
    """Losses and a hash of all final values agree at full precision."""
    bare = printed([sys.executable], program, generation, tmp_path)
    watched = printed([GRADPROOF, "run", "--exit-zero"], program, generation, tmp_path)
    assert len(bare.split()[-1]) == 64, "the program prints a hash last"
    assert watched == bare
