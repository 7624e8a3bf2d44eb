"""Branches that apply gradients, and that no step has taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.gradients import Target
from gradproof.evidence.recording import Recording
from gradproof.evidence.run import Crash, Run
from gradproof.evidence.untaken import untaken
from records import (
    BIAS_GRADIENT,
    KERNEL_GRADIENT,
    MEAN,
    at,
    healthy,
    operation,
    proven,
    with_apply,
    with_call,
    with_operations,
)

BRANCH = BIAS_GRADIENT + 2


def branched(times: int = 40, finite: bool = False) -> Run:
    """`if condition: optimizer.apply_gradients(...)` in a traced step."""
    run = with_call(healthy(), traced=True, times=times)
    asked = "IsFinite" if finite else "Square"
    run = with_operations(
        run,
        operation(BIAS_GRADIENT + 1, asked, (KERNEL_GRADIENT,), line=6, taped=False),
        operation(BRANCH, "If", line=7, taped=False),
    )
    run = with_apply(run, traced=True, recording=2, at=0, counted=1, stack=(at(8),))
    recordings = (*run.recordings, Recording(2, "cond_true_9"))
    return replace(run, recordings=recordings, steps=(), counted=0)


def test_never_taken():
    """Gradients are there at each step, and the optimizer makes none."""
    assert proven(branched()) == [("GP401", 7)]


def test_never_finite_in_float16():
    """The program's own check skips all steps; the loss that it scales is float16."""
    run = with_call(branched(finite=True), targets=(Target(MEAN, (), "float16"),))
    assert proven(run) == [("GP305", 4)]
    assert proven(branched(finite=True)) == []  # nothing is in float16


@pytest.mark.parametrize(
    "run",
    [
        replace(branched(), steps=healthy().steps),
        branched(times=29),
        replace(branched(), finished=False),
        replace(branched(), unwatched=("1 step is compiled by XLA",)),
        replace(branched(), crash=Crash("KeyboardInterrupt", "")),
        replace(branched(), recordings=(branched().recordings[0], Recording(2, "step"))),
        with_apply(branched(), error="ValueError: no"),
    ],
)
def test_taken_or_not_known(run: Run):
    """A step was made, or still may be, or could not be seen."""
    assert list(untaken(run)) == []
