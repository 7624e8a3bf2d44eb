"""Right programs that look wrong: nothing may be said about them."""

from __future__ import annotations

from pathlib import Path

import pytest

import versions
from programs import CORPUS, ask

CLEAN = sorted([*(CORPUS / "clean").glob("*.py"), *(CORPUS / "seeded").glob("*.py")])
QUICK = {
    "loop-flat-vector-search": 3,
    "loop-maml": 3,
    "loop-tf-module": 3,
    "loop-train-step-metrics": 2,
    "loop-trainer-class": 3,
    "trap-02-frozen-parts": 3,
    "trap-05-wgan-critic-steps": 2,
    "trap-07-accumulation-by-hand": 3,
    "trap-11-straight-through-codebook": 2,
    "trap-12-pinn": 3,
    "trap-13-ema-and-projection": 2,
    "trap-15-minimax-ascent": 3,
}
"""Runs that stay in the everyday suite, with their generation."""


def generations(program: Path) -> tuple[int, ...]:
    """Reads from a file's name for which Keras it is written; both by default."""
    if program.stem.endswith("-keras3"):
        return (3,)
    return (2,) if program.stem.endswith("-keras2") else (3, 2)


@pytest.mark.parametrize("program", CLEAN, ids=lambda program: program.stem)
def test_check_is_silent(program: Path) -> None:
    """Reading a right program finds no error and nothing to warn of, where it is right."""
    answer = ask("check", program, generations(program)[0])
    assert (answer.named, answer.status) == ([], 0)


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
        for program in CLEAN
        for generation in generations(program)
    ],
)
def test_run_is_silent(program: Path, generation: int) -> None:
    """Watching a right program gives no error, no warning and status 0."""
    versions.skip_if_otherwise(program.stem, str(generation))
    answer = ask("run", program, generation)
    assert (answer.named, answer.status) == ([], 0), answer.stderr[-3000:]
