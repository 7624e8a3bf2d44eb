"""A few numbers of every variable at every step, reduced where they arise.

Eager steps pack them into one small tensor that is read later. Traced steps
write them into a ring kept in a variable, in the graph itself, so that loops
inside the function and compiled steps are seen without a call back to Python.
"""

from __future__ import annotations

import hashlib
import math
import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ...evidence.run import Step, Update
from ..patches import Patches
from .graphs import SCOPE
from .measures import Before, before, measures, norms_now, scalar
from .variables import bare

SLOTS = 256
"""Steps that a ring holds until it is read."""

FIRST = 16
RECENT = 512
REFRESHED = 64
"""Variables of a site whose values are read at one flush, in turn."""

ROUNDED = {"float32": 2.0**-23, "float64": 2.0**-52}
"""A change smaller than this part of the value may be rounded away whole."""

LARGE = 2**20
_EXTRA = 3

Row = tuple[int, Any, tuple[float, ...], float | None, float | None, float | None]
"""Index of a step, its numbers, known values, loss, learning rate, counter."""


@dataclass
class Site:
    """One place at which variables change, with its measured steps.

    Attributes:
        apply: Key of the apply call.
        variables: Keys of the variables.
        given: Which of them got a gradient.
        directed: The product of change and gradient is measured as well.
        count: Steps so far.
        values: Half the squared norm of each variable when last read.
    """

    apply: int
    variables: tuple[int, ...]
    given: tuple[bool, ...]
    directed: bool = False
    count: int = 0
    values: tuple[float, ...] = ()
    first: list[Row] = field(default_factory=list)
    recent: deque[Row] = field(default_factory=lambda: deque(maxlen=RECENT))
    ring: Any = None
    counter: Any = None
    read: int = 0
    _held: list[weakref.ref[Any]] = field(default_factory=list)
    _turn: int = 0
    _seen: dict[int, bytes] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Numbers a variable: gradient, change, and their product."""
        return 3 if self.directed else 2

    def begin(self, variables: list[Any]) -> None:
        """Reads the values before the first step, where there are any yet."""
        from tensorflow.python.eager import context
        from tensorflow.python.framework import ops

        self._held = [weakref.ref(bare(variable)) for variable in variables]
        self.values = (0.0,) * len(variables)
        with ops.init_scope():
            if context.executing_eagerly() and all(
                type(bare(variable)).__name__ == "ResourceVariable" for variable in variables
            ):
                self.values = tuple(norms_now(variables))

    def refresh(self) -> None:
        """Reads some of the values again, the next ones every time."""
        count = len(self._held)
        chosen = [(self._turn + number) % count for number in range(min(count, REFRESHED))]
        self._turn = (self._turn + len(chosen)) % count
        living = [(place, self._held[place]()) for place in chosen]
        there = [(place, variable) for place, variable in living if variable is not None]
        values = list(self.values)
        for (place, _), value in zip(
            there, norms_now([variable for _, variable in there]) if there else (), strict=True
        ):
            values[place] = value
        self.values = tuple(values)

    def still(self, numbers: Any) -> list[int]:
        """Variables that stand where they stood, whatever was added to them.

        Looks only at those whose change is so small that it may be rounded
        away; they are told apart by a digest of their bytes.
        """
        found = []
        for place, (reference, value) in enumerate(zip(self._held, self.values, strict=True)):
            change = float(numbers[place * self.width + 1])
            variable = reference()
            if variable is None or not 0 < change < value:
                continue
            share = ROUNDED.get(variable.dtype.base_dtype.name)
            if (
                share is None
                or change > share * share * value
                or variable.shape.num_elements() > LARGE
            ):
                continue
            digest = hashlib.blake2b(variable.numpy().tobytes()).digest()
            if self._seen.get(place) == digest:
                found.append(place)
            self._seen[place] = digest
        return found

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

    def before(self, variables: list[Any]) -> list[Before]:
        """The variables before the step."""
        from tensorflow.python.eager import record

        with record.stop_recording():
            return [before(variable) for variable in variables]

    def after(
        self,
        site: Site,
        variables: list[Any],
        gradients: list[Any],
        earlier: list[Before],
        loss: Any,
        rate: Any,
        iterations: Any,
    ) -> None:
        """Measures a step that has just happened, or is being traced."""
        import tensorflow as tf
        from tensorflow.python.eager import context, record

        eager = bool(context.executing_eagerly())
        with record.stop_recording(), tf.name_scope(SCOPE):
            if not site.values:
                site.begin(variables)
            row = measures(variables, gradients, earlier, site.directed)
            if eager:
                packed = tf.raw_ops.Pack(values=row, axis=0)
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
            site.add((site.count, packed.numpy(), site.values, _number(loss), rate, iterations))
            found += 1
        for site in {id(row[0]): row[0] for row in pending}.values():
            site.refresh()
        for site in self.sites:
            if site.counter is not None:
                found += self._read_ring(site)
        return found

    def _read_ring(self, site: Site) -> int:
        total = int(site.counter.numpy())
        fresh = total - site.read
        if fresh <= 0:
            return 0
        # A copy: the graph writes on into the ring's own memory.
        rows = site.ring.numpy().copy()
        for place in site.still(rows[(total - 1) % SLOTS]):
            rows[:, place * site.width + 1] = 0.0
        for number in range(max(site.read, total - SLOTS), total):
            row = rows[number % SLOTS]
            loss, rate, iterations = (_known(value) for value in row[-_EXTRA:].tolist())
            site.add((number + 1, row[:-_EXTRA], site.values, loss, rate, iterations))
        site.read = site.count = total
        site.refresh()
        return fresh


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
    values: tuple[float, ...],
    loss: float | None,
    rate: float | None,
    iterations: float | None,
) -> Step:
    """One row of numbers as a step."""
    numbers = array.tolist()
    updates = []
    width = site.width
    for position, variable in enumerate(site.variables):
        gradient, change = (
            _norm(number) for number in numbers[position * width : position * width + 2]
        )
        along = None
        if site.directed and gradient and change and site.given[position]:
            product = numbers[position * width + 2]
            along = -product / (gradient * change) if math.isfinite(product) else None
        updates.append(
            Update(
                variable,
                gradient if site.given[position] else None,
                _norm(values[position]),
                change,
                along,
            )
        )
    counter = None if iterations is None else int(iterations)
    return Step(index, site.apply, tuple(updates), loss, rate, counter)


def _norm(half_square: float) -> float:
    """Norm from half the sum of squares; infinite and NaN stay so."""
    return math.sqrt(2.0 * half_square) if half_square >= 0 else half_square
