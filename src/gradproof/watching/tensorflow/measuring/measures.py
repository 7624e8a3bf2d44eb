"""Operations that measure a step in the graph that takes it.

Each costs about two microseconds in a graph, and a watched step has some for
every variable. So what is known already is used again: the forward pass's own
reads, and the tensor that the optimizer hands to its only assignment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kinds import bare
from . import apart
from .losses import half_sum_of_squares

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_MEASURED = (
    "ResourceVariable",
    "UninitializedVariable",
    "UnliftedInitializerVariable",
    "_UnreadVariable",
)
_ADDED = {"AssignAddVariableOp": 1, "AssignSubVariableOp": -1}


@dataclass(frozen=True, slots=True)
class Before:
    """A variable before a step: its value, and what used it in the graph."""

    value: Any
    users: frozenset[Any] = frozenset()


def measurable(variable: Any) -> bool:
    """A variable of a floating type with one plain value."""
    inner = bare(variable)
    try:
        return (
            inner.dtype.base_dtype.name in _FLOATS
            and type(inner).__name__ in _MEASURED
            and inner.shape.is_fully_defined()
        )
    except (AttributeError, ValueError):
        return False


def before(variable: Any) -> Before:
    """The value now, in a graph, where the forward pass has mostly read it already."""
    from tensorflow.python.framework import ops

    inner = bare(variable)
    users = ops.get_default_graph().capture(inner.handle).consumers()
    if all(user.type == "ReadVariableOp" for user in users):
        for user in reversed(users):
            if user.outputs[0].dtype == inner.dtype.base_dtype:
                return Before(user.outputs[0], frozenset(users))
    return Before(_read(variable), frozenset(users))


def _read(variable: Any) -> Any:
    import tensorflow as tf

    inner = bare(variable)
    return tf.raw_ops.ReadVariableOp(resource=inner.handle, dtype=inner.dtype.base_dtype)


def measures(
    variables: list[Any], gradients: list[Any], earlier: list[Before], directed: bool
) -> list[Any]:
    """For each variable half the squared norms of its gradient and its change.

    Args:
        variables: What was changed.
        gradients: What was handed over for each; `None` gives -1.
        earlier: The variables before the step.
        directed: Adds the inner product of change and gradient.

    Returns:
        Float32 scalars, two or three a variable.
    """
    import tensorflow as tf

    row: list[Any] = []
    known: dict[Any, Any] = {}
    unknown = None
    for variable, gradient, was in zip(variables, gradients, earlier, strict=True):
        start = len(row)
        change, sign, write = _change(variable, was)
        dense = getattr(gradient, "values", gradient)
        if dense is None:
            if unknown is None:
                unknown = tf.constant(-1.0)
            row.append(unknown)
        else:
            row.append(apart.half_square(dense, known))
        row.append(half_square(change))
        if directed:
            row.append(product(change, _again(gradient), sign))
        if write is not None:
            # Done first, it would find the old value in use and copy it; and all gradients of
            # the model might wait to be measured at one time.
            write._add_control_inputs([number.op for number in row[start:]])
    return row


def _again(gradient: Any) -> Any:
    """A dense gradient of a graph, not taken from the program's own chain."""
    return gradient if gradient is None or hasattr(gradient, "values") else apart.again(gradient)


def _change(variable: Any, was: Before) -> tuple[Any, int, Any]:
    """What a step added to a variable, the sign with which it did, and the write that tells it.

    A graph with one assignment to the variable has the answer as that one's
    argument: no read and no subtraction. Not in half precision, where much of
    it may be rounded away, and not where XLA compiles: it would work out the
    argument twice.
    """
    import tensorflow as tf
    from tensorflow.python.framework import ops

    if _told_by_argument(was):
        users = ops.get_default_graph().capture(bare(variable).handle).consumers()
        writes = [user for user in users if user.type != "ReadVariableOp" and user not in was.users]
        if len(writes) == 1 and writes[0].type in _ADDED:
            return writes[0].inputs[1], _ADDED[writes[0].type], writes[0]
        if len(writes) == 1 and writes[0].type == "AssignVariableOp":
            return tf.raw_ops.Sub(x=writes[0].inputs[1], y=was.value), 1, writes[0]
    return tf.raw_ops.Sub(x=_read(variable), y=was.value), 1, None


def _told_by_argument(was: Before) -> bool:
    """Says whether a graph's assignment may be asked for what it adds."""
    import tensorflow as tf
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import control_flow_util

    if was.value.dtype not in (tf.float32, tf.float64):
        return False
    return not control_flow_util.GraphOrParentsInXlaContext(ops.get_default_graph())


def half_square(tensor: Any) -> Any:
    """Half the sum of squares, a float32 scalar: one operation."""
    import tensorflow as tf

    if tensor.dtype != tf.float32:
        tensor = tf.cast(tensor, tf.float32)
    return half_sum_of_squares(tensor)


def product(change: Any, gradient: Any, sign: int) -> Any:
    """The inner product of a change and a dense gradient, a float32 scalar."""
    import tensorflow as tf

    if gradient is None or hasattr(gradient, "values") or change.shape != gradient.shape:
        return tf.constant(float("nan"))
    product = tf.reduce_sum(tf.cast(change, tf.float32) * tf.cast(gradient, tf.float32))
    return product if sign > 0 else -product


def scalar(value: Any) -> Any:
    """A float32 scalar of a loss, rate or counter; NaN for unknown."""
    import tensorflow as tf

    if value is None or not _in_scope(value):
        return tf.constant(float("nan"))
    tensor = tf.cast(tf.convert_to_tensor(bare(value)), tf.float32)
    return tensor if tensor.shape.rank == 0 else tf.reduce_mean(tensor)


def _in_scope(value: Any) -> bool:
    """Says whether this graph may read a tensor: the last loss may be another's.

    A function that applies what another one computed would capture its loss,
    and fail when it is called.
    """
    from tensorflow.python.framework import ops

    graph = getattr(value, "graph", None) if not hasattr(value, "numpy") else None
    here = ops.get_default_graph() if graph is not None else None
    while here is not None and here is not graph:
        here = getattr(here, "outer_graph", None)
    return here is graph
