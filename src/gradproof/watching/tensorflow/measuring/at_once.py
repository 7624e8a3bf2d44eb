"""Measuring an eager step, by NumPy in the tensors' own memory.

An operation takes longer to start than NumPy takes for a few thousand elements, and
a step of eager code has several for every variable. What is large, or not in the
memory of this machine's processor, is measured by operations all the same.
"""

from __future__ import annotations

import functools
from typing import Any

from ....interrupts import theirs
from ..kinds import bare
from .measures import Before, half_square, product

SMALL = 65_536
"""Elements up to which NumPy has a norm sooner than an eager operation."""

UNKNOWN = float("nan")


def before(variables: list[Any]) -> list[Before]:
    """The values of variables now."""
    return [Before(one) for one in read(variables)]


def read(variables: list[Any]) -> list[Any]:
    """The values of variables as eager tensors, by one operation where they are in one place."""
    inner = [bare(one) for one in variables]
    handles = [one.handle for one in inner]
    if len(handles) > 1 and len({handle.device for handle in handles}) == 1:
        together = _together(handles, [one.dtype.base_dtype for one in inner])
        if together is not None:
            return together
    return [
        _read_operation()(resource=handle, dtype=one.dtype.base_dtype)
        for handle, one in zip(handles, inner, strict=True)
    ]


def _together(handles: list[Any], dtypes: list[Any]) -> list[Any] | None:
    """What an operation of TensorFlow's own gives, which its Python does not offer; or nothing."""
    from tensorflow.python.eager import context, execute

    kinds = tuple(dtype.as_datatype_enum for dtype in dtypes)
    attributes = ("N", len(handles), "dtypes", kinds)
    try:
        found: list[Any] = execute.execute(
            b"_ReadVariablesOp", len(handles), handles, attributes, context.context()
        )
    except Exception as problem:
        if theirs(problem):
            raise
        return None
    return found


@functools.cache
def _read_operation() -> Any:
    import tensorflow as tf

    return tf.raw_ops.ReadVariableOp


def measures(
    variables: list[Any], gradients: list[Any], earlier: list[Before], directed: bool
) -> list[Any]:
    """What `measures.measures` gives, as numbers or float32 scalars."""
    import numpy as np

    row: list[Any] = []
    with np.errstate(all="ignore"):
        for now, gradient, was in zip(read(variables), gradients, earlier, strict=True):
            dense = getattr(gradient, "values", gradient)
            near = dense is None or _near(dense)
            row.append(-1.0 if dense is None else _half_norm(dense, near))
            if near and _near(now):  # and so is what it was
                moved = _flat(now._numpy() - was.value._numpy())
                row.append(_half(moved))
                if directed:
                    row.append(_along(moved, now, gradient))
            else:
                change = now - was.value
                row.append(half_square(change))
                if directed:
                    row.append(product(change, gradient, 1))
    return row


def half_norm(tensor: Any) -> Any:
    """Half the sum of squares, in float32 like that of a graph."""
    return _half_norm(tensor, _near(tensor))


def _half_norm(tensor: Any, near: bool) -> Any:
    return _half(_flat(tensor._numpy())) if near else half_square(tensor)


def norms_now(variables: list[Any]) -> list[float]:
    """Half the squared norms of variables at this moment."""
    return norms_of(read(variables))


def norms_of(tensors: list[Any]) -> list[float]:
    """Half the squared norms of eager tensors."""
    import numpy as np

    with np.errstate(all="ignore"):
        return [float(half_norm(one)) for one in tensors]


def _near(tensor: Any) -> bool:
    """A small eager tensor, in memory that NumPy can look into without a copy."""
    return (
        hasattr(tensor, "_numpy")
        and tensor._num_elements() <= SMALL
        and tensor.device.endswith("CPU:0")
    )


def _flat(array: Any) -> Any:
    import numpy as np

    return np.asarray(array).astype(np.float32, copy=False).ravel()


def _half(flat: Any) -> float:
    import numpy as np

    return float(np.float32(0.5) * np.dot(flat, flat))


def _along(moved: Any, now: Any, gradient: Any) -> float:
    """The inner product of a change and a dense gradient."""
    import numpy as np

    if gradient is None or hasattr(gradient, "values") or now.shape != gradient.shape:
        return UNKNOWN
    return float(np.dot(moved, _flat(gradient._numpy())))
