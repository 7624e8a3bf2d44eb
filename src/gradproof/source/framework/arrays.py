"""NumPy: what enters it leaves TensorFlow."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..dependence import NO_FLOW
from ..flow import cut, merge
from ..noticing import frozen, state
from ..values import Constant, Layer, ListValue, Tensor, Value, Variable
from . import api, datasets, shapes
from .forms import shape_of, written_as
from .names import last

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


_CONVERTING = frozenset(
    "abs argmax array asarray clip concatenate cos exp log max maximum mean min minimum norm "
    "round sign sin sqrt square std sum tanh var where".split()
)
"""What makes an array of what it is given, which a tensor of a graph refuses."""


_TYPES = api.FLOAT_TYPES | api.INTEGER_TYPES
"""What `np.float32(values)` and its like are called: they give what they are given, as such."""


def _depends(value: Tensor) -> bool:
    """It comes from layers or variables on a way that TensorFlow knows."""
    things = (thing for thing in value.flow if isinstance(thing, Layer | Variable))
    return any(trail.cut is None for thing in things for trail in value.flow[thing])


def numpy_operation(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function of NumPy: what enters it leaves TensorFlow."""
    short = last(name)
    if name.startswith("np.random."):
        frozen.drawn(reader, name, node)
        return datasets.random_array(reader, short, arguments, keywords, node)
    for value in (*arguments, *keywords.values()):
        escaping.look(reader, value)
    first = arguments[0] if arguments else None
    if (
        isinstance(first, Tensor)
        and short in _CONVERTING
        and (_depends(first) or state.is_traced_input(reader, first, node))
    ):
        state.graph_numpy(reader, first, written_as(node, name), node)
    values = [*arguments, *keywords.values()]
    flow = merge(reader.read(value, node) for value in values)
    if isinstance(node, ast.Call):
        for argument in node.args:
            reader.facts.wrapped.setdefault(id(argument), node.func)
    if flow:
        flow = cut(flow, "numpy", written_as(node, name), reader.path(node), reader.active)
    if short in ("inf", "nan", "pi"):
        return Constant(None)
    shape = _numpy_shape(short, arguments, keywords)
    if short in api.FORGETTING or short in ("array_split", "split"):
        if short in ("array_split", "split"):
            inner = first.shape if isinstance(first, Tensor) else None
            return ListValue([Tensor(flow, "array", (None, *inner[1:]) if inner else None)], False)
        return Tensor(NO_FLOW, "array", shape, whole=_counts(short, arguments, keywords))
    result = Tensor(flow, "array", shape, made=reader.path(node))
    if isinstance(first, Tensor) and first.whole is False:
        result.whole = False
    if short in _TYPES:
        result.whole = short in api.INTEGER_TYPES
    if isinstance(first, ListValue | Constant) and short in ("array", "asarray"):
        whole = shapes.is_whole(keywords.get("dtype", arguments[1] if len(arguments) > 1 else None))
        result.whole = whole if whole is not None else shapes.of_literal(first)
    return result


def _counts(short: str, arguments: Arguments, keywords: Keywords) -> bool | None:
    """`np.arange(3)` gives integers; `np.arange(3.0)` does not; a dtype says it by itself."""
    whole = shapes.is_whole(keywords.get("dtype"))
    if whole is not None:
        return whole
    given = [isinstance(one, Constant) and type(one.value) is int for one in arguments]
    return True if short == "arange" and "dtype" not in keywords and all(given) else None


def _numpy_shape(short: str, arguments: Arguments, keywords: Keywords) -> shapes.Shape | None:
    first = arguments[0] if arguments else None
    if short in ("zeros", "ones", "empty", "full"):
        return shapes.from_value(first)
    if short == "linspace":
        number = keywords.get("num", arguments[2] if len(arguments) > 2 else None)
        return shapes.from_value(number) if number is not None else (50,)
    if short in ("arange", "permutation"):
        return (None,)
    if short in _TYPES:
        return shape_of("array", arguments, {}) if arguments else ()
    if short in (
        "concatenate",
        "vstack",
        "hstack",
        "stack",
        "repeat",
        "tile",
        "where",
        "roll",
        "pad",
        "take",
    ):
        if short == "where" and len(arguments) == 3:
            return shapes.broadcast(
                shapes.broadcast(shapes.of(arguments[0]), shapes.of(arguments[1])),
                shapes.of(arguments[2]),
            )
        return None
    return shape_of(short, arguments, keywords)


def item_written(reader: Reader, array: Tensor, value: Value, target: ast.Subscript) -> None:
    """`buffer[index] = model(x)`: the array keeps the numbers only."""
    flow = reader.read(value, target)
    if flow and reader.active:
        name = f"{ast.unparse(target.value)}[...] ="
        ended = cut(flow, "numpy", name, reader.path(target), reader.active)
        reader.store.set_field(array, "flow", merge((array.flow, ended)))
