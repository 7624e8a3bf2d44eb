"""The slope of a number along a line, measured from both sides, with its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

TOLERANCE = 0.02
"""Relative; central differences of float32 results are good to some thousandths."""

SPACING = {
    "float64": 2.2e-16,
    "float32": 1.2e-7,
    "float16": 9.8e-4,
    "bfloat16": 7.8e-3,
    "complex128": 2.2e-16,
    "complex64": 1.2e-7,
}
"""Relative spacing of the types that can be moved to and fro."""

COARSE = 1e-4
"""Spacing from which on two points tell nothing: results go by leaps."""

SPREAD = 3.0
"""Times the smallest scatter that a wider span may have; more is no noise."""

POINTS = 9
"""Along a line, for a curve that is laid through them."""

SURE = 5.0
"""Standard errors within which a measured slope may err."""


@dataclass(frozen=True)
class Number:
    """A result, and the size of what was added up to make it.

    Float noise is as large as the parts, not as their sum.
    """

    value: float
    size: float


@dataclass(frozen=True)
class Slope:
    """Along one direction: from the tape, and measured.

    Attributes:
        taped: From the gradient.
        middle: The slope as measured.
        below: The slope on one side.
        above: The slope on the other side.
        error: By which `middle` may be wrong.
        fitted: A curve was laid through many points, since two did not tell.
    """

    taped: float
    middle: float
    below: float
    above: float
    error: float
    fitted: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the tape is right; `None` if the error hides it."""
        if not self._near:
            return self.at_kink
        hidden = self.fitted and self.error > max(abs(self.middle), abs(self.taped)) / 2
        return None if hidden and self.error else True

    @property
    def at_kink(self) -> bool:
        """It lies between the slopes on both sides of a kink: that will do."""
        low, high = sorted((self.below, self.above))
        # One side alone is known less well than both together.
        kink = high - low > (8 if self.fitted else 4) * self._room
        between = low - self._room <= self.taped <= high + self._room
        return kink and between and not self._near

    @property
    def _near(self) -> bool:
        return abs(self.taped - self.middle) <= self._room

    @property
    def _room(self) -> float:
        return TOLERANCE * max(abs(self.middle), abs(self.taped)) + self.error


def measured(
    number_at: Callable[[Any], Number],
    array: Any,
    taped: Any,
    direction: Any,
    spacing: float,
    quick: bool = False,
) -> Slope:
    """The slope along a direction, at the size of step that serves best.

    Args:
        number_at: The result with the array at another place.
        array: Where it stands.
        taped: The gradient there.
        direction: Of the shape of the array.
        spacing: Relative spacing of the coarsest floats on the way to the result.
        quick: Two points will do.
    """
    import numpy as np

    along = float(np.real(np.sum(np.conj(taped) * direction)))
    line = _Line(number_at, array, direction, max(spacing, SPACING[array.dtype.name]))
    if quick:
        return line.difference(along, 1.0)
    tried = []
    if line.spacing < COARSE:
        for part in (1.0, 0.25, 4.0):
            slope = line.difference(along, part)
            if slope.holds:
                return slope
            tried.append(slope)
        # A wrong gradient is wrong at every size; the middle one errs least.
        tried.sort(key=lambda one: abs(one.taped - one.middle))
    fitted = line.fitted(along)
    return fitted if fitted is not None else tried[0] if tried else line.difference(along, 1.0)


@dataclass
class _Line:
    """Results along a line through where an array stands."""

    number_at: Callable[[Any], Number]
    array: Any
    direction: Any
    spacing: float

    def __post_init__(self) -> None:
        import numpy as np

        wide = self._wide()
        scale = max(1e-2, float(np.sqrt(np.mean(np.square(np.abs(wide))))))
        self.size = self.spacing ** (1 / 3) * scale
        self.here = self.at(0.0)

    def _wide(self) -> Any:
        return self.array.astype("complex128" if self.array.dtype.kind == "c" else "float64")

    def at(self, by: float) -> Number:
        moved = self._wide() + by * self.direction
        return self.number_at(moved.astype(self.array.dtype))

    def difference(self, along: float, part: float) -> Slope:
        """From two points, one on each side."""
        size = self.size * part
        above, below = self.at(size), self.at(-size)
        parts = max(self.here.size, above.size, below.size)
        return Slope(
            along,
            (above.value - below.value) / (2 * size),
            (self.here.value - below.value) / size,
            (above.value - self.here.value) / size,
            8 * self.spacing * parts / size,
        )

    def fitted(self, along: float) -> Slope | None:
        """From many points, over the span in which a curve fits them best.

        Results that are computed in halves move by leaps: only over a wide
        span do they tell of a slope, and how far they scatter tells how well.
        """
        best: Slope | None = None
        for slope in self._fits(along):
            if best is None or slope.error < best.error:
                best = slope
            if best.holds is not None and best.error <= TOLERANCE * abs(best.middle):
                break
        return best

    def _fits(self, along: float) -> Iterator[Slope]:
        import numpy as np

        half = POINTS // 2
        places = np.arange(-half, half + 1) / 2
        basis = np.vander(places, 4, increasing=True)
        share = math.sqrt(np.linalg.inv(basis.T @ basis)[1, 1])
        least = math.inf
        for part in (0.25, 1.0, 4.0, 16.0):
            step = self.size * part
            found = [self.at(float(place * step)) for place in places]
            values = np.array([one.value for one in found])
            if not np.all(np.isfinite(values)):
                return
            curve = np.linalg.lstsq(basis, values, rcond=None)[0]
            rest = float(np.sum(np.square(values - basis @ curve))) / (POINTS - 4)
            floor = 0.3 * self.spacing * max(one.size for one in found)
            scatter = max(math.sqrt(rest), floor)
            if scatter > SPREAD * least:
                return  # the span is too wide for such a curve
            least = min(least, scatter)
            beside = values[half - 2], values[half], values[half + 2]
            yield Slope(
                along,
                float(curve[1]) / step,
                float(beside[1] - beside[0]) / step,
                float(beside[2] - beside[1]) / step,
                SURE * scatter * share / step,
                fitted=True,
            )


def number_of(parts: Sequence[Any]) -> Number:
    """The sum of arrays of doubles."""
    import numpy as np

    value = float(sum(np.sum(part) for part in parts))
    squares = float(sum(np.sum(np.square(part)) for part in parts))
    return Number(value, max(abs(value), math.sqrt(squares)))
