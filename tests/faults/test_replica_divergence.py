"""Edge cases of replica-divergence."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.applies import Apply, Pair
from gradproof.evidence.gaps import Gap
from gradproof.evidence.workers import Digest, Worker
from gradproof.faults.replica_divergence import prove
from records import KERNEL, at, healthy

GAP = Gap("dense/kernel", (KERNEL, 7), 0.25, 2.0, 1)


def test_changed_by_hand():
    """The line that changes each copy is named, with how far they are apart."""
    run = healthy()
    hand = Apply(2, (at(7),), 1, 12, "assign_sub", pairs=(Pair(7, name="dense/kernel"),))
    (found,) = prove(replace(run, applies=(*run.applies, hand), gaps=(GAP,)))
    assert found.place == at(7)
    assert "0.25" in found.message
    assert "`assign_sub`" in found.message
    assert found.variables == ("dense/kernel",)


def test_applied_without_a_sum():
    """Without a change by hand it is the optimizer that was given parts."""
    (found,) = prove(replace(healthy(), gaps=(GAP,)))
    assert found.place == at(6)
    assert "`SGD`" in found.message


def test_two_variables_of_one_line():
    """Copies that one line drives apart are one diagnosis."""
    other = replace(GAP, name="dense/bias", keys=(2, 8), difference=0.5)
    (found,) = prove(replace(healthy(), gaps=(GAP, other)))
    assert found.variables == ("dense/kernel", "dense/bias")
    assert "0.5" in found.message


def test_equal_copies():
    """Nothing is said of copies that stay equal."""
    assert list(prove(healthy())) == []


def worker(name: str, *digests: Digest) -> Worker:
    """A worker that had these values."""
    return Worker(name, digests)


def test_between_workers():
    """A variable that differs from worker to worker after the same number of updates."""
    equal = Digest(1, "kernel", "aa", 2.0)
    first = worker("worker 0", equal, Digest(3, "kernel", "bb", 2.5))
    other = worker("worker 1", equal, Digest(3, "kernel", "cc", 2.75))
    (found,) = prove(replace(healthy(), workers=(first, other)))
    assert found.variables == ("kernel",)
    assert "after 3 updates `kernel` differs between the workers" in found.message
    assert "2.5 in worker 0, 2.75 in worker 1" in found.message


def test_workers_in_step():
    """Equal values, and values that were looked at after different numbers of updates."""
    first = worker("worker 0", Digest(1, "kernel", "aa", 2.0), Digest(5, "kernel", "bb", 2.5))
    other = worker("worker 1", Digest(1, "kernel", "aa", 2.0), Digest(4, "kernel", "cc", 2.4))
    assert list(prove(replace(healthy(), workers=(first, other)))) == []
