"""Variables that a strategy keeps once a replica: are the copies equal?"""

from __future__ import annotations

import functools
import hashlib
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ...evidence.gaps import Gap
from ...evidence.workers import Digest, Feed
from ...task import task
from ..patches import Patches
from .kinds import bare
from .variables import Variables

MOMENTS = (1, 2, 3, 10, 50, 200, 1000, 5000)
"""Calls of traced functions after which copies are compared."""

LARGEST = 20_000_000
"""Elements of all copies together that are read."""


@functools.cache
def _strategies() -> Any:
    from tensorflow.python.distribute import distribute_lib

    return distribute_lib


def count() -> int:
    """Replicas that the strategy in force keeps in step."""
    strategies = _strategies()
    if not strategies.has_strategy():
        return 1
    return int(strategies.get_strategy().num_replicas_in_sync)


def alone(extended: object = None) -> bool:
    """Says whether there is nothing to be summed with."""
    return count() == 1


def index() -> int | None:
    """Which of the replicas of this process runs here, from 0; `None` outside of them."""
    strategies = _strategies()
    if not strategies.has_strategy():
        return 0
    here = strategies.get_replica_context()
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

    def __init__(self, variables: Variables, updates: Callable[[], int]) -> None:
        self.gaps: dict[str, Gap] = {}
        self.digests: dict[tuple[str, int], Digest] = {}
        self._updates = updates
        self._together = task() is not None
        self._feeds: Counter[tuple[int, ...]] = Counter()
        self._variables = variables
        self._mirrored: list[weakref.ref[Any]] = []

    def install(self, patches: Patches) -> None:
        """Watches the making of variables that are kept once a replica."""
        from tensorflow.python.distribute import distribute_lib, input_lib, values

        patches.around(
            distribute_lib.StrategyBase,
            "run",
            before=lambda strategy, args, kwargs: self._fed((args[1:], kwargs)),
        )
        patches.around(
            input_lib.DistributedIteratorBase,
            "get_next",
            after=lambda note, iterator, result: self._fed(result),
        )
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

    def _fed(self, given: Any) -> None:
        """Replicas are given something, each its own part."""
        part = _parted(given)
        sizes = tuple(int(one.shape[0] or 0) for one in part if one.shape.rank)
        if sizes and all(sizes):
            self._feeds[sizes] += 1

    def feeds(self) -> tuple[Feed, ...]:
        """What replicas were given, the most frequent sizes first."""
        return tuple(Feed(sizes, times) for sizes, times in self._feeds.most_common(8))

    def called(self, calls: int) -> None:
        """A traced function has returned to eager code."""
        if self._mirrored and calls in MOMENTS:
            self.compare(calls)

    def compare(self, calls: int) -> None:
        """Notes variables whose copies differ."""
        import numpy as np

        if self._together:
            self._note_values()
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

    def _note_values(self) -> None:
        """Notes the values of all variables, for other workers to compare with."""
        import numpy as np

        updates, room = self._updates(), LARGEST
        names: Counter[str] = Counter()
        for variable in self._alive():
            copy = variable.values[0]
            room -= copy.shape.num_elements() or LARGEST
            name = str(variable.name).split(":")[0]
            names[name] += 1
            name += f" ({names[name]})" if names[name] > 1 else ""
            if room < 0 or (name, updates) in self.digests:
                continue
            array = copy.numpy()
            digest = hashlib.blake2b(array.tobytes(), digest_size=8).hexdigest()
            norm = float(np.linalg.norm(array.astype("float64").ravel()))
            self.digests[name, updates] = Digest(updates, name, digest, norm)

    def _alive(self) -> Iterator[Any]:
        """Mirrored variables that train; copies of counters and metrics differ by design."""
        for reference in self._mirrored:
            variable = reference()
            if variable is None or type(variable).__name__ != "MirroredVariable":
                continue
            if getattr(variable, "trainable", False):
                yield variable


def _parted(given: Any) -> tuple[Any, ...]:
    """The first tensor of each replica in what is handed to all of them."""
    parts = getattr(given, "values", None)
    if isinstance(parts, tuple):
        return parts if all(hasattr(part, "shape") for part in parts) else ()
    inner = given.values() if isinstance(given, dict) else given
    if isinstance(given, tuple | list | dict):
        for one in inner:
            if found := _parted(one):
                return found
    return ()
