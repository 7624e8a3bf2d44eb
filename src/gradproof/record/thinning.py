"""Which steps of a long run are kept: the first, the recent, some between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FIRST = 16
"""Steps at the beginning that always stay."""

MOST_BYTES = 40_000_000
"""Of all steps together; pages that are half full make twice that on disk."""

MOST_ROWS = 65_536
"""Of all steps together."""

AT_ONCE = 1_000
"""Rows that are deleted in one write, at least; more would be felt."""

_OVERHEAD = 60
"""Bytes of a row beside its numbers, about."""


@dataclass
class Kept:
    """The steps of one apply call that a record holds.

    Attributes:
        width: Bytes of the numbers of one step.
        rows: Steps that are kept.
        last: Number of the newest step.
        stride: Of the older ones, those are kept whose number it divides.
        thinned: Up to this step that is so.
    """

    width: int
    rows: int = 0
    last: int = 0
    stride: int = 1
    thinned: int = FIRST

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return self.rows * (self.width + _OVERHEAD)

    def capacity(self, sharers: int) -> int:
        """Rows that it may have, of the rows and bytes of all."""
        rows = min(MOST_ROWS, MOST_BYTES // (self.width + _OVERHEAD))
        return max(4 * FIRST, rows // sharers)

    def thin(self, sharers: int) -> int:
        """Chooses the stride at which the older steps take a quarter.

        Args:
            sharers: Number of apply calls that share the record.

        Returns:
            The number of the step from which on every one stays.
        """
        capacity = self.capacity(sharers)
        recent = max(1, self.last - capacity // 2)
        while recent // self.stride > capacity // 4:
            self.stride *= 2
            self.thinned = FIRST
        return recent


def overfull(kept: Mapping[int, Kept]) -> list[int]:
    """Those to be thinned: nothing, while all together are small enough."""
    rows = sum(one.rows for one in kept.values())
    size = sum(one.size for one in kept.values())
    if rows <= MOST_ROWS and size <= MOST_BYTES:
        return []
    return [apply for apply, one in kept.items() if one.rows > one.capacity(len(kept))]
