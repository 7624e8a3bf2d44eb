"""Edge cases of exploding-gradient."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

from gradproof.evidence.applies import Update
from gradproof.faults.exploding_gradient import prove
from records import KERNEL, grown, healthy, proven


def test_until_it_overflows():
    """Growth by orders of magnitude, then NaN: one diagnosis, at the apply call."""
    run = grown([1.0, 80.0, 9e3, 4e6, 1e12, nan], [1.0, 30.0, 1e4, 1e9, 1e20, inf])
    assert proven(run) == [("GP306", 6)]
    (finding,) = prove(run)
    assert finding.variables[0] == "dense/kernel"
    assert finding.step == 5


def test_still_finite():
    """The end need not have come yet."""
    norms = [1.0, 2.0, 1.5, 40.0, 900.0, 3e4, 5e5, 9e6]
    assert proven(grown(norms, [norm * norm for norm in norms])) == [("GP306", 6)]


def test_one_spike():
    """A spike after which training goes on is none."""
    norms = [1.0, 2.0, 1.5, 4e4, 2.0, 1.0, 0.5]
    assert list(prove(grown(norms, norms))) == []


def test_growth_without_loss():
    """Gradients may grow where the loss does not: a GAN, a late phase."""
    norms = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 0.5, 0.6]
    assert list(prove(grown(norms, [1.0] * 7))) == []


def test_sudden_nan():
    """NaN out of the blue is another fault."""
    assert list(prove(grown([1.0, 1.1, nan], [1.0, 0.9, nan]))) == []


def test_healthy():
    """Three even steps prove nothing."""
    assert list(prove(healthy())) == []


def test_thrown_by_the_first_step():
    """A rule whose first step is far too large, and from which nothing comes back."""
    norms, losses = [4.0, 5e6, 4e6, 6e6, 5e6], [4.0, 1e11, 4e10, 6e10, 5e10]
    run = grown(norms, losses)
    thrown = replace(run.steps[0], updates=(Update(KERNEL, 4.0, 2.0, 1e5),))
    assert proven(replace(run, steps=(thrown, *run.steps[1:]))) == [("GP306", 6)]
    assert not proven(run)
    back = replace(run.steps[-1], updates=(Update(KERNEL, 3.0, 2.0, 0.1),))
    assert not proven(replace(run, steps=(thrown, *run.steps[1:-1], back)))
