"""Edge cases of rounded-away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradproof.evidence.applies import Apply, Pair, Step, Update
from gradproof.evidence.fading import Fading
from gradproof.evidence.ledger import Audit
from gradproof.evidence.run import Run
from gradproof.faults.rounded_away import prove
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    healthy,
    operation,
    with_operations,
    with_updates,
    with_variable,
)


def still(run: Run, steps: int = 3, **changes: Any) -> Run:
    """The kernel is kept in float16 and stands still."""
    plain = Audit(
        1,
        1,
        KERNEL,
        "SGD",
        value_norm=4.0,
        gradient_norm=0.8,
        used_norm=0.8,
        predicted_norm=8e-4,
        elements=16,
        wanted=16,
        rounded=16,
    )
    audits = tuple(replace(plain, step=index, **changes) for index in range(1, steps + 1))
    run = with_variable(with_updates(run, KERNEL, change_norm=0.0), KERNEL, dtype="float16")
    return replace(run, audits=audits)


def test_nothing_changes():
    """None of sixteen elements changed, at none of three steps."""
    (found,) = prove(still(healthy()))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel",)
    assert "16 of 16 elements" in found.message
    assert "0.0002 an element" in found.message


def test_one_step():
    """One audited step is not enough."""
    assert not list(prove(still(healthy(), steps=1)))


def test_a_few_elements_stay():
    """Elements that are large beside the others may stay for a while."""
    assert not list(prove(still(healthy(), rounded=4)))


def test_no_gradient():
    """Without a gradient nothing is rounded."""
    assert not list(prove(still(healthy(), gradient_norm=0.0, predicted_norm=0.0, wanted=0)))


def test_own_rule():
    """What another rule wants is not known."""
    assert not list(prove(still(healthy(), own=True)))


def test_skipped_by_the_loss_scale():
    """A step that was left out whole moves nothing, however large its update."""
    infinite = float("inf")
    run = still(healthy(), gradient_norm=infinite, predicted_norm=float("nan"))
    assert not list(prove(run))
    assert not list(prove(still(healthy(), gradient_norm=900.0, predicted_norm=500.0)))


def test_faded(monkeypatch: pytest.MonkeyPatch):
    """What fades on its way back has another fault: little is left to be rounded."""
    run = still(healthy())
    fading = Fading(run.applies[0], (KERNEL, BIAS), (1e-9, 1.0), (1e-12, 1.0), 20)
    monkeypatch.setattr("gradproof.evidence.fading.fadings", lambda _: [fading])
    assert not list(prove(run))


@pytest.mark.parametrize(("gradient", "left"), [(100.0, 0.01), (2.0, 0.8)])
def test_converged(gradient, left):
    """A first step went all the way, and what is left of the gradient is its own rounding."""
    run = still(healthy(), gradient_norm=left)
    first = run.steps[0]
    moved = replace(
        first,
        updates=tuple(
            replace(update, gradient_norm=gradient, change_norm=1.0)
            if update.variable == KERNEL
            else update
            for update in first.updates
        ),
    )
    run = replace(run, steps=(moved, *run.steps[1:]), audits=run.audits[1:])
    assert bool(list(prove(run))) is (left > 0.1)


@pytest.mark.parametrize(("gradient", "said"), [(1e-8, False), (0.8, True)])
def test_nothing_to_learn(gradient, said):
    """A loss that is 0 but for rounding, in float32, against a rate that is too small for it."""
    run = still(healthy(), gradient_norm=gradient, predicted_norm=1e-9)
    run = with_variable(run, KERNEL, dtype="float32")
    assert bool(list(prove(run))) is said


def by_hand(rate: float | None, dtype: str = "bfloat16", change: float = 0.0) -> Run:
    """`kernel.assign_sub(rate * gradient)`, three steps; values 0.5, gradients 0.2 an element."""
    run = with_operations(
        with_variable(healthy(), KERNEL, dtype=dtype),
        operation(12, "External", line=6, taped=False, shape=(), value=rate),
        operation(13, "Mul", (12, KERNEL_GRADIENT), line=6, taped=False),
        operation(14, "AssignSubVariableOp", (13,), 6, False, writes=frozenset({KERNEL})),
    )
    pair = Pair(KERNEL, taken_for=frozenset({KERNEL}), call=1, name="dense/kernel", handed=13)
    apply = Apply(1, (at(6),), 1, BIAS_GRADIENT + 3, "assign_sub", pairs=(pair,), call=1)
    steps = tuple(Step(n, 1, (Update(KERNEL, 0.8, 2.0, change),)) for n in (1, 2, 3))
    return replace(run, applies=(apply,), steps=steps)


@pytest.mark.parametrize("rate", [0.005, None])
def test_by_hand(rate: float | None):
    """A change by hand that is too small for values of half size leaves them as they are."""
    (found,) = prove(by_hand(rate))
    assert found.place == at(6)
    assert "bfloat16 values of the size of `dense/kernel` are about 0.0039 apart" in found.message
    assert ("multiplied by 0.005" in found.message) == (rate is not None)


def test_little_arrives_by_hand():
    """A few small elements move, nearly all that should have changed does not."""
    assert len(list(prove(by_hand(0.005, change=1e-4)))) == 1


@pytest.mark.parametrize(
    "run",
    [
        by_hand(0.005, dtype="float32"),
        by_hand(0.005, change=0.004),
        by_hand(None, change=1e-4),
        by_hand(0.0),
        by_hand(100.0),
    ],
    ids=["whole size", "arrives", "unknown rate", "no rate", "too large to be lost"],
)
def test_right_by_hand(run: Run):
    """What arrives, what is of whole size, and what another reason holds still."""
    assert list(prove(run)) == []


def test_what_rounding_left_over_is_kept():
    """Kahan's sum keeps the rest of each change for the next one: in the end it arrives."""
    run = by_hand(None)
    rest = replace(run.variables[0], key=9, path="rest", trainable=False)
    changed = with_operations(
        replace(run, variables=(*run.variables, rest)),
        operation(14, "ReadVariableOp", (), 6, False, reads=frozenset({9})),
        operation(15, "Sub", (13, 14), 6, False),
        operation(16, "AssignSubVariableOp", (15,), 6, False, writes=frozenset({KERNEL})),
    )
    assert list(prove(changed)) == []
