"""Records of second derivatives through what is straight piece by piece."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.gradients import Source, Target
from gradproof.evidence.run import Run
from records import (
    ADD,
    KERNEL_GRADIENT,
    MATMUL,
    READ_BIAS,
    TANH,
    X,
    at,
    healthy,
    operation,
    proven,
    with_operations,
)

FIRST, SECOND = 12, 13


def twice(activation: str, after: str = "AddV2") -> Run:
    """The network's derivative by its input is differentiated by it again."""
    run = with_operations(
        healthy(),
        operation(TANH, activation, (MATMUL,), line=3),
        operation(ADD, after, (TANH, READ_BIAS)),
        operation(FIRST, "MatMul", (ADD,), line=7, backward=True),
        operation(SECOND, "MatMul", (FIRST,), line=8, backward=True),
    )
    taken = Source(None, X, "tensor", result=FIRST)
    again = Source(None, X, "tensor", result=SECOND)
    inner = replace(
        run.calls[0],
        key=2,
        at=KERNEL_GRADIENT,
        inner=True,
        stack=(at(7),),
        sources=(taken,),
        targets=(Target(ADD),),
    )
    outer = replace(
        inner, key=3, stack=(at(8),), sources=(again,), targets=(Target(FIRST),), at=SECOND
    )
    return replace(run, calls=(*run.calls, inner, outer))


def test_a_network_of_thresholds():
    """The second derivative of straight pieces is zero."""
    assert proven(twice("Relu")) == [("GP302", 3)]


def test_a_network_that_bends():
    """A tanh has a second derivative."""
    assert proven(twice("Tanh")) == []


def test_something_bends_after_the_threshold():
    """A square of it does bend."""
    assert proven(twice("Relu", "Square")) == []
