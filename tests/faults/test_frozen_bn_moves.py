"""Edge cases of frozen-bn-moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradproof.evidence import Run
from gradproof.evidence.run import Assigned, Variable
from gradproof.faults.frozen_bn_moves import prove
from records import at, healthy

MEAN = 3


def assigned(run: Run, *, frozen: bool = True, **changes: Any) -> Run:
    """A layer's forward pass assigns to its moving mean."""
    mean = Variable(MEAN, "norm/mean", (4,), trainable=False, owner="layer", holder="Norm")
    return replace(
        run,
        variables=(*run.variables, replace(mean, **changes)),
        assigned=(Assigned(MEAN, "assign", 3, (at(3),), frozen=frozen),),
    )


def test_statistics_of_a_frozen_layer():
    """The mean moves although the layer is frozen."""
    (found,) = prove(assigned(healthy()))
    assert found.place == at(3)
    assert found.variables == ("norm/mean",)


def test_statistics_of_a_layer_that_trains():
    """They have to move."""
    assert not list(prove(assigned(healthy(), frozen=False)))


def test_a_counter():
    """A counter of calls is no statistic."""
    assert not list(prove(assigned(healthy(), dtype="int64", shape=())))


def test_a_layer_of_keras():
    """What Keras's own layers do is as Keras means it."""
    assert not list(prove(assigned(healthy(), layer_made_at=at(1))))
