"""A few numbers of every variable at every step, reduced where they arise.

Eager steps keep them until somebody reads them. Traced steps
write them into a ring kept in a variable, in the graph itself, so that loops
inside the function and compiled steps are seen without a call back to Python.
"""

from __future__ import annotations

import functools
from typing import Any

from ....evidence.applies import PENDING
from ...patches import Patches
from ..eager import in_graph, unheard
from ..graphs import SCOPE
from . import at_once
from .measures import Before, before, measures, scalar
from .sites import EXTRA, Site
from .sums import with_parts

SLOTS = 256
"""Steps that a ring holds until it is read, at least."""

NARROW_SLOTS, NARROW = 1024, 65_536
"""As many of one that takes no more than so many bytes: a reading costs as much as some steps."""

LOOPED_SLOTS = 4096
"""The same for one in a loop of the graph, which may make many steps in one call."""

LATELY = 8
"""Readings without a step, after which a loop is not waited for any more."""

ROOM = 16_000_000
"""Bytes of all rings in loops together; the next ones are as small as others."""


class Numbers:
    """Measures changes of variables, eagerly and in graphs."""

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.saving = False
        self.missed = 0
        self._room = ROOM
        self._parts: list[Any] = []
        self._pending: list[tuple[Site, list[Any], Any, Any, Any]] = []

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

    def before(self, site: Site, variables: list[Any]) -> list[Any]:
        """The variables before the step: a `Before` of each in a graph, else its value."""
        with _untaped()(), unheard():
            if in_graph():
                return [before(variable) for variable in variables]
            return site.now.read(variables)

    def after(
        self,
        site: Site,
        variables: list[Any],
        gradients: list[Any],
        earlier: list[Any],
        loss: Any,
        rate: Any,
        iterations: Any,
        parts: list[Any] | None = None,
    ) -> None:
        """Measures a step that has just happened, or is being traced."""
        with _untaped()(), unheard():
            if in_graph():
                self._trace(site, variables, gradients, earlier, (loss, rate, iterations), parts)
                return
            if not site.values:
                site.begin(variables, earlier)
            values = site.now.read(variables)
            row = at_once.measures(values, gradients, earlier, site.directed)
            if parts is not None:
                row = with_parts(row, parts)
            self._pending.append((site, row, loss, rate, iterations))
            if len(self._pending) >= PENDING:
                self.flush()

    def _trace(
        self,
        site: Site,
        variables: list[Any],
        gradients: list[Any],
        earlier: list[Before],
        extra: tuple[Any, Any, Any],
        parts: list[Any] | None,
    ) -> None:
        """Adds the measuring of a step to the graph."""
        import tensorflow as tf

        with tf.name_scope(SCOPE):
            if not site.values:
                site.begin(variables)
            row = measures(variables, gradients, earlier, site.directed)
            if parts is not None:
                row = with_parts(row, parts)
            row += [scalar(one) for one in extra]
            self._write(site, tf.raw_ops.Pack(values=row, axis=0))

    def _write(self, site: Site, row: Any) -> None:
        """Adds the ring of a site, and the writing into it, to the graph."""
        import tensorflow as tf
        from tensorflow.python.framework import ops
        from tensorflow.python.ops import control_flow_util, resource_variable_ops

        width = len(site.variables) * site.width + EXTRA
        graph = ops.get_default_graph()
        site.looped, site.slots = _in_loop(graph), SLOTS
        # XLA copies the whole ring at each step, and can't count and read at once.
        compiled = control_flow_util.GraphOrParentsInXlaContext(graph)
        if not compiled:
            site.slots = max(SLOTS, min(NARROW_SLOTS, NARROW // (4 * width)))
            if site.looped and self._room >= LOOPED_SLOTS * width * 4:
                site.slots = LOOPED_SLOTS
                self._room -= LOOPED_SLOTS * width * 4
        with ops.init_scope(), tf.device("CPU:0"):
            site.ring = resource_variable_ops.ResourceVariable(
                tf.zeros((site.slots, width), tf.float32), trainable=False, name=f"{SCOPE}_ring"
            )
            site.counter = resource_variable_ops.ResourceVariable(
                tf.constant(0, tf.int64), trainable=False, name=f"{SCOPE}_counter"
            )
        self._parts += [site.ring, site.counter]
        slots = tf.constant(site.slots, tf.int64)
        if compiled:
            count = tf.raw_ops.ReadVariableOp(resource=site.counter.handle, dtype=tf.int64)
        else:
            count = tf.raw_ops.ResourceCountUpTo(
                resource=site.counter.handle, limit=tf.int64.max, T=tf.int64
            )
        slot = tf.raw_ops.FloorMod(x=count, y=slots)
        tf.raw_ops.ResourceScatterUpdate(resource=site.ring.handle, indices=slot, updates=row)
        if compiled:
            one = tf.constant(1, tf.int64)
            tf.raw_ops.AssignAddVariableOp(resource=site.counter.handle, value=one)

    @unheard()
    def flush(self) -> None:
        """Reads what was measured since the last time."""
        pending, self._pending = self._pending, []
        sites = {id(site): site for site, *_ in pending}
        for key, site in sites.items():
            rows = [_row(*parts) for owner, *parts in pending if id(owner) == key]
            site.add(_stacked(rows), site.count + 1)
            site.refresh()
        for site, total in _counted(self.sites):
            if total > site.read:
                self._read_ring(site, total)

    def _read_ring(self, site: Site, total: int) -> None:
        first = max(site.read, total - site.slots)
        self.missed += first - site.read
        places = [number % site.slots for number in range(first, total)]
        # Picking rows copies them: the graph writes on into the ring's memory.
        rows = site.ring.numpy()[places]
        for position in site.still(rows[-1]):
            rows[:, position * site.width + 1] = 0.0
        site.add(rows, first + 1)
        site.refresh()
        site.read = total

    def room(self, calls: int) -> int:
        """Calls before a ring is three quarters full, if they go on as the latest ones.

        Whoever needs numbers reads them in between, so one reading says little.

        Args:
            calls: Calls of traced functions since this was last asked.
        """
        return min((site.room(calls) for site in self.sites), default=calls * SLOTS)

    @property
    def looping(self) -> list[Site]:
        """Those that may make many steps in a call, and lately made some."""
        return [site for site in self.sites if site.looped and site.idle < LATELY]

    @unheard()
    def filling(self, sites: list[Site]) -> bool:
        """Says whether the next call might write over steps of these that were not read."""
        return any(total - site.read > site.slots // 4 for site, total in _counted(sites))


@functools.cache
def _untaped() -> Any:
    """TensorFlow's own way to keep operations from open tapes."""
    from tensorflow.python.eager import record

    return record.stop_recording


def _in_loop(graph: Any) -> bool:
    """Says whether a graph is the body of a loop, or of a function called in one."""
    while graph is not None:
        if type(graph).__name__ == "WhileBodyFuncGraph":
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def _counted(sites: list[Site]) -> list[tuple[Site, int]]:
    """The sites that have a ring, with the steps that were written into it so far."""
    traced = [site for site in sites if site.counter is not None]
    totals = at_once.read([site.counter for site in traced])
    return [(site, int(total.numpy())) for site, total in zip(traced, totals, strict=True)]


def _stacked(rows: list[list[float]]) -> Any:
    import numpy as np

    return np.array(rows, np.float32)


def _row(measured: list[Any], loss: Any, rate: float | None, iterations: int | None) -> list[float]:
    """The numbers of an eager step."""
    extra = (_number(loss), rate, iterations)
    numbers = [float(one) for one in measured]
    return numbers + [float("nan") if one is None else float(one) for one in extra]


def _number(value: Any) -> float | None:
    if value is None or not hasattr(value, "numpy"):
        return None
    array = value.numpy()
    try:
        return float(array.mean()) if array.size else None
    except (TypeError, ValueError, AttributeError):
        return None
