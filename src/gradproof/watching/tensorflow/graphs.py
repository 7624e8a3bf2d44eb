"""Recordings of traced functions, read from their finished graphs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable
from typing import Any, TypeVar

from ...evidence.recording import EXTERNAL, Operation, Recording
from ..places import Places, Stack
from .eager import SMALL, EagerOperations, same_of
from .frames import TraceFrames
from .variables import Variables

_Plain = TypeVar("_Plain", bound=Hashable)

LIMIT = 60_000
DEPTH = 6
SCOPE = "gradproof"
"""Name scope of the watcher's own operations, which are left out."""

_WRITES = ("Assign", "ResourceApply", "ResourceSparseApply", "ResourceScatter")
_BODIES = ("f", "body", "then_branch", "else_branch", "branches")
_WITH_BODIES = frozenset(
    {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile"}
    | {"If", "StatelessIf", "Case", "StatelessCase"}
)
_SILENT = ("NoOp", "Assert", "PrintV2")


class TracedOperations:
    """The operations of one function graph.

    The graph is kept until it is complete; then it is read once, with the
    bodies of nested functions, loops and branches in place of their calls.
    """

    def __init__(
        self, key: int, graph: Any, places: Places, variables: Variables, eager: EagerOperations
    ) -> None:
        self.key = key
        self.name = str(graph.name)
        self.graph: Any = graph
        self.ranges: list[tuple[int, int, str]] = []
        self.tapes: dict[int, list[tuple[int, int | None]]] = {}
        self._places = places
        self._variables = variables
        self._eager = eager
        self._where: dict[tuple[str, int], int] = {}
        self._starts = [0]
        self._plain: Recording | None = None
        self._read = -1

    def __len__(self) -> int:
        return len(self.graph.get_operations()) if self.graph is not None else self._read

    def find(self, tensor: Any) -> int:
        """Index of the operation that made a tensor of this graph, or -1."""
        self.record()
        if hasattr(tensor, "numpy"):
            return self._captured_as(tensor)
        operation = getattr(tensor, "op", None)
        if operation is None:
            return -1
        return self._where.get((operation.name, tensor.value_index), -1)

    def _captured_as(self, tensor: Any) -> int:
        """Where an eager tensor stands in the graph that uses it."""
        captures = getattr(self.graph, "_function_captures", None)
        inside = getattr(captures, "by_val_internal", {}).get(id(tensor))
        if inside is None:
            return -1
        return self._where.get((inside.op.name, inside.value_index), -1)

    def position(self, count: int) -> int:
        """Index in the record of the operation that was made as `count`-th."""
        self.record()
        return self._starts[min(count, len(self._starts) - 1)]

    def close(self) -> None:
        """Reads the graph a last time and lets it go, with the names of its operations."""
        self.record()
        self.graph = None
        self._where = {}
        self._starts = [self._starts[-1]]

    def record(self) -> Recording:
        """The operations as plain data."""
        if self.graph is None or (self._plain is not None and self._read == len(self)):
            assert self._plain is not None
            return self._plain
        operations = self.graph.get_operations()
        reader = _Reader(self)
        self._starts = [0]
        for position, operation in enumerate(operations):
            reader.take(operation, position)
            self._starts.append(len(reader.rows))
        self._where = reader.where
        self._read = len(operations)
        self._plain = Recording(
            self.key,
            self.name,
            operations=tuple(reader.rows),
            whole=len(reader.rows) < LIMIT,
        )
        return self._plain

    def kind_at(self, position: int) -> str:
        """`"gradient"` or `"apply"` for operations made inside such a call."""
        for start, end, kind in self.ranges:
            if start <= position < end:
                return kind
        return ""


class _Reader:
    """One reading of a graph into rows."""

    def __init__(self, traced: TracedOperations) -> None:
        self.traced = traced
        self.rows: list[Operation] = []
        self.where: dict[tuple[str, int], int] = {}
        self.resources: dict[tuple[str, int], int] = {}
        self._frames = TraceFrames(traced._places)
        self._shared: dict[Any, Any] = {}
        self._captured: dict[str, Any] = {}
        for outside, inside in _captures(traced.graph):
            self._captured[inside.op.name] = outside
        self._frozen: dict[str, int] = traced._eager.constants.get(traced.graph, {})
        # Each tape's spans follow one another: Keras stops recording again and again.
        self._spans = [
            (tape, [start for start, _ in spans], spans) for tape, spans in traced.tapes.items()
        ]

    def _same(self, thing: _Plain) -> _Plain:
        """One object for all that are equal: a graph has few shapes, types and tapes."""
        shared: _Plain = self._shared.setdefault(thing, thing)
        return shared

    def _tapes_at(self, position: int) -> frozenset[int]:
        """Tapes that were recording when the operation was made."""
        found = []
        for tape, starts, spans in self._spans:
            latest = bisect_right(starts, position) - 1
            end = spans[latest][1] if latest >= 0 else 0
            if end is None or position < end:
                found.append(tape)
        return self._same(frozenset(found))

    def take(self, operation: Any, position: int) -> None:
        """Adds one operation of the graph itself."""
        name, word = operation.name, operation.type
        if name.startswith(SCOPE) or word in _SILENT:
            return
        traced = self.traced
        kind = traced.kind_at(position)
        stack: Stack = ()
        via: tuple[str, ...] = ()
        if not kind and word != "Placeholder":
            stack, via = self._frames.of(operation)
            via = via or _clipping(name)
        tapes = self._tapes_at(position)
        if word == "Placeholder":
            self._placeholder(operation, tapes)
        else:
            self._add(operation, "", self.where, stack, via, tapes, kind != "", 0)

    def _placeholder(self, operation: Any, tapes: frozenset[int]) -> None:
        """An argument, or something captured from outside."""
        output = operation.outputs[0]
        outside = self._captured.get(operation.name)
        if output.dtype.base_dtype.name == "resource":
            key = _variable_behind(outside, self.traced._variables)
            if key is not None:
                self.resources[operation.name, 0] = key
                return
        stand_in = None
        if outside is not None and hasattr(outside, "_id") and not hasattr(outside, "op_name"):
            found = self.traced._eager.find(outside)
            stand_in = found if found >= 0 else None
        self._row(EXTERNAL, (), output, (), (), tapes, stand_in=stand_in)
        self.where[operation.name, 0] = len(self.rows) - 1

    def _add(
        self,
        operation: Any,
        prefix: str,
        where: dict[tuple[str, int], int],
        stack: Stack,
        via: tuple[str, ...],
        tapes: frozenset[int],
        backward: bool,
        depth: int,
    ) -> None:
        """Adds an operation; a call is replaced by what it runs."""
        edges, used = self._inputs(operation, prefix, where)
        name = operation.type
        inner: list[list[int]] = []
        if name in _WITH_BODIES and depth < DEPTH and not backward and len(self.rows) < LIMIT:
            for body in _bodies(operation):
                inner.append(self._inline(operation, body, prefix, where, tapes, depth))
        made = prefix + operation.name
        outputs = list(operation.outputs)
        if inner:
            for number, output in enumerate(outputs):
                self._row(name, _ends(inner, number), output, stack, via, tapes, backward)
                where[made, number] = len(self.rows) - 1
            return
        writes = used if name.startswith(_WRITES) else frozenset()
        reads = used - writes
        self._row(
            name,
            edges,
            outputs[0] if outputs else None,
            stack,
            via,
            tapes,
            backward,
            reads,
            writes,
            self._frozen.get(operation.name) if not prefix and name == "Const" else None,
        )
        where[made, 0] = len(self.rows) - 1
        for number in range(1, len(outputs)):
            # The parts of a batch come from one operation, and are told apart.
            if name == "IteratorGetNext":
                self._row(name, edges, outputs[number], stack, via, tapes, backward, reads)
            where[made, number] = len(self.rows) - 1

    def _inputs(
        self, operation: Any, prefix: str, where: dict[tuple[str, int], int]
    ) -> tuple[tuple[int, ...], frozenset[int]]:
        """The rows that make its inputs, and the keys of the variables among them."""
        edges: list[int] = []
        used: set[int] = set()
        for tensor in operation.inputs:
            source = (prefix + tensor.op.name, tensor.value_index)
            key = self.resources.get(source)
            if key is not None:
                used.add(key)
            elif source in where:
                edges.append(where[source])
        return tuple(edges), frozenset(used)

    def _inline(
        self,
        operation: Any,
        body: Any,
        prefix: str,
        where: dict[tuple[str, int], int],
        tapes: frozenset[int],
        depth: int,
    ) -> list[int]:
        """Adds the operations of a body; returns what makes its outputs."""
        inside = f"{prefix}{operation.name}>{body.name}>"
        given = list(operation.inputs)
        if operation.type in ("If", "StatelessIf", "Case", "StatelessCase"):
            given = given[1:]
        for placeholder, tensor in zip(body.inputs, given, strict=False):
            source = (prefix + tensor.op.name, tensor.value_index)
            target = (inside + placeholder.op.name, placeholder.value_index)
            if source in self.resources:
                self.resources[target] = self.resources[source]
            elif source in where:
                where[target] = where[source]
        frames = TraceFrames(self.traced._places)
        for step in body.get_operations():
            if step.type == "Placeholder" or step.type in _SILENT:
                continue
            stack, via = frames.of(step)
            self._add(step, inside, where, stack, via, tapes, False, depth + 1)
        return [where.get((inside + end.op.name, end.value_index), -1) for end in body.outputs]

    def _row(
        self,
        name: str,
        inputs: tuple[int, ...],
        output: Any,
        stack: Stack,
        via: tuple[str, ...],
        tapes: frozenset[int],
        backward: bool = False,
        reads: frozenset[int] = frozenset(),
        writes: frozenset[int] = frozenset(),
        stand_in: int | None = None,
    ) -> None:
        shape: tuple[int | None, ...] | None = None
        dtype = ""
        if output is not None:
            rank = output.shape.rank
            shape = tuple(output.shape.as_list()) if rank is not None else None
            shape = self._same(shape)
            dtype = self._same(output.dtype.base_dtype.name)
        value = None
        number = dtype.startswith("float") or (shape == () and dtype.startswith("int"))
        if name == "Const" and number:
            value = _number(output)
        self.rows.append(
            Operation(
                len(self.rows),
                self._same(name),
                self._same(inputs),
                shape,
                dtype,
                stack,
                via,
                tapes,
                self._same(reads),
                self._same(writes),
                backward,
                stand_in,
                value,
            )
        )


def _number(constant: Any) -> float | None:
    """The value of a constant, if all its elements have the same."""
    from tensorflow.python.framework import tensor_util

    elements = constant.shape.num_elements()
    if elements is not None and elements > SMALL:
        return None
    proto = constant.op.get_attr("value")
    if len(proto.float_val) == 1:
        return float(proto.float_val[0])
    value = tensor_util.MakeNdarray(proto)
    return same_of(value) if value.size <= SMALL else None


def _clipping(name: str) -> tuple[str, ...]:
    """TensorFlow's function that clips, told from the scope that it opens.

    Its frames are not kept in graphs.
    """
    scopes = {re.sub(r"_\d+$", "", part) for part in name.split("/")}
    return tuple(scopes & {"clip_by_norm", "clip_by_global_norm", "clip_by_value"})


def _captures(graph: Any) -> list[tuple[Any, Any]]:
    captures = getattr(graph, "captures", None)
    return list(captures) if captures is not None else []


def _variable_behind(tensor: Any, variables: Variables) -> int | None:
    """The key of the variable whose handle was captured, through all graphs."""
    for _ in range(20):
        if tensor is None:
            return None
        identity = getattr(tensor, "_id", None)
        if identity is not None and identity in variables.handles:
            return variables.handles[identity]
        graph = getattr(tensor, "graph", None) if not hasattr(tensor, "numpy") else None
        if graph is None:
            return None
        name = tensor.op.name
        tensor = next(
            (outside for outside, inside in _captures(graph) if inside.op.name == name), None
        )
    return None


def _ends(inner: list[list[int]], number: int) -> tuple[int, ...]:
    """The rows that make one output of a call, in each body that it may run."""
    made = {ends[number] for ends in inner if number < len(ends) and ends[number] >= 0}
    return tuple(sorted(made))


def _bodies(operation: Any) -> list[Any]:
    """The graphs that a call, loop or branch runs."""
    found = []
    for attribute in _BODIES:
        try:
            value = operation.get_attr(attribute)
        except ValueError:
            continue
        for part in value if isinstance(value, list) else [value]:
            function = operation.graph._get_function(part.name)
            graph = getattr(function, "cached_graph", None) or getattr(function, "graph", None)
            if graph is not None:
                found.append(graph)
    return found
