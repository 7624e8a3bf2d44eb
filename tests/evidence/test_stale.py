"""Records of what traced steps hold on to, and what the faults make of them."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.applies import Optimizer
from gradproof.evidence.run import Run
from gradproof.evidence.stale import Flip, Replaced, Untrained
from gradproof.faults.gan_shared_trainable_flag import prove as prove_untrained
from gradproof.faults.trainable_flip_ignored import prove as prove_flip
from records import BIAS, KERNEL, at, healthy, left_out, proven, with_updates


def traced() -> Run:
    """The healthy run, in a traced function."""
    run = healthy()
    return replace(run, applies=(replace(run.applies[0], traced=True),))


def flipped(run: Run, frozen: set[int] = frozenset(), thawed: set[int] = frozenset()) -> Run:
    """A flag was set on line 9, and the step called after it."""
    flip = Flip("step", at(9), at(6), frozenset(frozen), frozenset(thawed), 21)
    return replace(run, flips=(flip,))


def test_frozen_and_moving():
    """What was frozen after the trace goes on moving."""
    assert proven(flipped(traced(), frozen={KERNEL})) == [("GP106", 9)]


def test_frozen_and_still():
    """Frozen variables that did not move anyway prove nothing."""
    run = with_updates(flipped(traced(), frozen={KERNEL}), KERNEL, change_norm=0.0)
    assert list(prove_flip(run)) == []


def test_thawed_and_left_out():
    """What was thawed after the trace is used by the step, and still left out."""
    run = flipped(left_out(traced(), KERNEL), thawed={KERNEL})
    (finding,) = prove_flip(run)
    assert (finding.place, finding.variables, finding.step) == (at(9), ("dense/kernel",), 21)


def test_thawed_elsewhere():
    """A variable that the traced step never reads is none of its business."""
    run = flipped(left_out(traced(), KERNEL), thawed={KERNEL})
    flip = replace(run.flips[0], apply=at(40))
    assert list(prove_flip(replace(run, flips=(flip,)))) == []


def test_untrained():
    """Compiled, frozen on line 8, trained on line 9."""
    run = with_updates(healthy(), KERNEL, BIAS, change_norm=0.0)
    note = Untrained("critic", at(9), at(8), (KERNEL, BIAS))
    (finding,) = prove_untrained(replace(run, untrained=(note,)))
    assert (finding.place, finding.variables) == (at(8), ("dense/kernel", "dense/bias"))


def test_untrained_on_purpose():
    """A model that was frozen before `compile` is trained as it was asked for."""
    note = Untrained("critic", at(9), None, (KERNEL, BIAS))
    assert list(prove_untrained(replace(healthy(), untrained=(note,)))) == []


def swapped(run: Run) -> Run:
    """At call 61 another optimizer stands where the traced one was found."""
    other = Optimizer(2, "Adam", made_at=at(12))
    seen = Replaced("self.optimizer", "step", at(6), held=1, now=2, call=61)
    return replace(run, optimizers=(*run.optimizers, other), replaced=(seen,))


def test_optimizer_swapped():
    """The traced step goes on with the first optimizer."""
    assert proven(swapped(traced())) == [("GP408", 6)]


def test_swapped_before_its_first_step():
    """An optimizer that never made a step was not the one in use."""
    run = swapped(traced())
    apply = replace(run.applies[0], optimizer=2)
    run = replace(run, applies=(apply,))
    assert [code for code, _ in proven(run)] == []
