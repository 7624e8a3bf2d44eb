"""Recorded operations as plain data, and walks along their edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ..finding import Place
from .operations import SIZES

EXTERNAL = "External"
"""Type of a stand-in for a tensor that was made outside the recording."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One recorded operation.

    Attributes:
        index: Position in its recording; edges point to smaller indices.
        type: TensorFlow's name of the operation, such as `"MatMul"`, or
            `EXTERNAL` for a value that came from elsewhere (data, a NumPy
            array, a Python number, an argument of a traced function).
        inputs: Indices of the operations whose outputs it takes, in order.
        shape: Shape of the first output; `None` if unknown.
        dtype: Type of the first output, such as `"float32"`.
        stack: The user's lines that led to it, outermost first.
        via: Names of the library functions between the user's line and the
            operation, outermost first, such as `("dense", "matmul")`.
        tapes: Numbers of the tapes that were recording when it ran.
        reads: Keys of the variables whose values it reads.
        writes: Keys of the variables that it changes.
        backward: It belongs to the computing of a gradient.
        stand_in: For `EXTERNAL`: the operation of the eager recording that
            made the value, if it was recorded there.
        value: For numbers from outside and constants the value; with axes
            only if it is that of all elements (0 if there are none).
    """

    index: int
    type: str
    inputs: tuple[int, ...] = ()
    shape: tuple[int | None, ...] | None = None
    dtype: str = "float32"
    stack: tuple[Place, ...] = ()
    via: tuple[str, ...] = ()
    tapes: frozenset[int] = frozenset()
    reads: frozenset[int] = frozenset()
    writes: frozenset[int] = frozenset()
    backward: bool = False
    stand_in: int | None = None
    value: float | None = None

    @property
    def place(self) -> Place | None:
        """The innermost of the user's lines that led to it."""
        return self.stack[-1] if self.stack else None


@dataclass(frozen=True, slots=True)
class Conversion:
    """A tensor was turned into a NumPy array or a Python number.

    Attributes:
        operation: Index of the operation that made the tensor.
        kind: `"numpy"`, `"float"`, `"int"`, `"bool"`, ...
        stack: The user's lines that led to it, outermost first.
        at: Number of operations recorded before it.
        via: Names of the library functions between the line and it.
        tapes: Numbers of the tapes that were recording.
    """

    operation: int
    kind: str
    stack: tuple[Place, ...]
    at: int
    via: tuple[str, ...] = ()
    tapes: frozenset[int] = frozenset()

    @property
    def place(self) -> Place | None:
        """The innermost of the user's lines that led to it."""
        return self.stack[-1] if self.stack else None


MOST_KEPT = 200_000
"""Indices in the sets that a recording keeps of what reaches what: a few megabytes."""


@dataclass(frozen=True)
class Recording:
    """The operations of eager code, or of one traced function, in order.

    Attributes:
        key: Number of the recording.
        function: Name of the traced function; `None` for eager code.
        operations: In order of execution or of tracing.
        conversions: Tensors that left TensorFlow (eager code only).
        whole: False when recording stopped early, so that a missing
            operation proves nothing.
    """

    key: int
    function: str | None = None
    operations: tuple[Operation, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    whole: bool = True

    @cached_property
    def consumers(self) -> dict[int, tuple[int, ...]]:
        """For each operation the operations that take its output."""
        found: dict[int, list[int]] = {}
        for operation in self.operations:
            for source in set(operation.inputs):
                found.setdefault(source, []).append(operation.index)
        return {source: tuple(users) for source, users in found.items()}

    def behind(self, index: int, passing: frozenset[str]) -> Operation:
        """What operations of these types only hand on, from input to output."""
        operation = self.operations[index]
        while operation.type in passing and operation.inputs:
            operation = self.operations[operation.inputs[0]]
        return operation

    def ancestors(self, starts: Iterable[int]) -> frozenset[int]:
        """Indices of `starts` and of everything that they depend on."""
        operations = self.operations
        inside = [start for start in starts if 0 <= start < len(operations)]
        return self._closed("ancestors", inside, lambda index: operations[index].inputs)

    def descendants(self, starts: Iterable[int]) -> frozenset[int]:
        """Indices of `starts` and of everything that depends on them."""
        consumers = self.consumers
        return self._closed("descendants", starts, lambda index: consumers.get(index, ()))

    def made_of(self, starts: Iterable[int]) -> frozenset[int]:
        """Indices of `starts` and of what is made of their values, not of their sizes alone."""
        users = self.consumers
        return self._closed(
            "made of",
            starts,
            lambda index: tuple(
                user for user in users.get(index, ()) if self.operations[user].type not in SIZES
            ),
        )

    def _closed(
        self, way: str, starts: Iterable[int], onward: Callable[[int], tuple[int, ...]]
    ) -> frozenset[int]:
        """What is reached from some operations; kept, for many faults ask for the same."""
        key = (way, frozenset(starts))
        known = self._kept.get(key)
        if known is not None:
            return known
        seen = set(key[1])
        todo = list(seen)
        while todo:
            for index in onward(todo.pop()):
                if index not in seen:
                    seen.add(index)
                    todo.append(index)
        found = frozenset(seen)
        if sum(map(len, self._kept.values())) + len(found) > MOST_KEPT:
            self._kept.clear()
        self._kept[key] = found
        return found

    @cached_property
    def _kept(self) -> dict[tuple[str, frozenset[int]], frozenset[int]]:
        return {}

    def reads_of(self, variable: int) -> tuple[Operation, ...]:
        """The operations that read the value of a variable, in order."""
        return self._reads.get(variable, ())

    @cached_property
    def _reads(self) -> dict[int, tuple[Operation, ...]]:
        found: dict[int, list[Operation]] = {}
        for operation in self.operations:
            for variable in operation.reads:
                found.setdefault(variable, []).append(operation)
        return {variable: tuple(reads) for variable, reads in found.items()}

    def between(self, starts: Iterable[int], ends: Iterable[int]) -> Iterator[Operation]:
        """The operations on any way from `starts` to `ends`, in order."""
        for index in sorted(self.descendants(starts) & self.ancestors(ends)):
            yield self.operations[index]
