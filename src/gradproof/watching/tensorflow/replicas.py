"""Variables that a strategy keeps once a replica: are the copies equal?"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from ...evidence.gaps import Gap
from ..patches import Patches
from .variables import Variables, bare

MOMENTS = (1, 2, 3, 10, 50, 200, 1000, 5000)
"""Calls of traced functions after which copies are compared."""

LARGEST = 20_000_000
"""Elements of all copies together that are read."""


def count() -> int:
    """Replicas that the strategy in force keeps in step."""
    from tensorflow.python.distribute import distribute_lib

    if not distribute_lib.has_strategy():
        return 1
    return int(distribute_lib.get_strategy().num_replicas_in_sync)


def index() -> int | None:
    """Which of the replicas of this process runs here, from 0; `None` outside of them."""
    from tensorflow.python.distribute import distribute_lib

    if not distribute_lib.has_strategy():
        return 0
    here = distribute_lib.get_replica_context()
    if here is None:
        return None
    # The public property would make a tensor.
    group = here._replica_id_in_sync_group
    if not isinstance(group, int):
        return 0
    return int(here.strategy.extended._get_local_replica_id(group))


def local(variable: Any) -> Any:
    """The copy of a variable that belongs to the replica that runs here.

    A plain variable is its own only copy.
    """
    inner = bare(variable)
    return inner._get() if isinstance(getattr(inner, "values", None), tuple) else inner


class Replicas:
    """The mirrored variables of a program."""

    def __init__(self, variables: Variables) -> None:
        self.gaps: dict[str, Gap] = {}
        self._variables = variables
        self._mirrored: list[weakref.ref[Any]] = []

    def install(self, patches: Patches) -> None:
        """Watches the making of variables that are kept once a replica."""
        from tensorflow.python.distribute import values

        patches.around(
            values.DistributedVariable,
            "__init__",
            after=lambda note, variable, result: self._made(variable),
        )

    def _made(self, variable: Any) -> None:
        self._mirrored.append(weakref.ref(variable))
        self._variables.mirrored(variable)

    @property
    def there(self) -> bool:
        """The program has such variables."""
        return bool(self._mirrored)

    def called(self, calls: int) -> None:
        """A traced function has returned to eager code."""
        if self._mirrored and calls in MOMENTS:
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
