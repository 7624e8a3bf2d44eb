"""Derivatives of a step's losses, measured by moving one variable to and fro."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .rewind import State
from .trial import Taken, dense, nudge, number, taken
from .variables import bare

TOLERANCE = 0.02
"""Relative; central differences of float32 losses are good to some thousandths."""


@dataclass(frozen=True)
class Slope:
    """The derivative of one loss along one direction of one variable.

    Attributes:
        variable: Its name.
        taped: From the gradient that the tape gave; `None` for no gradient.
        measured: From central differences; `None` if it can't be said.
        holds: Whether they agree; `None` if it can't be said.
        why: What kept it from being said.
    """

    variable: str
    taped: float | None
    measured: float | None
    holds: bool | None
    why: str = ""


def slopes(step: Callable[..., Any], args: Sequence[Any], state: State) -> list[Slope]:
    """Compares each gradient that a step takes with central differences.

    Args:
        step: Called eagerly, three to six times a variable.
        args: Its arguments.
        state: Is restored after each call.
    """
    first = taken(step, args, state)
    again = taken(step, args, state)
    if not _alike(first, again):
        return [Slope("", None, None, None, "the loss is random: two calls from one state differ")]
    found = []
    for place, call in enumerate(first):
        for variable, gradient in zip(call.variables, call.gradients, strict=True):
            found.append(_slope(step, args, state, place, call, variable, gradient))
    return found


def _alike(one: Sequence[Taken], other: Sequence[Taken]) -> bool:
    """Two calls from one state gave the same losses, up to the order of sums."""
    return len(one) == len(other) and all(
        math.isclose(number(left.target), number(right.target), rel_tol=1e-6, abs_tol=1e-12)
        for left, right in zip(one, other, strict=True)
    )


def _slope(
    step: Callable[..., Any],
    args: Sequence[Any],
    state: State,
    place: int,
    call: Taken,
    variable: Any,
    gradient: Any,
) -> Slope:
    import numpy as np

    name = str(variable.name)
    if not call.first:
        return Slope(name, None, None, None, "its loss is computed after an update in this step")
    if not variable.dtype.is_floating or variable.dtype.size < 4:
        return Slope(name, None, None, None, f"{variable.dtype.name} is too coarse for differences")
    value = variable.numpy()
    direction = np.random.default_rng(place).choice([-1.0, 1.0], size=value.shape)
    taped = float(np.sum(dense(gradient) * direction)) if gradient is not None else None
    epsilon = float(np.finfo(np.float32).eps)
    if _dtype(call) == "float64":
        epsilon = float(np.finfo(np.float64).eps)
    size = epsilon ** (1 / 3) * max(1e-2, float(np.sqrt(np.mean(np.square(value)))))
    noise = 8 * epsilon * max(abs(number(call.target)), epsilon)
    tried = []
    for part in (1.0, 0.25, 4.0):
        step_size = size * part
        nudge(bare(variable), direction, step_size)
        above = _loss_from_here(step, args, state, place)
        nudge(bare(variable), direction, -step_size)
        below = _loss_from_here(step, args, state, place)
        if above is None or below is None:
            return Slope(name, taped, None, None, "the step takes another way when it is moved")
        measured = (above - below) / (2 * step_size)
        tried.append(measured)
        bound = TOLERANCE * max(abs(measured), abs(taped or 0.0)) + noise / step_size
        if abs(measured - (taped or 0.0)) <= bound:
            return Slope(name, taped, measured, True)
    spread = max(tried) - min(tried)
    if spread > 0.5 * abs(np.median(tried) - (taped or 0.0)):
        return Slope(name, taped, None, None, "the loss has a kink there, or is too coarse")
    return Slope(name, taped, float(np.median(tried)), False)


def _dtype(call: Taken) -> str:
    """The type of a target."""
    return str(getattr(getattr(call.target, "dtype", None), "name", "float32"))


def _loss_from_here(
    step: Callable[..., Any], args: Sequence[Any], state: State, place: int
) -> float | None:
    """The loss of one gradient call with the variables as they stand now."""
    calls = taken(step, args, state)
    return number(calls[place].target) if place < len(calls) else None
