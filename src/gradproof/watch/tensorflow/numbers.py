"""A few numbers of every variable at every step, reduced where they arise.

Eager steps pack them into one small tensor that is read later. Traced steps
write them into a ring kept in a variable, in the graph itself, so that loops
inside the function and compiled steps are seen without a call back to Python.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ...evidence.run import Step, Update
from ..patches import Patches
from .graphs import SCOPE
from .variables import bare

SLOTS = 256
"""Steps that a ring holds until it is read."""

FIRST = 16
RECENT = 512
_EXTRA = 3
_FLOATS = ("float16", "bfloat16", "float32", "float64")


Row = tuple[int, Any, float | None, float | None, float | None]
"""Index of a step, its numbers as an array, loss, learning rate, counter."""


@dataclass
class Site:
    """One place at which variables change, with its measured steps."""

    apply: int
    variables: tuple[int, ...]
    given: tuple[bool, ...]
    directed: bool = False
    count: int = 0
    first: list[Row] = field(default_factory=list)
    recent: deque[Row] = field(default_factory=lambda: deque(maxlen=RECENT))
    ring: Any = None
    counter: Any = None
    read: int = 0

    @property
    def width(self) -> int:
        """Numbers a variable: gradient, value, change, and their product."""
        return 4 if self.directed else 3

    def add(self, row: Row) -> None:
        """Keeps the first rows of numbers and the recent ones."""
        (self.first if len(self.first) < FIRST else self.recent).append(row)

    def steps(self) -> list[Step]:
        """The steps kept, in order. Most rows are never asked for."""
        return [_step(self, *row) for row in (*self.first, *self.recent)]


class Numbers:
    """Measures changes of variables, eagerly and in graphs."""

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.saving = False
        self._parts: list[Any] = []
        self._pending: list[tuple[Site, Any, Any, Any, Any]] = []

    def install(self, patches: Patches) -> None:
        """Watches the saving of functions: they can't be saved without their rings."""
        from tensorflow.python.saved_model import save

        patches.around(
            save,
            "save_and_return_nodes",
            before=lambda root, args, kwargs: self._lend(root),
            after=lambda lent, root, result: self._take_back(lent, root),
            raised=lambda lent, root, problem: self._take_back(lent, root),
        )

    def _lend(self, root: Any) -> list[str]:
        """Makes the rings parts of what is saved."""
        self.saving = True
        names: list[str] = []
        if hasattr(root, "_track_trackable"):
            for number, part in enumerate(self._parts):
                names.append(f"_{SCOPE}_{number}")
                root._track_trackable(part, name=names[-1])
        return names

    def _take_back(self, names: list[str] | None, root: Any) -> None:
        """Makes the rings strangers to what was saved, as they were."""
        self.saving = False
        if not names:
            return
        for name in names:
            root._self_unconditional_dependency_names.pop(name, None)
        root._self_unconditional_checkpoint_dependencies[:] = [
            reference
            for reference in root._self_unconditional_checkpoint_dependencies
            if reference.name not in names
        ]

    def before(self, variables: list[Any]) -> list[Any]:
        """The values before the step, as tensors."""
        from tensorflow.python.eager import record

        with record.stop_recording():
            return [_value(variable) for variable in variables]

    def after(
        self,
        site: Site,
        variables: list[Any],
        gradients: list[Any],
        values: list[Any],
        loss: Any,
        rate: Any,
        iterations: Any,
    ) -> None:
        """Measures a step that has just happened, or is being traced."""
        import tensorflow as tf
        from tensorflow.python.eager import context, record

        eager = bool(context.executing_eagerly())
        with record.stop_recording(), tf.name_scope(SCOPE):
            row = _measure(site, variables, gradients, values)
            if eager:
                packed = tf.raw_ops.Pack(values=row, axis=0) if row else None
                self._pending.append((site, packed, loss, rate, iterations))
                if len(self._pending) >= 64:
                    self.flush()
            else:
                scalars = [scalar(loss), scalar(rate), scalar(iterations)]
                self._write(site, tf.raw_ops.Pack(values=row + scalars, axis=0))

    def _write(self, site: Site, row: Any) -> None:
        """Adds the ring of a site, and the writing into it, to the graph."""
        import tensorflow as tf
        from tensorflow.python.framework import ops
        from tensorflow.python.ops import resource_variable_ops

        width = len(site.variables) * site.width + _EXTRA
        with ops.init_scope(), tf.device("CPU:0"):
            site.ring = resource_variable_ops.ResourceVariable(
                tf.zeros((SLOTS, width), tf.float32), trainable=False, name=f"{SCOPE}_ring"
            )
            site.counter = resource_variable_ops.ResourceVariable(
                tf.constant(0, tf.int64), trainable=False, name=f"{SCOPE}_counter"
            )
        self._parts += [site.ring, site.counter]
        count = tf.raw_ops.ReadVariableOp(resource=site.counter.handle, dtype=tf.int64)
        slot = tf.raw_ops.FloorMod(x=count, y=tf.constant(SLOTS, tf.int64))
        tf.raw_ops.ResourceScatterUpdate(resource=site.ring.handle, indices=slot, updates=row)
        tf.raw_ops.AssignAddVariableOp(resource=site.counter.handle, value=tf.constant(1, tf.int64))

    def flush(self) -> int:
        """Reads what was measured since the last time; returns new steps."""
        found = 0
        pending, self._pending = self._pending, []
        for site, packed, loss, rate, iterations in pending:
            site.count += 1
            numbers = packed.numpy() if packed is not None else ()
            site.add((site.count, numbers, _number(loss), rate, iterations))
            found += 1
        for site in self.sites:
            if site.counter is not None:
                found += self._read_ring(site)
        return found

    def _read_ring(self, site: Site) -> int:
        total = int(site.counter.numpy())
        fresh = total - site.read
        if fresh <= 0:
            return 0
        rows = site.ring.numpy()
        for number in range(max(site.read, total - SLOTS), total):
            row = rows[number % SLOTS]
            loss, rate, iterations = (_known(float(value)) for value in row[-_EXTRA:])
            site.add((number + 1, row[:-_EXTRA], loss, rate, iterations))
        site.read = site.count = total
        return fresh


