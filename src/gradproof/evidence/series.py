"""The numbers of one apply call over its steps: a column a quantity."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

NAN = float("nan")


@dataclass(frozen=True)
class Series:
    """What was kept of the steps of one apply call.

    Attributes:
        apply: Key of the `Apply`.
        steps: Numbers of the steps, rising.
        losses: One a step; NaN where none is known.
        rates: Learning rates, likewise.
        variables: Keys, in the order of the numbers.
        names: What is known of each variable, some of `rows.COLUMNS`.
        numbers: float32: for each step, for each variable, its names.
    """

    apply: int
    steps: Sequence[int]
    losses: Sequence[float]
    rates: Sequence[float]
    variables: tuple[int, ...]
    names: tuple[str, ...]
    numbers: array[float]

    def column(self, position: int, name: str) -> array[float] | None:
        """One quantity of one variable, a number a step; `None` if not kept.

        Args:
            position: Of the variable in `variables`.
            name: One of `rows.COLUMNS`.
        """
        if name not in self.names:
            return None
        width = len(self.names)
        return self.numbers[position * width + self.names.index(name) :: width * self.width]

    @property
    def width(self) -> int:
        """Number of variables."""
        return len(self.variables)


def unpacked(blobs: Sequence[bytes]) -> array[float]:
    """The numbers of many steps, from little-endian float32."""
    numbers = array("f")
    numbers.frombytes(b"".join(blobs))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
