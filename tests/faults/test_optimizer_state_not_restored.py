"""Edge cases of optimizer-state-not-restored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Pair, Run, Variable
from gradproof.evidence.saves import Save
from gradproof.faults.optimizer_state_not_restored import prove
from records import BIAS, KERNEL, at, healthy

NEW_KERNEL, NEW_BIAS = 11, 12
OLD, NEW = frozenset({KERNEL, BIAS}), frozenset({NEW_KERNEL, NEW_BIAS})


def gone_on(saved: Save | None = None, loaded: Save | None = None, rate: float = 0.1) -> Run:
    """Training, a file, a new model with a new optimizer, and training again."""
    run = healthy()
    adam = replace(run.optimizers[0], name="Adam", state=4)
    variables = (Variable(NEW_KERNEL, "new/kernel"), Variable(NEW_BIAS, "new/bias"))
    again = replace(
        run.applies[0],
        key=2,
        optimizer=2,
        pairs=(Pair(NEW_KERNEL, name="new/kernel"), Pair(NEW_BIAS, name="new/bias")),
    )
    step = replace(run.steps[0], apply=2, learning_rate=rate, iterations=0)
    return replace(
        run,
        variables=(*run.variables, *variables),
        optimizers=(adam, replace(adam, key=2)),
        applies=(*run.applies, again),
        steps=(*run.steps, step),
        saves=(
            saved or Save("save", "run/ck", at(7), OLD, frozenset(), True),
            loaded or Save("load", "run/ck-1", at(8), NEW, frozenset(), True),
        ),
    )


def test_the_optimizer_was_left_behind():
    """The checkpoint that was loaded is the place, the new optimizer the other end."""
    (found,) = prove(gone_on())
    assert found.place == at(8)
    assert found.related[0].place == at(1)
    assert found.variables == ("new/kernel", "new/bias")


@pytest.mark.parametrize(
    "run",
    [
        gone_on(loaded=Save("load", "run/ck-1", at(8), NEW, frozenset({2}), True)),
        gone_on(loaded=Save("load", "run/other", at(8), NEW, frozenset(), True)),
        gone_on(loaded=Save("load", "run/ck-1", at(8), OLD, frozenset(), True)),
        gone_on(saved=Save("save", "run/ck", at(7), OLD, frozenset(), False)),
        gone_on(rate=0.001),
        healthy(),
    ],
    ids=["with it", "another file", "same model", "before training", "another rate", "no file"],
)
def test_right_programs(run):
    """Restored with the model, pretrained weights, best weights, first weights."""
    assert list(prove(run)) == []


def test_an_optimizer_that_keeps_nothing():
    """Plain SGD has nothing to restore."""
    run = gone_on()
    plain = tuple(replace(one, name="SGD", state=0) for one in run.optimizers)
    assert list(prove(replace(run, optimizers=plain))) == []


def test_a_counter_that_was_set():
    """The program set the counter by hand: it knows what it does."""
    run = gone_on()
    steps = (*run.steps[:-1], replace(run.steps[-1], iterations=40))
    assert list(prove(replace(run, steps=steps))) == []
