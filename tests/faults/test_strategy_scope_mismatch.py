"""Edge cases of strategy-scope-mismatch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash
from gradproof.faults.strategy_scope_mismatch import prove
from records import at, healthy, proven, with_apply

MIXED = "Mixing different tf.distribute.Strategy objects: <a> is not <b>"


def test_optimizer_outside():
    """The optimizer that was made outside the scope is the cause."""
    run = with_apply(healthy(), error=f"RuntimeError: {MIXED}", counted=0)
    run = replace(run, crash=Crash("RuntimeError", MIXED, (at(6),)), steps=(), counted=0)
    assert proven(run) == [("GP415", 1)]


@pytest.mark.parametrize(
    "message",
    [
        (
            "`colocate_vars_with` must only be passed a variable created in this"
            " tf.distribute.Strategy.scope(), not: <tf.Variable>"
        ),
        'Need to be inside "with strategy.scope()" for <MirroredStrategy>',
        "DistributedVariable.handle is not available outside the replica context or a",
        "Variable (<tf.Variable 'k'>) was not created in the distribution strategy scope of (<s>)",
    ],
)
def test_refused(message: str):
    """What is not the optimizer's doing is named where it was refused."""
    run = replace(healthy(), crash=Crash("ValueError", message, (at(6),)))
    assert [finding.place for finding in prove(run)] == [at(6)]


def test_merge_call():
    """A condition around the apply call is another fault."""
    message = "in cross-replica context, use get_replica_context().merge_call() instead"
    assert not list(prove(replace(healthy(), crash=Crash("RuntimeError", message, (at(6),)))))
