"""Operations whose derivative can be infinite, on the way to a target."""

from __future__ import annotations

from collections.abc import Iterable

from .gradients import GradientCall
from .operations import SINGULAR
from .recording import Operation
from .run import Run
from .ways import on_the_way


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
