"""What the program offers to its losses: weights of samples, penalties."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...evidence.offers import Offer
from ...finding import Place
from ..patches import Patches
from ..places import Places
from .eager import EagerOperations, in_graph
from .frames import stack_here
from .graphs import TracedOperations
from .notes import Operations, flat
from .tapes import Tapes
from .variables import Variables

MOST = 400
_WEIGHTS = re.compile(r"^(?:sample_?|class_?|example_?|per_sample_?|loss_?)weights?$|^sw$")
"""Names of arguments that weigh samples."""
_PLAIN = frozenset({"weight", "weights"})
"""The same for a field of a batch, beside its inputs and targets."""


@dataclass
class _Note:
    """An offer while its tensors live."""

    kind: str
    name: str
    operations: Operations
    tensors: list[Any] = field(default_factory=list)
    place: Place | None = None
    plain: Offer | None = None


@dataclass
class _Regularized:
    """A variable with a regulariser, by key as soon as it has one: it may be gone at the end."""

    weight: weakref.ref[Any]
    kind: str
    place: Place | None
    key: int | None


class Offers:
    """Everything that a loss was offered."""

    def __init__(
        self,
        places: Places,
        variables: Variables,
        eager: EagerOperations,
        tapes: Tapes,
        graph_of: Callable[[], TracedOperations | None],
    ) -> None:
        self._places = places
        self._variables = variables
        self._eager = eager
        self._tapes = tapes
        self._graph_of = graph_of
        self._notes: list[_Note] = []
        self._regularized: list[_Regularized] = []

    def install_layer(self, patches: Patches, layer: Any) -> None:
        """Watches the regularisers and losses that layers declare."""
        patches.around(
            layer,
            "add_weight",
            before=lambda owner, args, kwargs: kwargs.get("regularizer"),
            after=self._regularizes,
        )
        patches.around(
            layer,
            "add_loss",
            before=lambda owner, args, kwargs: self._adds(
                owner, args[0] if args else kwargs.get("losses", kwargs.get("loss"))
            ),
        )

    def _regularizes(self, regularizer: Any, owner: Any, weight: Any) -> None:
        if regularizer is not None and weight is not None and not _weighs_nothing(regularizer):
            made = self._variables.layers.get(owner)
            self.declared(weight, type(regularizer).__name__, made.place if made else None)

    def declared(self, weight: Any, kind: str, place: Place | None = None) -> None:
        """Takes in a variable with a regulariser."""
        if len(self._regularized) < MOST:
            key = self._variables.key(weight)
            self._regularized.append(_Regularized(weakref.ref(weight), kind, place, key))

    def _adds(self, owner: Any, losses: Any) -> None:
        if not self._tapes.open or len(self._notes) >= MOST:
            return
        traced = in_graph()
        operations: Operations | None = self._graph_of() if traced else self._eager
        tensors = [loss for loss in flat(losses) if hasattr(loss, "dtype")]
        if operations is None or not tensors or (not traced and not self._eager.on):
            return
        stack, _ = stack_here(self._places) if traced else self._places.here(4)
        note = _Note(
            "added loss",
            str(getattr(owner, "name", type(owner).__name__)),
            operations,
            tensors,
            stack[-1] if stack else None,
        )
        self._notes.append(note)
        if not traced:
            self._plain(note)

    def settle(self, traced: TracedOperations) -> None:
        """Turns what belongs to a finished graph into plain data."""
        for name, tensors in _weights(traced.graph):
            if len(self._notes) < MOST:
                self._notes.append(_Note("sample weight", name, traced, tensors))
        for note in self._notes:
            if note.operations is traced:
                self._plain(note)

    def forget(self, operations: Operations) -> None:
        """Drops the notes of a trace that another one has replaced."""
        self._notes = [note for note in self._notes if note.operations is not operations]

    def record(self) -> tuple[Offer, ...]:
        """All offers as plain data."""
        found = [self._plain(note) for note in self._notes]
        for one in self._regularized:
            weight = one.weight() if one.key is None else None
            if weight is not None:
                one.key = self._variables.key(weight)
            if one.key is not None:
                found.append(Offer("regularizer", one.kind, variable=one.key, place=one.place))
        return tuple(found)

    def _plain(self, note: _Note) -> Offer:
        if note.plain is None:
            indices = (note.operations.find(tensor) for tensor in note.tensors)
            note.plain = Offer(
                note.kind,
                note.name,
                note.operations.key,
                tuple(index for index in indices if index >= 0),
                None,
                note.place,
            )
            note.tensors = []
        return note.plain


def _weighs_nothing(regularizer: Any) -> bool:
    """Says whether this is `keras.regularizers.L2(0.0)`: switched off."""
    held = vars(regularizer) if hasattr(regularizer, "__dict__") else {}
    factors = [held[name] for name in ("l1", "l2") if name in held]
    known = [one for one in factors if type(one).__module__ in ("builtins", "numpy")]
    return bool(known) and len(known) == len(factors) and not any(map(float, known))


def _weights(graph: Any) -> Iterator[tuple[str, list[Any]]]:
    """Arguments of a traced function that weigh samples, with their tensors."""
    signature = getattr(graph, "structured_input_signature", None)
    if not signature:
        return
    placeholders = [tensor for tensor in graph.inputs if tensor.op.type == "Placeholder"]
    names = {tensor.op.name: tensor for tensor in placeholders}
    for name, tensor in names.items():
        if _WEIGHTS.match(name) and tensor.dtype.is_floating:
            yield name, [tensor]
    yield from _fields(signature, graph.inputs)
    given, _ = signature
    for part in given:
        if _is_batch(part) and graph.name.startswith("one_step_on_data"):
            first = len(_leaves(part[0])) + len(_leaves(part[1]))
            count = len(_leaves(part[2]))
            data = [tensor for tensor in placeholders if tensor.dtype.name != "resource"]
            if count:
                yield "sample_weight", data[first : first + count]
    for operation in graph.get_operations():
        if operation.type == "IteratorGetNext":
            specs = [spec for part in given for spec in _element(part)]
            if len(specs) == 3 and _is_batch(tuple(specs)):
                first = len(_leaves(specs[0])) + len(_leaves(specs[1]))
                last = first + len(_leaves(specs[2]))
                yield "sample_weight", list(operation.outputs)[first:last]


def _fields(signature: Any, inputs: Any) -> Iterator[tuple[str, list[Any]]]:
    """Fields of a batch with names, a named tuple or a dict, that weigh samples."""
    from tensorflow.python.util import nest

    placeholders = [tensor for tensor in inputs if tensor.op.type == "Placeholder"]
    leaves = nest.flatten_with_tuple_paths(signature)
    specs = [(path, spec) for path, spec in leaves if hasattr(spec, "dtype")]
    tensors = [tensor for tensor in placeholders if tensor.dtype.name != "resource"]
    if len(specs) != len(tensors):
        return
    for (path, spec), tensor in zip(specs, tensors, strict=True):
        # 0 or 1, number of the argument, field.
        name = str(path[-1]) if len(path) > 2 else ""
        named = name in _PLAIN or _WEIGHTS.match(name)
        if named and tensor.dtype.is_floating and len(spec.shape or ()) == 1:
            yield name, [tensor]


def _is_batch(part: Any) -> bool:
    """A batch of inputs, targets and weights, as `fit` hands it on."""
    return isinstance(part, tuple) and len(part) == 3 and all(_leaves(entry) for entry in part)


def _element(part: Any) -> tuple[Any, ...]:
    """What an iterator gives at each turn."""
    spec = getattr(part, "element_spec", getattr(part, "_element_spec", None))
    return spec if isinstance(spec, tuple) else ()


def _leaves(part: Any) -> list[Any]:
    return [leaf for leaf in flat(part) if leaf is not None]
