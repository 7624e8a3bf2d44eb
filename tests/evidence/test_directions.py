"""Signs with which gradients enter new values, at once and through momenta."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Pair
from gradproof.evidence.directions import direction, gradients_behind
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    healthy,
    operation,
    with_operations,
)

SLOT = 7


def through_a_slot(held: str, write: str, gradient: int = KERNEL_GRADIENT) -> Run:
    """`slot.assign(0.9 * slot HELD 0.1 * gradient); kernel.WRITE(rate * slot / root)`."""
    first = BIAS_GRADIENT + 1
    run = with_operations(
        healthy(),
        operation(first, "ReadVariableOp", (), 7, False, reads=frozenset({SLOT})),
        operation(first + 1, "External", (), 7, False, shape=(), value=0.1),
        operation(first + 2, "Mul", (first + 1, gradient), 7, False),
        operation(first + 3, held, (first, first + 2), 7, False),
        operation(first + 4, "AssignVariableOp", (first + 3,), 7, False, writes=frozenset({SLOT})),
        operation(first + 5, "ReadVariableOp", (), 8, False, reads=frozenset({SLOT})),
        operation(first + 6, "Square", (gradient,), 8, False),
        operation(first + 7, "Sqrt", (first + 6,), 8, False),
        operation(first + 8, "RealDiv", (first + 5, first + 7), 8, False),
        operation(first + 9, write, (first + 8,), 8, False, writes=frozenset({KERNEL})),
    )
    apply = Apply(2, (at(8),), 1, first + 9, "assign_sub", pairs=(Pair(KERNEL),), call=1)
    slot = Variable(SLOT, "slot", (8, 4), trainable=False)
    return replace(run, variables=(*run.variables, slot), applies=(apply,))


@pytest.mark.parametrize(
    ("held", "write", "sign"),
    [
        ("AddV2", "AssignSubVariableOp", -1),
        ("AddV2", "AssignAddVariableOp", 1),
        ("Sub", "AssignSubVariableOp", 1),
        ("Sub", "AssignAddVariableOp", -1),
        ("Mul", "AssignSubVariableOp", 0),
    ],
)
def test_through_a_momentum(held: str, write: str, sign: int):
    """Signs multiply; of a product of two unknown values nobody knows it."""
    run = through_a_slot(held, write)
    assert direction(run, run.applies[0], KERNEL) == sign
    assert gradients_behind(run, run.applies[0]) == {KERNEL_GRADIENT}


def test_the_gradient_of_another_variable():
    """Only a variable's own gradient tells whether it climbs."""
    run = through_a_slot("AddV2", "AssignAddVariableOp", BIAS_GRADIENT)
    assert direction(run, run.applies[0], KERNEL) == 0
    assert gradients_behind(run, run.applies[0]) == {BIAS_GRADIENT}
    assert direction(run, run.applies[0], BIAS) == 0


def test_what_was_recorded_in_part():
    """Where operations are missing, nothing is told."""
    run = through_a_slot("AddV2", "AssignAddVariableOp")
    run = replace(run, recordings=(replace(run.recordings[0], whole=False),))
    assert direction(run, run.applies[0], KERNEL) == 0
