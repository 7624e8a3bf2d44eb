"""Operations whose derivative can be infinite, on the way to a target."""

from __future__ import annotations

from collections.abc import Iterable

from .gradients import GradientCall
from .operations import SINGULAR
from .recording import Operation
from .run import Run
from .ways import on_the_way


def singular_operations(run: Run, call: GradientCall, names: Iterable[str]) -> list[Operation]:
    """One operation for each of the user's lines that has a singular one.

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
    found: dict[object, Operation] = {}
    for operation in on_the_way(run, call, keys):
        if operation.type in SINGULAR and operation.place is not None:
            found.setdefault(operation.place, operation)
    return list(found.values())
