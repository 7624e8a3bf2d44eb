"""What an optimizer keeps: its schedule and its state."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ...evidence.applies import Optimizer
from .pairs import inner_of


def described(optimizer: Any, found: Optimizer) -> Optimizer:
    """The record of an optimizer with what it keeps by now."""
    inner = inner_of(optimizer)
    return dataclasses.replace(found, schedule=_schedule(inner), state=_state(inner))


def _schedule(optimizer: Any) -> str:
    """Class of the learning rate schedule."""
    rate = getattr(optimizer, "_learning_rate", None)
    names = {base.__name__ for base in type(rate).__mro__}
    return type(rate).__name__ if "LearningRateSchedule" in names else ""


def _state(optimizer: Any) -> int | None:
    """Variables beside the counter and the learning rate."""
    if not getattr(optimizer, "built", getattr(optimizer, "_built", False)):
        return None
    if type(optimizer).__name__ == "SGD" and not getattr(optimizer, "momentum", 0):
        return 0  # tf-keras makes the slots of SGD, and leaves them alone
    return sum(1 for _ in _kept(optimizer))


def _kept(optimizer: Any) -> Iterator[Any]:
    variables = getattr(optimizer, "variables", ())
    for variable in variables() if callable(variables) else variables:
        name = str(getattr(variable, "path", None) or getattr(variable, "name", ""))
        if not any(part in name for part in ("iteration", "learning_rate", "seed_generator")):
            yield variable
