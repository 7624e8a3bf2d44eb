"""Masks that a traced step lays over gradients: what they hide, as an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .auditing.rules import Array
from .variables import Variables

DEPTH = 12
SMALL = 1_000_000

_SAME = ("Identity", "Cast", "Reshape", "ConvertToTensor", "Neg", "Snapshot")


def masked_by(gradient: Any, is_taken: Callable[[Any], bool], variables: Variables) -> Array | None:
    """Which elements of a gradient a constant mask sets to zero.

    Args:
        gradient: As it is handed over, a tensor of a graph.
        is_taken: Says whether a tensor is a gradient as a tape gave it.
        variables: Where masks that are variables are found.

    Returns:
        True where the mask is zero, and everywhere if zeros take the gradient's
        place; `None` without a mask, or where the way back to the gradient that
        was taken can't be followed.
    """
    import numpy as np

    hidden: Array | None = None
    tensor = gradient
    for _ in range(DEPTH):
        if tensor is None or hasattr(tensor, "values"):
            return None
        if is_taken(tensor):
            return hidden
        operation = getattr(tensor, "op", None)
        if operation is None or not tensor.shape.is_fully_defined():
            return None
        if _made_zero(operation):
            return np.ones(tuple(gradient.shape), bool)
        step = _one(operation, variables)
        if step is None:
            return None
        tensor, mask = step
        if mask is not None:
            try:
                wide = np.broadcast_to(mask, tuple(gradient.shape))
            except ValueError:
                return None
            hidden = wide if hidden is None else hidden | wide
    return None


def _one(operation: Any, variables: Variables) -> tuple[Any, Array | None] | None:
    """What an operation does to a gradient: which input goes on, what is hidden."""
    import numpy as np

    inputs = list(operation.inputs)
    if operation.type in _SAME and inputs:
        return inputs[0], None
    if operation.type == "UnsortedSegmentSum":
        return inputs[0], None
    if operation.type == "ZerosLike":
        return inputs[0], np.ones((), bool)
    if operation.type in ("Mul", "MulNoNan"):
        for tensor, other in (inputs, inputs[::-1]):
            factor = _constant(other, variables)
            if factor is not None:
                zero = np.asarray(factor) == 0
                return tensor, zero if zero.any() else None
    if operation.type in ("RealDiv", "ClipByValue"):
        return inputs[0], None
    if operation.type in ("Select", "SelectV2"):
        chosen = _constant(inputs[0], variables)
        for kept, other, flag in ((1, 2, True), (2, 1, False)):
            empty = _constant(inputs[other], variables)
            if chosen is not None and empty is not None and not np.any(empty):
                return inputs[kept], np.asarray(chosen) != flag
    return None


def _made_zero(operation: Any) -> bool:
    """Zeros stand in the gradient's place: of a known shape they are a constant."""
    from tensorflow.python.framework import tensor_util

    if operation.type not in ("Const", "Fill"):
        return False
    value = tensor_util.constant_value(operation.outputs[0])
    return value is not None and not value.any()


def _constant(tensor: Any, variables: Variables, depth: int = 0) -> Array | None:
    """The value of a tensor of a graph that is the same in every call."""
    import numpy as np
    from tensorflow.python.framework import ops, tensor_util

    operation = tensor.op
    if operation.type == "ZerosLike":
        return np.zeros(()) if tensor.shape.is_fully_defined() else None
    if operation.type == "Placeholder":
        return _captured(tensor)
    if operation.type == "ReadVariableOp":
        key = _key(operation.inputs[0], variables)
        variable = variables.alive(key) if key is not None else None
        if variable is None or variable.trainable or variable.shape.num_elements() > SMALL:
            return None
        with ops.init_scope():
            return np.asarray(variable.numpy())
    if depth < 6 and operation.type in ("Cast", "Identity", "ExpandDims", "Reshape"):
        inner = _constant(operation.inputs[0], variables, depth + 1)
        same = inner is not None and inner.size == tensor.shape.num_elements()
        return inner.reshape(tuple(tensor.shape)) if same and inner is not None else None
    if depth < 6 and operation.type in ("Sub", "LogicalNot"):
        parts = [_constant(one, variables, depth + 1) for one in operation.inputs]
        if any(part is None for part in parts):
            return None
        first = np.asarray(parts[0])
        return first - np.asarray(parts[1]) if operation.type == "Sub" else ~first
    value = tensor_util.constant_value(tensor)
    return None if value is None or np.size(value) > SMALL else np.asarray(value)


def _captured(tensor: Any) -> Array | None:
    """The eager tensor behind a placeholder."""
    import numpy as np

    for outside, inside in getattr(tensor.graph, "captures", ()):
        if inside is tensor and hasattr(outside, "numpy") and outside.dtype.is_floating:
            small = outside.shape.num_elements() <= SMALL
            return np.asarray(outside.numpy()) if small else None
    return None


def _key(handle: Any, variables: Variables) -> int | None:
    """The key of the variable behind a captured handle."""
    for outside, inside in getattr(handle.graph, "captures", ()):
        if inside is handle:
            return variables.handles.get(getattr(outside, "_id", -1))
    return None
