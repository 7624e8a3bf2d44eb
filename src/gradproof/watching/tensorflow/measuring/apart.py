"""Measuring a gradient in a graph without standing in the way of TensorFlow's rewriting.

Grappler regroups chains of products and sums (`rate * (scale * gradient)`), which
rounds differently, and does so only where nobody else takes what stands between. A
measurement that took it would change the last bit of a plain SGD step. So products
and sums are worked out again, from what goes into them, by operations that are not
merged with the program's own.
"""

from __future__ import annotations

from typing import Any

from .losses import half_sum_of_squares

PRODUCTS = frozenset({"Mul"})
SUMS = frozenset({"Add", "AddV2", "AddN"})
SAME_NORM = frozenset({"Identity", "Neg", "StopGradient"})

SPREAD = frozenset({"BroadcastTo", "Tile"})
"""Give each element of their result the number that they are given, where it is one."""

DEEPEST = 8
"""Links of a chain that are worked out again."""


def half_square(tensor: Any, known: dict[Any, Any]) -> Any:
    """Half the sum of squares of a tensor of a graph, a float32 scalar.

    Args:
        tensor: A tensor of the graph at hand.
        known: Products of factors that are there already; the gradients of one loss share them.
    """
    import tensorflow as tf

    tensor, factors = _without_factors(tensor)
    worked_out = again(tensor)
    if worked_out.dtype != tf.float32:
        worked_out = tf.cast(worked_out, tf.float32)
    half = half_sum_of_squares(worked_out)
    if not factors:
        return half
    key = tuple(_told(factor) for factor in factors)
    if key not in known:
        numbers = [tf.cast(again(factor), tf.float32) for factor in factors]
        # A product of two by `Mul` might be one that the program has.
        known[key] = tf.reduce_prod(tf.stack(numbers)) if len(numbers) > 1 else numbers[0]
    return half * known[key] * known[key]


def _without_factors(tensor: Any) -> tuple[Any, list[Any]]:
    """What a chain of products begins with, and the scalars that it is multiplied by."""
    factors: list[Any] = []
    for _ in range(DEEPEST):
        kind = _kind(tensor)
        if kind in SAME_NORM:
            tensor = tensor.op.inputs[0]
            continue
        if kind not in PRODUCTS:
            break
        left, right = tensor.op.inputs
        parts = ((one, _factor(other, one)) for one, other in ((left, right), (right, left)))
        found = next(((one, factor) for one, factor in parts if factor is not None), None)
        if found is None:
            break
        tensor, factor = found
        factors.append(factor)
    return tensor, factors


def _told(factor: Any) -> Any:
    """What tells a scalar apart: its value if it is a constant, else what makes it."""
    from tensorflow.python.framework import tensor_util

    if _kind(factor) == "Const":
        return float(tensor_util.constant_value(factor))
    return factor.op.name, factor.value_index


def again(tensor: Any, depth: int = 0) -> Any:
    """The same values from operations of our own; the tensor itself where no chain ends.

    `MulNoNan` differs from `Mul` where a zero meets what is not finite, and there only.
    """
    import tensorflow as tf

    kind = _kind(tensor)
    if depth >= DEEPEST or kind not in PRODUCTS | SUMS or not tensor.dtype.is_floating:
        return tensor
    first, *others = (again(part, depth + 1) for part in tensor.op.inputs)
    for part in others:
        if kind in PRODUCTS:
            first = tf.raw_ops.MulNoNan(x=first, y=part)
        else:
            minus = tf.raw_ops.MulNoNan(x=part, y=tf.constant(-1.0, part.dtype))
            first = tf.raw_ops.Sub(x=first, y=minus)
    return first


def _factor(tensor: Any, other: Any) -> Any:
    """The scalar by which a product with a tensor multiplies each element of the other one.

    `None` where elements may differ, or the product may be larger than the other one.
    """
    import tensorflow as tf

    if tensor.shape.rank == 0:
        return tensor
    same = other.shape.is_fully_defined() and other.shape == tensor.shape
    spread = tensor.op.inputs[0] if same and _kind(tensor) in SPREAD else None
    if spread is None or spread.shape.num_elements() != 1:
        return None
    before = spread.op.inputs[0] if _kind(spread) == "Reshape" else spread
    return before if before.shape.rank == 0 else tf.reshape(spread, ())


def _kind(tensor: Any) -> str:
    """Type of the operation that made a tensor in this very graph, else nothing."""
    from tensorflow.python.framework import ops

    here = not hasattr(tensor, "numpy") and tensor.graph is ops.get_default_graph()
    return str(tensor.op.type) if here else ""
