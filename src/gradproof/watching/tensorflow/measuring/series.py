"""New steps as rows of bytes, for whoever keeps them all."""

from __future__ import annotations

import math
from typing import Any

from ....evidence.rows import COLUMNS, NO_GRADIENT, StepRow, StepRows
from ..applies import Applies
from ..passages import Passages
from .sites import EXTRA, Block, Site


class Series:
    """Hands over every step once."""

    def __init__(self) -> None:
        self._handed: dict[int, int] = {}
        self._broken: set[int] = set()

    def take(self, sites: list[Site]) -> tuple[list[StepRows], bool]:
        """The steps since the last time.

        Returns:
            The steps, and whether a number is not finite at a place where all
            were before.
        """
        found = []
        news = False
        for site in sites:
            handed = self._handed.get(site.apply, 0)
            if site.count <= handed:
                continue
            for block in _since(site, handed):
                rows, finite = _packed(site, block)
                found.append(rows)
                if not finite and site.apply not in self._broken:
                    self._broken.add(site.apply)
                    news = True
            self._handed[site.apply] = site.count
        return found, news


def _since(site: Site, handed: int) -> list[Block]:
    """The blocks of a site that are newer than a step, in order."""
    blocks: list[Block] = []
    for part in (reversed(site.recent), reversed(site.first)):
        for block in part:
            if block.first <= handed:
                return blocks[::-1]
            blocks.append(block)
    return blocks[::-1]


def _packed(site: Site, block: Block) -> tuple[StepRows, bool]:
    """The numbers of all steps of a block at once, as `Site.steps` has them."""
    import numpy as np

    steps, width = len(block.rows), site.width
    columns = COLUMNS[:3] + (COLUMNS[3:4] if site.directed else COLUMNS[4:] if site.parted else ())
    measured = block.rows[:, :-EXTRA].reshape(steps, len(site.variables), width)
    numbers = np.empty((*measured.shape[:2], len(columns)), "<f4")
    with np.errstate(all="ignore"):
        numbers[:, :, 0] = _norms(measured[:, :, 0])
        numbers[:, np.logical_not(site.given), 0] = NO_GRADIENT
        numbers[:, :, 1] = _norms(np.array(block.values, "f4"))
        numbers[:, :, 2] = _norms(measured[:, :, 1])
        if site.parted:
            numbers[:, :, 3] = _norms(measured[:, :, 2])
        if site.directed:
            numbers[:, :, 3] = -measured[:, :, 2] / (numbers[:, :, 0] * numbers[:, :, 2])
    extras = block.rows[:, -EXTRA:].tolist()
    rows = tuple(
        StepRow(block.first + step, numbers[step].tobytes(), *_known(*extras[step]))
        for step in range(steps)
    )
    finite = bool(np.isfinite(numbers[:, :, :3]).all())
    return StepRows(site.apply, site.variables, columns, rows), finite


def _norms(half_squares: Any) -> Any:
    """Norms from half the sums of squares; what is negative stays as it is."""
    import numpy as np

    return np.where(half_squares < 0, half_squares, np.sqrt(2.0 * half_squares))


def _known(
    loss: float, rate: float, iterations: float
) -> tuple[float | None, float | None, int | None]:
    """Loss, learning rate and counter; NaN means unknown, or not finite."""
    return (
        None if math.isnan(loss) else loss,
        None if math.isnan(rate) else rate,
        int(iterations) if math.isfinite(iterations) else None,
    )


def updates_made(applies: Applies, passages: Passages, calls: int) -> int:
    """Updates so far, counted as in `standing.step_count`.

    Args:
        applies: All apply calls.
        passages: What was measured of them.
        calls: Calls of traced functions so far: where no numbers are measured
            (under some strategies), each of them counts as an update.
    """
    traced = [site for site in passages.told if site.counter is not None and not site.replica]
    counts = [(site.directed, int(site.counter.numpy())) for site in traced]
    made = passages.made + sum(count for by_hand, count in counts if not by_hand)
    if made or applies.used:
        return made or (calls if not traced and any(one.traced for one in applies.notes) else 0)
    return max((count for by_hand, count in counts if by_hand), default=0)
