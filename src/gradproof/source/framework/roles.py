"""What a tensor stands for in an update."""

from __future__ import annotations

from ..values import Group, Tensor, Value, Variable


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
        return value.reads
    return None


def direction(value: Value) -> int:
    """The sign of the gradients in a value: 1, -1, or 0 for unknown."""
    return value.sign if isinstance(value, Tensor | Variable) else 1
