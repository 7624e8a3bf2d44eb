"""Edge cases of custom-optimizer-bug."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence import Run
from gradproof.evidence.run import Apply, Assigned, Pair, Step, Update, Variable
from gradproof.faults.custom_optimizer_bug import prove
from records import (
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    healthy,
    operation,
    with_operations,
)

ZEROS, DECAY, DECAYED, SUM, RATE, DELTA, WRITE = range(BIAS_GRADIENT + 1, BIAS_GRADIENT + 8)
SLOT, COUNTER = 3, 4


def by_hand(run: Run, steps: int = 2) -> Run:
    """`velocity = 0.9 * zeros_like(kernel) + gradient; kernel.assign_sub(rate * velocity)`."""
    run = with_operations(
        run,
        operation(ZEROS, "ZerosLike", line=6, taped=False),
        operation(DECAY, "External", line=7, taped=False, shape=(), value=0.9),
        operation(DECAYED, "Mul", (DECAY, ZEROS), line=7, taped=False),
        operation(SUM, "AddV2", (DECAYED, KERNEL_GRADIENT), line=7, taped=False),
        operation(RATE, "External", line=8, taped=False, shape=(), value=0.1),
        operation(DELTA, "Mul", (RATE, SUM), line=8, taped=False),
        operation(
            WRITE, "AssignSubVariableOp", (DELTA,), 8, False, writes=frozenset({KERNEL}), shape=None
        ),
    )
    apply = Apply(
        1,
        (at(8),),
        recording=1,
        at=WRITE,
        by="assign_sub",
        pairs=(Pair(KERNEL, name="dense/kernel"),),
        traced=True,
        call=1,
    )
    return replace(
        run,
        optimizers=(),
        applies=(apply,),
        steps=tuple(
            Step(index, 1, (Update(KERNEL, 0.8, 2.0, 0.08, 1.0),)) for index in range(1, steps + 1)
        ),
        counted=steps,
    )


def test_state_that_starts_anew():
    """Momentum that is decayed from zeros in a second step was never stored."""
    (found,) = prove(by_hand(healthy()))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel",)
    assert "2 updates" in found.message


def test_the_first_step_starts_from_zeros():
    """In the first step nothing can have been stored."""
    assert not list(prove(by_hand(healthy(), steps=1)))


def slotted(run: Run, written: bool) -> Run:
    """The same with a variable in place of the zeros."""
    run = by_hand(run)
    slot = Variable(SLOT, "velocity", (8, 4), trainable=False)
    run = replace(run, variables=(*run.variables, slot))
    run = with_operations(
        run, operation(ZEROS, "ReadVariableOp", line=6, taped=False, reads=frozenset({SLOT}))
    )
    return replace(run, assigned=(Assigned(SLOT, "assign"),)) if written else run


def test_slot_that_nothing_writes():
    """A velocity that is read and decayed, and never assigned."""
    (found,) = prove(slotted(healthy(), written=False))
    assert "`velocity`" in found.message


def test_slot_that_is_written():
    """The same, stored: momentum as it should be."""
    assert not list(prove(slotted(healthy(), written=True)))


def counted(run: Run, count: int) -> Run:
    """A learning rate that depends on a counter."""
    run = by_hand(run)
    counter = Variable(COUNTER, "iteration", (), "int64", False, role="optimizer", count=count)
    run = replace(run, variables=(*run.variables, counter))
    return with_operations(
        run,
        operation(ZEROS, "Neg", (KERNEL_GRADIENT,), line=6, taped=False),
        operation(
            RATE,
            "ReadVariableOp",
            line=6,
            taped=False,
            shape=(),
            dtype="int64",
            reads=frozenset({COUNTER}),
        ),
    )


def test_counter_that_stays_at_zero():
    """A warm-up whose counter nobody advances."""
    (found,) = prove(counted(healthy(), 0))
    assert found.place == at(6)
    assert "`iteration`, which is still 0" in found.message


def test_counter_that_advances():
    """A counter that moved, whoever moved it."""
    assert not list(prove(counted(healthy(), 2)))
