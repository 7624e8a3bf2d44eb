"""Variables that a strategy keeps once a replica: their values, read between steps."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from ...evidence.gaps import Gap
from ...evidence.run import Apply, Step, Update
from ..patches import Patches
from .variables import Variables

MOMENTS = (1, 2, 3, 10, 50, 200, 1000, 5000)
"""Calls of traced functions after which copies are compared."""

LARGEST = 20_000_000
"""Elements of all copies together that are read."""

MEASURED = 3
"""Calls whose changes are measured from outside."""


class Replicas:
    """The mirrored variables of a program."""

    def __init__(self, variables: Variables) -> None:
        self.gaps: dict[str, Gap] = {}
        self._variables = variables
        self._mirrored: list[weakref.ref[Any]] = []
        self._before: dict[int, Any] = {}
        self._changes: list[dict[int, tuple[float, float]]] = []

    def install(self, patches: Patches) -> None:
        """Watches the making of variables that are kept once a replica."""
        from tensorflow.python.distribute import values

        patches.around(
            values.DistributedVariable,
            "__init__",
            after=lambda note, variable, result: self._mirrored.append(weakref.ref(variable)),
        )

    def traced(self) -> None:
        """A step under several replicas is being traced: keeps the values before it."""
        from tensorflow.python.framework import ops

        if not self._changes and not self._before:
            with ops.init_scope():
                self._before = self._read()

    def called(self, calls: int) -> None:
        """A traced function has returned to eager code."""
        if not self._mirrored:
            return
        if self._before and len(self._changes) < MEASURED:
            self._measure()
        if calls in MOMENTS:
            self.compare(calls)

    def compare(self, calls: int) -> None:
        """Notes variables whose copies differ."""
        import numpy as np

        room = LARGEST
        for variable in self._alive():
            if variable.name in self.gaps:
                continue
            copies = [copy for copy in variable.values if copy.dtype.is_floating]
            room -= sum(copy.shape.num_elements() or 0 for copy in copies)
            if len(copies) < 2 or room < 0:
                continue
            first, *others = (copy.numpy().astype("float64") for copy in copies)
            if all(np.array_equal(first, other, equal_nan=True) for other in others):
                continue
            keys = (self._variables.key(copy) for copy in copies)
            self.gaps[variable.name] = Gap(
                str(variable.name).split(":")[0],
                tuple(key for key in keys if key is not None),
                float(max(np.linalg.norm((other - first).ravel()) for other in others)),
                float(np.linalg.norm(first.ravel())),
                calls,
            )

    def _alive(self) -> Iterator[Any]:
        """Mirrored variables that train; copies of counters and metrics differ by design."""
        for reference in self._mirrored:
            variable = reference()
            if variable is None or type(variable).__name__ != "MirroredVariable":
                continue
            if getattr(variable, "trainable", False):
                yield variable

    def _read(self) -> dict[int, Any]:
        """The values of the first copies, by key."""
        found: dict[int, Any] = {}
        room = LARGEST
        for variable in self._alive():
            copy = variable.values[0]
            key = self._variables.key(copy)
            room -= copy.shape.num_elements() or LARGEST
            if key is not None and room > 0 and copy.dtype.is_floating:
                found[key] = copy.numpy().astype("float64")
        return found

    def _measure(self) -> None:
        import numpy as np

        now = self._read()
        changes = {
            key: (
                float(np.linalg.norm(self._before[key].ravel())),
                float(np.linalg.norm((value - self._before[key]).ravel())),
            )
            for key, value in now.items()
            if key in self._before
        }
        # A call that evaluates changes nothing, and is no step.
        if any(change != 0 for _, change in changes.values()):
            self._changes.append(changes)
        self._before = now if len(self._changes) < MEASURED else {}

    def steps(self, applies: tuple[Apply, ...]) -> tuple[Step, ...]:
        """Changes seen from outside as steps of the optimizers under strategies.

        Only of variables that changed: what the gradient was is not known.
        """
        found: list[Step] = []
        seen: set[int | None] = set()
        for apply in applies:
            if apply.replicas < 2 or apply.by_hand or apply.optimizer in seen:
                continue
            seen.add(apply.optimizer)
            keys = [pair.variable for pair in apply.pairs if pair.given == "gradient"]
            for index, changes in enumerate(self._changes, start=1):
                updates = tuple(
                    Update(
                        key,
                        float("nan") if changes[key][1] != changes[key][1] else None,
                        *changes[key],
                    )
                    for key in keys
                    if key in changes and changes[key][1] != 0
                )
                if updates:
                    found.append(Step(index, apply.key, updates))
        return tuple(found)
