"""Datasets, and arrays drawn at random."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..dependence import NO_FLOW
from ..flow import cut, merge
from ..joining import flow_of
from ..noticing import state, weighing
from ..python import iterators, own_iterators
from ..values import Constant, Dataset, DictValue, ListValue, Tensor, Unknown, Value
from . import api, shapes
from .names import last

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def make_dataset(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A `tf.data` source."""
    short = last(name)
    if short in ("from_tensor_slices", "from_tensors") and arguments:
        made = Dataset(_sliced(arguments[0], slices=short == "from_tensor_slices"), node, True)
        weighing.sliced(reader, made, arguments[0])
        return made
    if short == "range":
        return Dataset(Tensor(whole=True, shape=()), node)
    if short == "zip" and arguments and isinstance(arguments[0], ListValue):
        parts = [
            part.element if isinstance(part, Dataset) else Unknown(data=True)
            for part in arguments[0].items
        ]
        return Dataset(ListValue(parts, fixed=True), node)
    if short == "from_generator":
        made = Dataset(Unknown("element", data=True), node)
        source = own_iterators.handed_out(reader, arguments[0]) if arguments else None
        return iterators.handed_on(reader, source, made, node)
    return Unknown(short, data=True)


def _sliced(value: Value, *, slices: bool) -> Value:
    if isinstance(value, ListValue) and value.fixed:
        return ListValue([_sliced(item, slices=slices) for item in value.items], fixed=True)
    if isinstance(value, DictValue):
        return DictValue(
            {key: _sliced(item, slices=slices) for key, item in value.items.items()}, value.exact
        )
    if isinstance(value, Tensor):
        shape = value.shape
        if slices and shape is not None:
            shape = shape[1:] if shape else None
        return Tensor(flow_of(value), "tensor", shape, value.whole)
    if isinstance(value, Unknown):
        return Unknown(value.name, data=True)
    return Tensor()


def _batched(value: Value) -> Value:
    if isinstance(value, ListValue):
        return ListValue([_batched(item) for item in value.items], value.exact, value.fixed)
    if isinstance(value, DictValue):
        return DictValue({key: _batched(item) for key, item in value.items.items()}, value.exact)
    if isinstance(value, Tensor):
        return Tensor(
            value.flow,
            "tensor",
            (None, *value.shape) if value.shape is not None else None,
            value.whole,
        )
    return value


def dataset_method(
    reader: Reader,
    receiver: Dataset,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a dataset."""
    made = _transformed(reader, receiver, name, arguments, keywords, node)
    if name in ("map", "cache", "enumerate"):
        weighing.follows(reader, receiver, made)
    if name == "cache":  # keeps all items of the first round
        return Dataset(receiver.element, node, receiver.pipeline)
    return iterators.handed_on(reader, receiver, made, node) if isinstance(made, Dataset) else made


def _transformed(
    reader: Reader,
    receiver: Dataset,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    if name in ("batch", "padded_batch"):
        cut = Dataset(_batched(receiver.element), node, receiver.pipeline)
        weighing.batched(reader, receiver, arguments, keywords, cut)
        return cut
    if name == "unbatch":
        return Dataset(Unknown("element", data=True), node, receiver.pipeline)
    if name in ("map", "flat_map") and arguments:
        element = receiver.element
        given = (
            list(element.items) if isinstance(element, ListValue) and element.fixed else [element]
        )
        with state.quietly(reader):
            mapped = reader.call(arguments[0], given, {}, node)
        return Dataset(mapped if not isinstance(mapped, Dataset) else mapped.element, node, True)
    if name == "as_numpy_iterator":
        return iterators.iterator(reader, receiver, name, node)
    if name == "take":
        return Dataset(receiver.element, node, receiver.pipeline)
    if name in api.DATASET_KEEPS:
        return receiver
    if name == "get_single_element" or name == "get_next":
        return receiver.element
    if name in ("cardinality", "element_spec"):
        return Tensor(form="number")
    if name == "enumerate":
        return Dataset(
            ListValue([Tensor(whole=True, shape=()), receiver.element], fixed=True),
            node,
            receiver.pipeline,
        )
    return Unknown(name, data=True)


_AROUND = frozenset("normal uniform laplace logistic gumbel lognormal".split())
"""What moves with its arguments: a sample with a derivative, if TensorFlow drew it."""


def random_array(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """An array of random numbers."""
    size = keywords.get("size")
    shape: shapes.Shape | None = None
    around = merge(reader.read(one, node) for one in (*arguments, *keywords.values()))
    if around and name in _AROUND and isinstance(node, ast.Call):
        # The sample hangs on what it is drawn around, and NumPy has no gradient of it.
        flow = cut(around, "numpy", ast.unparse(node.func), reader.path(node), reader.active)
        known = [shapes.of(one) for one in arguments]
        wide = shapes.broadcast(*known) if len(known) == 2 and size is None else None
        return Tensor(flow, "array", wide, whole=False, made=reader.path(node))
    if name in ("randn", "rand"):
        shape = tuple(
            value.value if isinstance(value, Constant) and isinstance(value.value, int) else None
            for value in arguments
        )
    elif size is not None:
        shape = shapes.from_value(size)
    elif name in (
        "normal",
        "uniform",
        "randint",
        "integers",
        "poisson",
        "binomial",
        "choice",
    ) and len(arguments) >= 3 - (name == "choice") - (name == "poisson"):
        shape = shapes.from_value(arguments[-1])
    elif name in ("random", "standard_normal", "random_sample") and arguments:
        shape = shapes.from_value(arguments[0])
    elif name == "permutation":
        shape = (None,)
    elif not arguments or name in ("normal", "uniform", "randint", "integers"):
        shape = ()
    if shape == () and name in (
        "rand",
        "random",
        "normal",
        "uniform",
        "randint",
        "integers",
        "choice",
    ):
        return Tensor(form="number")
    whole = (
        True
        if name in api.ARRAY_WHOLE_MAKERS
        else False
        if name in api.ARRAY_FLOAT_MAKERS
        else None
    )
    return Tensor(NO_FLOW, "array", shape, whole, made=reader.path(node))
