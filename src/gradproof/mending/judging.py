"""Judges files that are held in memory, as `check` judges those on disk."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnose import diagnose
from ..fault import Diagnosis, Fault
from ..reading import Reading
from .offers import Judge


def judge_of(faults: Sequence[Fault]) -> Judge:
    """What judges a reading by some faults; a fault that fails is silent."""

    def judge(reading: Reading) -> Sequence[Diagnosis]:
        return diagnose(
            faults,
            reading.loops(),
            locate=reading.located,
            show=reading.shown,
            on_failure=lambda fault, failure: None,
        )

    return judge
