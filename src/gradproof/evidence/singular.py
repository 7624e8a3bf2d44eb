"""Operations whose derivative can be infinite, on the way to a target."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from ..finding import Place
from .gradients import GradientCall
from .operations import SINGULAR
from .recording import Operation
from .run import Run
from .ways import on_the_way

ENOUGH = 10
"""Measured steps after which an edge that is met now and then would have been met."""


def singular_operations(run: Run, call: GradientCall, names: Iterable[str]) -> list[Operation]:
    """The singular operations of the user's lines, in the order in which they ran.

    Args:
        run: The run.
        call: The gradient call.
        names: Paths of the variables whose gradient was not finite.
    """
    wanted = set(names)
    keys = [
        source.variable
        for source in call.sources
        if source.variable is not None and source.name in wanted
    ]
    return [
        operation
        for operation in on_the_way(run, call, keys)
        if operation.type in SINGULAR and operation.place is not None
    ]


def stays_finite(run: Run, place: Place | None) -> bool:
    """Says whether gradients came through an operation of this place, `ENOUGH` times, all finite.

    Where a mask behind it lets nothing back, TensorFlow's own derivatives of `sqrt` and `rsqrt`
    at zero are zero.
    """
    most = 0
    for apply in run.applies:
        call = run.asked_for(apply)
        if call is None or not _passes(run, call, place):
            continue
        steps = run.steps_of(apply.key)
        norms = [[one.gradient_norm for one in step.updates] for step in steps]
        if not all(isfinite(norm) for step in norms for norm in step if norm is not None):
            return False
        most = max(most, sum(any(norm is not None for norm in step) for step in norms))
    return most >= ENOUGH


def _passes(run: Run, call: GradientCall, place: Place | None) -> bool:
    """The derivative that is asked for goes through an operation of this place."""
    keys = [source.variable for source in call.sources if source.variable is not None]
    places = (operation.place for operation in on_the_way(run, call, keys))
    return any(one is not None and one.overlaps(place) for one in places)
