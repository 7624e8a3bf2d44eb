"""How fast eager steps follow one another."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class Pace:
    """Eager steps of one place.

    Attributes:
        function: Name of the function that applies the gradients; empty at
            the top of a file.
        place: Where that function begins, or the line that applies.
        steps: How many there were.
        seconds: From one to the next, the median of those that were not
            recorded operation by operation.
        operations: That each of them ran; 0 if not known.
    """

    function: str
    place: Place
    steps: int
    seconds: float
    operations: int
