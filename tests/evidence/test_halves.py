"""Records of float16: skipped steps, overflow and underflow."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

from gradproof.evidence.halves import endless
from gradproof.evidence.run import Run
from gradproof.evidence.stale import LossScale
from gradproof.faults.float16_range import prove
from records import (
    ADD,
    BIAS,
    KERNEL,
    MEAN,
    SQUARE,
    SUB,
    TANH,
    at,
    healthy,
    operation,
    proven,
    with_operations,
    with_updates,
)

EXP = operation(TANH, "Exp", (2,), line=3, dtype="float16")


def halved(run: Run, times: int, **changes: object) -> Run:
    """The loss-scale optimizer skipped its first steps and never made one."""
    scale = LossScale(
        "Adam", at(6), 32768.0, 32768.0 / 2**times, times, 0, variables=(KERNEL, BIAS)
    )
    run = with_updates(run, KERNEL, BIAS, change_norm=0.0, along=None)
    return replace(run, scales=(replace(scale, **changes),))


def test_every_step_skipped():
    """An `exp` in float16 explains why no step was made."""
    assert proven(halved(with_operations(healthy(), EXP), 5)) == [("GP305", 3)]


def test_skipped_at_the_start():
    """A large scale is halved some times at the start of every run."""
    assert list(prove(halved(healthy(), 5))) == []


def test_skipped_and_going_on():
    """Some skipped steps do not count while the program still runs."""
    run = replace(halved(with_operations(healthy(), EXP), 5), finished=False)
    assert list(prove(run)) == []


def test_without_explanation():
    """A scale far below any use tells, also where no operation does."""
    (finding,) = prove(halved(healthy(), 20))
    assert finding.place == at(6)


def test_made_steps():
    """Skipping now and then is how loss scaling works."""
    run = halved(with_operations(healthy(), EXP), 9, applied=200)
    assert list(prove(run)) == []


def test_mask_that_is_infinite():
    """A constant that float16 can't hold comes first."""
    constant = operation(SQUARE + 4, "Const", (), shape=(), dtype="float16", value=-inf)
    add = operation(ADD, "AddV2", (TANH, SQUARE + 4), line=4, dtype="float16")
    run = with_operations(healthy(), EXP, add, constant)
    (finding,) = prove(halved(run, 5))
    assert finding.place == at(4)


def test_applied_without_scaling():
    """Without loss scaling the NaN reaches the weights; float16 is named, not the op alone."""
    run = with_updates(with_operations(healthy(), EXP), KERNEL, gradient_norm=nan, change_norm=nan)
    assert [code for code, _ in proven(run)] == ["GP305"]


def test_too_small():
    """Gradients that float16 rounds to zero, with nothing flat on the way."""
    small = operation(SUB, "Sub", (ADD, 6), dtype="float16")
    run = with_operations(healthy(), small, operation(MEAN, "Mean", (SQUARE,), shape=()))
    run = with_updates(run, KERNEL, BIAS, gradient_norm=0.0, change_norm=0.0, along=None)
    assert [code for code, _ in proven(run)] == ["GP305"]


def test_float32():
    """The same in float32 is no matter of range."""
    run = with_operations(healthy(), replace(EXP, dtype="float32"))
    assert list(prove(halved(run, 5))) == []


def test_a_loss_that_is_infinite_in_each_step():
    """The root of an infinite mean has a gradient of zero; a finite loss is another story."""
    run = with_updates(healthy(), KERNEL, BIAS, gradient_norm=0.0, change_norm=0.0, along=None)
    half = with_operations(run, operation(SQUARE, "Square", (SUB,), dtype="float16"))
    for loss, found in ((inf, [at(4)]), (0.5, [])):
        steps = tuple(replace(step, loss=loss) for step in half.steps)
        assert [one.cause.place for one in endless(replace(half, steps=steps))] == found
    steps = tuple(replace(step, loss=inf) for step in run.steps)
    assert not [*endless(replace(run, steps=steps))]