def measurable(variable: Any) -> bool:
    """A variable of a floating type with one plain value."""
    inner = bare(variable)
    try:
        return (
            inner.dtype.base_dtype.name in _FLOATS
            and type(inner).__name__
            in ("ResourceVariable", "UninitializedVariable", "UnliftedInitializerVariable")
            and inner.shape.is_fully_defined()
        )
    except (AttributeError, ValueError):
        return False


def _read(variable: Any) -> Any:
    import tensorflow as tf

    inner = bare(variable)
    return tf.raw_ops.ReadVariableOp(resource=inner.handle, dtype=inner.dtype.base_dtype)


def _value(variable: Any) -> Any:
    """The value now: in a graph the forward pass has mostly read it already."""
    from tensorflow.python.eager import context
    from tensorflow.python.framework import ops

    inner = bare(variable)
    if context.executing_eagerly():
        return _read(variable)
    users = ops.get_default_graph().capture(inner.handle).consumers()
    if all(user.type == "ReadVariableOp" for user in users):
        for user in reversed(users):
            if user.outputs[0].dtype == inner.dtype.base_dtype:
                return user.outputs[0]
    return _read(variable)


def _measure(
    site: Site, variables: list[Any], gradients: list[Any], values: list[Any]
) -> list[Any]:
    import tensorflow as tf

    row = []
    unknown = None
    for variable, gradient, value in zip(variables, gradients, values, strict=True):
        change = tf.raw_ops.Sub(x=_read(variable), y=value)
        dense = getattr(gradient, "values", gradient)
        if dense is None:
            if unknown is None:
                unknown = tf.constant(-1.0)
            row.append(unknown)
        else:
            row.append(_half_square(dense))
        row.append(_half_square(value))
        row.append(_half_square(change))
        if site.directed:
            row.append(_product(change, gradient))
    return row


def _half_square(tensor: Any) -> Any:
    import tensorflow as tf

    if tensor.dtype != tf.float32:
        tensor = tf.cast(tensor, tf.float32)
    return tf.raw_ops.L2Loss(t=tensor)


def _product(change: Any, gradient: Any) -> Any:
    import tensorflow as tf

    if gradient is None or hasattr(gradient, "values") or change.shape != gradient.shape:
        return tf.constant(float("nan"))
    return tf.reduce_sum(tf.cast(change, tf.float32) * tf.cast(gradient, tf.float32))


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


def _number(value: Any) -> float | None:
    if value is None or not hasattr(value, "numpy"):
        return None
    array = value.numpy()
    try:
        return float(array.mean()) if array.size else None
    except (TypeError, ValueError, AttributeError):
        return None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _step(
    site: Site,
    index: int,
    array: Any,
    loss: float | None,
    rate: float | None,
    iterations: float | None,
) -> Step:
    """One row of numbers as a step."""
    numbers = array.tolist() if len(array) else []
    updates = []
    width = site.width
    for position, variable in enumerate(site.variables):
        gradient, value, change = (
            _norm(number) for number in numbers[position * width : position * width + 3]
        )
        along = None
        if site.directed and gradient and change and site.given[position]:
            product = numbers[position * width + 3]
            along = -product / (gradient * change) if math.isfinite(product) else None
        updates.append(
            Update(variable, gradient if site.given[position] else None, value, change, along)
        )
    counter = None if iterations is None else int(iterations)
    return Step(index, site.apply, tuple(updates), loss, rate, counter)


def _norm(half_square: float) -> float:
    """Norm from half the sum of squares; infinite and NaN stay so."""
    return math.sqrt(2.0 * half_square) if half_square >= 0 else half_square
