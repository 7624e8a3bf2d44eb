"""What a tensor stands for in an update."""

from __future__ import annotations

from .values import Group, Tensor, Value, Variable


def updated_variable(value: Value) -> object | None:
    """The variable whose value this is, as the left side of an update."""
    if isinstance(value, Variable | Group):
        return value
    if isinstance(value, Tensor):
        if value.update_of:
            return value.update_of[0]
        if value.rebound is not None:
            return value.rebound[0]
        if value.replaces is not None:
            return value.replaces
    return None
