"""Edge cases of stateful-optimizer-in-keras3-strategy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash, Run
from gradproof.faults.stateful_optimizer_in_keras3_strategy import prove
from records import at, healthy

MESSAGE = "Graph execution error: You must feed a value for placeholder tensor 'cond/Placeholder'"


def ended(message: str = MESSAGE, replicas: int = 2, generation: str = "3", state: int = 4) -> Run:
    """A traced step under replicas, ended by an exception where it was called."""
    run = healthy()
    apply = replace(run.applies[0], replicas=replicas, traced=True, by="Adam")
    adam = replace(run.optimizers[0], name="Adam", generation=generation, state=state)
    crash = Crash("InvalidArgumentError", message, (at(9),))
    return replace(run, applies=(apply,), optimizers=(adam,), crash=crash)


def test_the_apply_is_named():
    """The place is where the replicas apply, the variables are those handed over."""
    (found,) = prove(ended())
    assert found.place == at(6)
    assert "`Adam`" in found.message
    assert found.variables == ("dense/kernel", "dense/bias")


@pytest.mark.parametrize(
    "run",
    [
        ended("Graph execution error"),
        ended(replicas=1),
        ended(generation="2"),
        ended(state=0),
        healthy(),
    ],
    ids=["other words", "one replica", "tf-keras", "no state", "no crash"],
)
def test_what_else_there_is(run):
    """One replica, tf-keras and optimizers without state have other causes."""
    assert list(prove(run)) == []
