"""Derivatives of a step's losses, measured by moving one variable to and fro."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..kinds import bare
from ..notes import flat
from .rewind import State
from .slopes import SPACING, Number, measured, number_of
from .trial import Taken, coarsest_of, dense, put, taken, wide


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
        step: Called eagerly, three to seven times a variable, and oftener if
            two points do not tell.
        args: Its arguments.
        state: Is restored after each call.
    """
    first = taken(step, args, state)
    again = taken(step, args, state)
    if not _alike(first, again):
        return [Slope("", None, None, None, "the loss is random: two calls from one state differ")]
    spacing = SPACING[coarsest_of(step, args, state)]
    found = []
    for place, call in enumerate(first):
        for variable, gradient in zip(call.variables, call.gradients, strict=True):
            found.append(_slope(step, args, state, place, call, variable, gradient, spacing))
    return found


def _alike(one: Sequence[Taken], other: Sequence[Taken]) -> bool:
    """Two calls from one state gave the same losses, up to the order of sums."""
    return len(one) == len(other) and all(
        math.isclose(
            _number(left.target).value, _number(right.target).value, rel_tol=1e-6, abs_tol=1e-12
        )
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
    spacing: float,
) -> Slope:
    import numpy as np

    name = str(variable.name)
    if not call.first:
        return Slope(name, None, None, None, "its loss is computed after an update in this step")
    if variable.dtype.name not in SPACING:
        why = f"{variable.dtype.name} can't be moved a little"
        return Slope(name, None, None, None, why)
    array = bare(variable).numpy()
    direction = np.random.default_rng(place).choice([-1.0, 1.0], size=array.shape)
    taped = np.zeros(array.shape) if gradient is None else dense(gradient)

    def number_at(moved: Any) -> Number:
        put(bare(variable), moved)
        calls = taken(step, args, state)
        if place >= len(calls):
            raise _OtherWay
        return _number(calls[place].target)

    try:
        found = measured(number_at, array, taped, direction, spacing)
    except _OtherWay:
        return Slope(name, None, None, None, "the step takes another way when it is moved")
    along = None if gradient is None else found.taped
    if not math.isfinite(found.middle):
        return Slope(name, along, None, None, "the loss is not finite beside this point")
    if found.holds is None:
        return Slope(name, along, None, None, "float noise hides the slope")
    return Slope(name, along, found.middle, found.holds)


class _OtherWay(Exception):
    """A step that is moved takes fewer gradients."""


def _number(target: Any) -> Number:
    """The sum of a target, as `tape.gradient` differentiates it."""
    return number_of([wide(one.numpy()).real for one in flat(target)])
