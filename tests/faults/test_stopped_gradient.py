"""Edge cases of stopped-gradient."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence import Run
from gradproof.evidence.run import GradientCall
from gradproof.faults.stopped_gradient import prove
from records import (
    KERNEL,
    MATMUL,
    TANH,
    healthy,
    left_out,
    operation,
    proven,
    unconnected,
    with_operations,
)


def stopped() -> Run:
    """The hidden layer is stopped: no gradient for the kernel."""
    run = with_operations(healthy(), operation(TANH, "StopGradient", (MATMUL,), line=3))
    return unconnected(run, KERNEL)


def test_only_path():
    """A variable that is to be updated has no other path."""
    assert proven(stopped()) == [("GP214", 3)]


def test_another_loss_reaches_it():
    """A second gradient call has a path: the stop is on purpose."""
    run = stopped()
    other: GradientCall = replace(healthy().calls[0], key=2)
    assert list(prove(replace(run, calls=(*run.calls, other)))) == []


def test_left_out():
    """Variables in no list are targets or frozen parts."""
    assert list(prove(left_out(stopped(), KERNEL))) == []


def test_healthy():
    """Gradients that arrive prove nothing."""
    assert list(prove(healthy())) == []
