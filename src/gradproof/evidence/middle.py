"""The middle of measured numbers."""

from __future__ import annotations

from collections.abc import Iterable


def middle(numbers: Iterable[float]) -> float:
    """The median.

    Raises:
        StatisticsError: Without any number.
    """
    # Slow to import, and of no use to who only reads.
    from statistics import median

    return median(numbers)
