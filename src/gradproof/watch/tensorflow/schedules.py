"""What an optimizer keeps: its schedule and its state."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...evidence.run import Optimizer
from .pairs import inner_of

if TYPE_CHECKING:
    from .optimizers import Applies


def described(applies: Applies) -> tuple[Optimizer, ...]:
    """The optimizers with their schedules and states; those gone as last seen."""
    for optimizer, key in list(applies.optimizers_alive()):
        found = applies.optimizers[key - 1]
        inner = inner_of(optimizer)
        applies.optimizers[key - 1] = dataclasses.replace(
            found, schedule=_schedule(inner), state=_state(inner)
        )
    return tuple(applies.optimizers)


def _schedule(optimizer: Any) -> str:
    """Class of the learning rate schedule."""
    rate = getattr(optimizer, "_learning_rate", None)
    names = {base.__name__ for base in type(rate).__mro__}
    return type(rate).__name__ if "LearningRateSchedule" in names else ""


def _state(optimizer: Any) -> int | None:
    """Variables beside the counter and the learning rate."""
    if not getattr(optimizer, "built", getattr(optimizer, "_built", False)):
        return None
    return sum(1 for _ in _kept(optimizer))


def _kept(optimizer: Any) -> Iterator[Any]:
    variables = getattr(optimizer, "variables", ())
    for variable in variables() if callable(variables) else variables:
        name = str(getattr(variable, "path", None) or getattr(variable, "name", ""))
        if not any(part in name for part in ("iteration", "learning_rate", "seed_generator")):
            yield variable
