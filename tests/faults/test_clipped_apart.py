"""Edge cases of clipped-apart."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence import Run
from gradproof.evidence.ledger import Audit
from gradproof.faults.clipped_apart import prove
from records import BIAS, KERNEL, at, healthy


def clipped(run: Run, kernel: tuple[float, float], bias: tuple[float, float]) -> Run:
    """Norms of the gradients before and after clipping, at two steps."""
    return replace(
        run,
        audits=tuple(
            Audit(1, step, key, "SGD", gradient_norm=before, used_norm=after)
            for step in (1, 2)
            for key, (before, after) in ((KERNEL, kernel), (BIAS, bias))
        ),
    )


def test_proportions_are_lost():
    """A hundred to one becomes one to one."""
    (found,) = prove(clipped(healthy(), (10.0, 0.01), (0.1, 0.01)))
    assert found.place == at(6)
    assert "cosine between the step and the gradient is 0.71" in found.message


def test_clipped_together():
    """All gradients shrink alike."""
    assert not list(prove(clipped(healthy(), (10.0, 0.1), (1.0, 0.01))))


def test_a_bound_that_one_reaches():
    """One gradient is clipped, the other is below the bound."""
    assert not list(prove(clipped(healthy(), (10.0, 1.0), (0.1, 0.1))))


def test_nothing_is_clipped():
    """Gradients as they are."""
    assert not list(prove(clipped(healthy(), (10.0, 10.0), (0.1, 0.1))))
