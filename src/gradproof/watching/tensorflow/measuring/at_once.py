"""Measuring an eager step, by NumPy in the tensors' own memory.

An operation takes longer to start than NumPy takes for a few thousand elements, and
a step of eager code has several for every variable. What is large, or not in the
memory of this machine's processor, is measured by operations all the same.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

from ....interrupts import theirs
from ..kinds import bare
from .measures import half_square, product

SMALL = 65_536
"""Elements up to which NumPy has a norm sooner than an eager operation."""

UNKNOWN = float("nan")


class Values:
    """The values of the same variables, step by step: how to ask for them is worked out once."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._dtypes: list[Any] = []
        self._attributes: tuple[Any, ...] | None = None

    def read(self, variables: list[Any]) -> list[Any]:
        """They as eager tensors, by one operation where all are in one place."""
        handles = [bare(one).handle for one in variables]
        known = len(handles) == len(self._handles)
        if not known or any(map(operator.is_not, handles, self._handles)):
            self._meet(handles, [bare(one).dtype.base_dtype for one in variables])
        if self._attributes is not None:
            together = _together(handles, self._attributes)
            if together is not None:
                return together
            self._attributes = None
        return [
            _read_operation()(resource=handle, dtype=dtype)
            for handle, dtype in zip(handles, self._dtypes, strict=True)
        ]

    def _meet(self, handles: list[Any], dtypes: list[Any]) -> None:
        self._handles, self._dtypes, self._attributes = handles, dtypes, None
        if len(handles) > 1 and len({handle.device for handle in handles}) == 1:
            kinds = tuple(dtype.as_datatype_enum for dtype in dtypes)
            self._attributes = ("N", len(handles), "dtypes", kinds)


def read(variables: list[Any]) -> list[Any]:
    """The values of variables as eager tensors, asked for this once."""
    return Values().read(variables)


def _together(handles: list[Any], attributes: tuple[Any, ...]) -> list[Any] | None:
    """What an operation of TensorFlow's own gives, which its Python does not offer; or nothing."""
    context, execute = _calls()
    try:
        found: list[Any] = execute(
            b"_ReadVariablesOp", len(handles), handles, attributes, context()
        )
    except Exception as problem:
        if theirs(problem):
            raise
        return None
    return found


@functools.cache
def _calls() -> tuple[Any, Any]:
    from tensorflow.python.eager import context, execute

    return context.context, execute.execute


@functools.cache
def _read_operation() -> Any:
    import tensorflow as tf

    return tf.raw_ops.ReadVariableOp


def measures(
    values: list[Any], gradients: list[Any], earlier: list[Any], directed: bool
) -> list[Any]:
    """What `measures.measures` gives, as numbers or float32 scalars.

    Args:
        values: Of the variables after the step.
        gradients: What the optimizer was given for them.
        earlier: Their values before.
        directed: Gives the product of change and gradient as well.
    """
    import numpy as np

    row: list[Any] = []
    with np.errstate(all="ignore"):
        for now, gradient, was in zip(values, gradients, earlier, strict=True):
            # Eager tensors are slow to say that they have no `values`.
            rows = gradient is not None and not hasattr(type(gradient), "_numpy")
            dense = getattr(gradient, "values", gradient) if rows else gradient
            near = dense is None or _near(dense)
            row.append(-1.0 if dense is None else _half_norm(dense, near))
            if near and _near(now):  # and so is what it was
                moved = _flat(now._numpy() - was._numpy())
                row.append(_half(moved))
                if directed:
                    row.append(_along(moved, now, gradient))
            else:
                change = now - was
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
        hasattr(type(tensor), "_numpy")
        and tensor._num_elements() <= SMALL
        and tensor.device.endswith("CPU:0")
    )


def _flat(array: Any) -> Any:
    return (array if array.dtype.char == "f" else array.astype("float32")).ravel()


def _half(flat: Any) -> float:
    return 0.5 * float(flat.dot(flat))


def _along(moved: Any, now: Any, gradient: Any) -> float:
    """The inner product of a change and a dense gradient."""
    if gradient is None or hasattr(gradient, "values") or now.shape != gradient.shape:
        return UNKNOWN
    return float(moved.dot(_flat(gradient._numpy())))
