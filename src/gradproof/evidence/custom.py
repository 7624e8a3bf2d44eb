"""What checks of custom gradients by finite differences showed."""

from __future__ import annotations

from dataclasses import dataclass

from ..finding import Place


@dataclass(frozen=True, slots=True)
class CustomGradient:
    """A function under `tf.custom_gradient` whose gradient is not its derivative.

    Attributes:
        function: Name of the function.
        place: The user's line that returns the gradient.
        kind: `"upstream"` (not zero for a zero gradient from above),
            `"formula"` (another value than finite differences give), or
            `"nothing"` (zero wherever it was tried, for all inputs or for one
            that the result follows, which may be meant).
        given: What the gradient says, at one point and in one direction.
        measured: What finite differences say there.
        step: Half the distance over which they were taken.
        lines: First and last line of the function.
    """

    function: str
    place: Place | None
    kind: str
    given: float
    measured: float
    step: float
    lines: tuple[int, int] = (0, 0)
