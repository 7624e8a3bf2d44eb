"""The first difference of two runs that float noise does not explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..contrast import STAGES, Part
from .quantities import GRADIENTS, LOSS, RATE, START, Key, Quantities, Quantity, distance

ROOM = 16.0
"""Noise counts so many times over: few runs show less than the worst of it."""

ROUNDING = 4.0
"""The same for what rounding alone explains."""

WINDOW = 2
"""Noise of an update is that of the updates around it as well."""

LOST = 0.5
"""Part of a loss from which on noise hides everything."""


@dataclass(frozen=True)
class Noise:
    """How large a difference float noise explains.

    Attributes:
        runs: What the first run does from values moved by a few spacings.
        base: What it does as it is.
    """

    base: Quantities
    runs: tuple[Quantities, ...] = ()

    def of(self, key: Key) -> float:
        """The size for one quantity; 0 if it is not known."""
        step, stage, name = key
        steps = range(max(step - WINDOW, min(step, 1)), step + WINDOW + 1)
        return ROOM * max((self.at((at, stage, name)) for at in steps), default=0.0)

    def at(self, key: Key) -> float:
        """How far the other runs are from it, at most."""
        value = self.base.get(key)
        others = [run.get(key) for run in self.runs]
        if value is None:
            return 0.0
        return max((distance(value, one) for one in others if one is not None), default=0.0)

    def lost_at(self) -> int | None:
        """The first update at which noise is as large as half the loss."""
        losses = sorted(key for key in self.base if key[1] == LOSS)
        for key in losses:
            value = self.base[key]
            if value is not None and self.at(key) >= LOST * abs(value.norm) > 0:
                return key[0]
        return None


def differences(left: Quantities, right: Quantities, ends: tuple[int, int]) -> Iterator[Key]:
    """Keys of what differs by more than rounding explains, in order.

    Args:
        left: Of the first run.
        right: Of the second run.
        ends: Number of the last update that counts, of each.
    """
    for key in _in_order(left, right):
        if _differs(key, left, right, ends, 0.0):
            yield key


def first_parts(
    left: Quantities, right: Quantities, ends: tuple[int, int], noise: Noise | None
) -> tuple[int | None, list[Part]]:
    """The first update at which runs part, and all that differs there.

    Without measured noise, what differs has to stand out from all that
    differed before: noise grows slowly, a cause comes at once.

    Returns:
        The number of the update, 0 for the start, and the parts.
    """
    keys = _in_order(left, right)
    seen = 0.0
    for step in dict.fromkeys(key[0] for key in keys):
        here = [key for key in keys if key[0] == step]
        sizes = {}
        for key in here:
            sizes[key] = noise.of(key) if noise else ROOM * seen * _scale(key, left, right)
        found = [key for key in here if _differs(key, left, right, ends, sizes[key])]
        if found:
            return step, [_part(key, left.get(key), right.get(key), sizes[key]) for key in found]
        seen = max([seen, *(_relative(key, left, right) for key in here)])
    return None, []


def _in_order(left: Quantities, right: Quantities) -> list[Key]:
    """By update and stage; of one stage in the order of the variables."""
    return sorted(dict.fromkeys((*left, *right)), key=lambda key: key[:2])


def _differs(
    key: Key, left: Quantities, right: Quantities, ends: tuple[int, int], noise: float
) -> bool:
    one, other = left.get(key), right.get(key)
    if key in left and key in right and one is None and other is None:
        return False
    if one is None or other is None:
        present = one or other
        if present is None or key[0] > min(ends) or key[1] in (START, LOSS, RATE):
            return False
        return present.norm > max(noise, 0.0)
    return distance(one, other) > max(noise, ROUNDING * max(one.room, other.room))


def _scale(key: Key, left: Quantities, right: Quantities) -> float:
    """The size to which noise is relative: the largest of the stage, for gradients."""
    known = [one for one in (left.get(key), right.get(key)) if one is not None]
    if key[1] == GRADIENTS:
        known += [one for at, one in left.items() if at[:2] == key[:2] and one is not None]
    return max((abs(one.norm) for one in known if one.norm == one.norm), default=0.0)


def _relative(key: Key, left: Quantities, right: Quantities) -> float:
    one, other = left.get(key), right.get(key)
    scale = _scale(key, left, right)
    if one is None or other is None or not 0 < scale < float("inf"):
        return 0.0
    return distance(one, other) / scale


def _part(key: Key, one: Quantity | None, other: Quantity | None, noise: float) -> Part:
    _, stage, name = key
    apart = distance(one, other) if one and other else (one or other or Quantity(0.0)).norm
    room = max([noise, *(ROUNDING * each.room for each in (one, other) if each)])
    return Part(
        STAGES[stage],
        name,
        one.norm if one else None,
        other.norm if other else None,
        apart,
        room,
        _factor(one, other, room),
    )


def _factor(one: Quantity | None, other: Quantity | None, room: float) -> float | None:
    """The first is that many times the second, in all that is known."""
    if one is None or other is None or not other.norm or not abs(one.norm) < float("inf"):
        return None
    pairs = list(zip(one.products, other.products, strict=False))
    if not pairs and one.along is not None and other.along is not None:
        pairs.append((one.along, other.along))
    pairs = pairs or [(one.norm, other.norm)]
    weight = sum(its * its for _, its in pairs)
    if not weight:
        return None
    factor = sum(mine * its for mine, its in pairs) / weight
    rest = max(abs(mine - factor * its) for mine, its in pairs)
    return factor if factor and rest <= max(room, 1e-3 * abs(one.norm)) else None


def losses_at(parts: Sequence[Part]) -> Part | None:
    """The part about a loss, if there is one."""
    return next((part for part in parts if part.stage == STAGES[LOSS]), None)
