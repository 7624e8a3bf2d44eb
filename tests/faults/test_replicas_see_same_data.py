"""Edge cases of replicas-see-same-data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Step, Update
from gradproof.evidence.run import Run
from gradproof.evidence.workers import Feed, told
from gradproof.faults.replicas_see_same_data import prove
from records import BIAS, KERNEL, at, healthy

FED = (Feed((4, 4), 3),)


def replicated(second: tuple[float, float] = (1.0, 0.5), steps: int = 3) -> Run:
    """Two replicas; the first has gradients of norm 1.0 and 0.5 at every step."""
    run = healthy()
    (apply,) = run.applies
    applies = (replace(apply, replicas=2), replace(apply, key=2, replicas=2, replica=1))
    made = [
        Step(
            index,
            key,
            tuple(
                Update(variable, 1.5, 2.0, 0.1, part_norm=part)
                for variable, part in zip((KERNEL, BIAS), parts, strict=True)
            ),
        )
        for key, parts in ((1, (1.0, 0.5)), (2, second))
        for index in range(1, steps + 1)
    ]
    return replace(run, applies=applies, steps=tuple(made), feeds=FED)


def test_the_same_gradients():
    """Each variable's norm is the same in both replicas, three steps in a row."""
    (found,) = prove(replicated())
    assert found.place == at(6)
    assert "replica 0, replica 1 had the same gradient" in found.message
    assert found.variables == ("dense/kernel", "dense/bias")


@pytest.mark.parametrize(
    "run",
    [
        replicated((1.0, 0.5001)),
        replicated(steps=2),
        replace(replicated(), feeds=()),
        healthy(),
    ],
    ids=["other examples", "too few steps", "the same tensors on purpose", "one replica"],
)
def test_what_else_there_is(run: Run):
    """Any difference, or too little to say so, or no data that were to be split."""
    assert list(prove(run)) == []


def test_between_workers():
    """Each worker has one replica; what they compute is the same."""
    run = replicated()
    alone = replace(run, steps=tuple(step for step in run.steps if step.apply == 1))
    one = replace(alone, feeds=(Feed((8,), 3),))
    workers = (told(one, "worker 0"), told(one, "worker 1"))
    (found,) = prove(replace(one, workers=workers))
    assert "replica 0 of worker 0, replica 0 of worker 1 had" in found.message
    other = replicated((3.0, 0.5))
    other = replace(other, steps=tuple(step for step in other.steps if step.apply == 2))
    assert list(prove(replace(one, workers=(workers[0], told(other, "worker 1"))))) == []
