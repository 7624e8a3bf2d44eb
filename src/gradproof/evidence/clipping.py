"""Gradients that are clipped each by itself, so that their common direction changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from .applies import Apply
from .ledger import Audit
from .run import Run

BENT = 0.9
"""Cosine of the directions before and after, below which a step counts as bent."""


@dataclass(frozen=True)
class Bent:
    """A step whose gradients were clipped one by one.

    Attributes:
        apply: Where they were handed over.
        audits: Of the variables in this step.
        cosine: Of the direction before and after.
        least: Smallest share of a gradient that is left.
        most: Largest share.
    """

    apply: Apply
    audits: tuple[Audit, ...]
    cosine: float
    least: float
    most: float


def bent_steps(run: Run) -> Iterator[Bent]:
    """For each apply call its first bent step, if every audited step is bent."""
    for apply in run.applies:
        steps: dict[int, list[Audit]] = {}
        for audit in run.audits:
            if audit.apply == apply.key and audit.used_norm and audit.agrees is not False:
                steps.setdefault(audit.step, []).append(audit)
        # Later eager steps are audited, but not recorded: what was taken there is not known.
        known = [
            audits
            for audits in steps.values()
            if any(audit.taken_norm is not None for audit in audits)
        ]
        found = [_bent(apply, audits) for audits in known or steps.values()]
        if len(found) >= 2 and all(one is not None for one in found):
            first = found[0]
            assert first is not None
            yield first


def _bent(apply: Apply, audits: list[Audit]) -> Bent | None:
    """Clipping leaves the direction of each gradient, and changes their proportions."""
    before = [_before(audit) for audit in audits]
    if len(audits) < 2 or any(norm is None for norm in before):
        return None
    whole = [norm for norm in before if norm is not None]
    used = [audit.used_norm or 0.0 for audit in audits]
    lengths = sqrt(sum(norm**2 for norm in whole)) * sqrt(sum(norm**2 for norm in used))
    if not lengths:
        return None
    cosine = sum(one * other for one, other in zip(whole, used, strict=True)) / lengths
    shares = [after / norm for norm, after in zip(whole, used, strict=True) if norm]
    # Several gradients end at the same bound; scaling all alike bends nothing.
    at_bound = [norm for norm, share in zip(used, shares, strict=False) if share < 0.99]
    same = len(at_bound) >= 2 and max(at_bound) - min(at_bound) <= 0.01 * max(at_bound)
    if cosine >= BENT or not same or max(shares) > 1.01:
        return None
    return Bent(apply, tuple(audits), cosine, min(shares), max(shares))


def _before(audit: Audit) -> float | None:
    """The gradient as it was taken, or else as it was handed over."""
    return audit.taken_norm if audit.taken_norm is not None else audit.gradient_norm
