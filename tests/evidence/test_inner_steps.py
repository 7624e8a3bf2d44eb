"""Inner steps that are assigned while an outer tape records."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.applies import Assigned
from gradproof.evidence.gradients import GradientCall, Source, Target
from gradproof.evidence.inner_steps import inner_steps
from gradproof.evidence.run import Run
from records import KERNEL, READ_KERNEL, at, healthy, operation, proven, with_call, with_operations

INNER, WRITE, AGAIN, LOSS = 12, 14, 15, 16


def assigned(**changes: object) -> Run:
    """The kernel gets a new value of an inner gradient, and is read again."""
    run = with_operations(
        healthy(),
        operation(INNER, "MatMul", (READ_KERNEL,), line=5, backward=True),
        operation(13, "Mul", (INNER,)),
        operation(WRITE, "AssignSubVariableOp", (13,), writes=frozenset({KERNEL}), stack=()),
        operation(AGAIN, "ReadVariableOp", reads=frozenset({KERNEL})),
        operation(LOSS, "Mean", (AGAIN,), shape=()),
        operation(17, "MatMul", (AGAIN,), backward=True, taped=False),
    )
    run = with_call(run, key=2, at=17, targets=(Target(LOSS),))
    inner = GradientCall(
        1, (at(4),), 2, 1, INNER, (Target(3),), (Source(KERNEL, result=INNER),), inner=True
    )
    tape = replace(run.tapes[0], key=2, stack=(at(3),))
    run = replace(run, calls=(inner, *run.calls), tapes=(*run.tapes, tape))
    return replace(run, assigned=(Assigned(KERNEL, "assign_sub", 3, (at(4),)),))


def test_read_again():
    """Named at the line that assigns."""
    ((call, steps),) = inner_steps(assigned())
    assert call.key == 2
    assert [(step.variable, step.place) for step in steps] == [(KERNEL, at(4))]
    assert ("GP206", 4) in proven(assigned())


def test_not_read_again():
    """A value that is assigned for the next step leaves the target alone."""
    run = with_operations(assigned(), operation(LOSS, "Mean", (3,), shape=()))
    assert list(inner_steps(run)) == []


def test_after_the_tape():
    """First-order forms assign while no tape records."""
    run = with_operations(
        assigned(),
        operation(WRITE, "AssignSubVariableOp", (13,), writes=frozenset({KERNEL}), taped=False),
    )
    assert list(inner_steps(run)) == []


def test_no_gradient():
    """A projection under the tape is assigned of the variable itself."""
    run = with_operations(assigned(), operation(13, "ClipByValue", (READ_KERNEL,)))
    assert list(inner_steps(run)) == []
