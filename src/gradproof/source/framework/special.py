"""Operations that treat their arguments differently: choice, indices, loops."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import escaping
from ..flow import cut, merge
from ..noticing import masked_roots, masks, singular, sparse
from ..values import Constant, ListValue, Tensor, Unknown, Value, Variable
from . import crossings, nests, shapes
from .forms import written_as
from .tensors import plain

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def _cast(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    dtype = keywords.get("dtype", arguments[1] if len(arguments) > 1 else None)
    value = arguments[0] if arguments else keywords.get("x")
    if value is None:
        return None
    flow = reader.read(value, node)
    if shapes.is_whole(dtype) is True and not (isinstance(value, Tensor) and value.whole):
        flow = cut(
            flow,
            "nondifferentiable",
            f"{written_as(node, name)} to an integer",
            reader.path(node),
            reader.active,
        )
    result = Tensor(
        flow, "tensor", shapes.of(value), shapes.is_whole(dtype), made=reader.path(node)
    )
    if isinstance(value, Tensor):
        result.gradient, result.sign, result.loss = value.gradient, value.sign, value.loss
        result.ending, result.ender = value.ending, value.ender
        masks.literal(reader, "cast", value, result)
        crossings.kept(reader, "cast", value, result)
    result.traced = reader.frame.traced
    return result


def _where(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if len(arguments) < 2 and len(keywords) < 2:
        if arguments:
            ends = cut(
                reader.read(arguments[0], node),
                "nondifferentiable",
                written_as(node, name),
                reader.path(node),
                reader.active,
            )
            return Tensor(ends, made=reader.path(node), whole=True)
        return None
    condition = arguments[0] if arguments else keywords.get("condition", Constant(None))
    branches = [*arguments[1:], *(v for k, v in keywords.items() if k in ("x", "y"))]
    ends = cut(
        reader.read(condition, node),
        "nondifferentiable",
        f"condition of `{written_as(node, name)}`",
        reader.path(node),
        reader.active,
    )
    flow = merge((ends, *(reader.read(value, node) for value in branches)))
    shape = shapes.of(condition)
    for value in branches:
        shape = shapes.broadcast(shape, shapes.of(value))
    result = Tensor(flow, "tensor", shape, made=reader.path(node))
    gradients = [b.gradient for b in branches if isinstance(b, Tensor) and b.gradient is not None]
    if gradients:
        result.gradient = gradients[0]
    singular.masked_singularity(reader, condition, branches, result)
    return result


def _gather(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    given = dict(zip(("params", "indices"), arguments, strict=False)) | keywords
    params, indices = given.get("params"), given.get("indices", given.get("ids"))
    if params is None or indices is None:
        return None
    ends = cut(
        reader.read(indices, node),
        "nondifferentiable",
        f"indices of `{written_as(node, name)}`",
        reader.path(node),
        reader.active,
    )
    dense = isinstance(params, Variable) and params.dense
    result = Tensor(merge((reader.read(params, node), ends)), made=reader.path(node))
    if name.endswith(".gather"):
        of = shapes.of(params), shapes.of(indices)
        result.shape = shapes.gathered(*of, given.get("axis"), given.get("batch_dims"))
    if isinstance(params, Variable) and not name.endswith("gather_nd"):
        reader.store.set_field(params, "dense", dense)
        sparse.gathered(reader, params, keywords, node)
    if isinstance(params, Tensor):
        result.ending, result.ender = params.ending, params.ender
    return result


def _clip_by_value(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    given = dict(zip(("t", "low", "high"), arguments, strict=False))
    low = given.get("low", keywords.get("clip_value_min", keywords.get("x_min")))
    high = given.get("high", keywords.get("clip_value_max", keywords.get("x_max")))
    value = given.get("t", keywords.get("t", keywords.get("x")))
    return _flat(reader, value, low, high, name, node)


_ZERO, _SIX = Constant(0.0), Constant(6.0)


def _rectified(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    value = arguments[0] if arguments else keywords.get("features", keywords.get("x"))
    # A slope below zero, or another threshold, is another function.
    plain = len(arguments) < 2 and not {"negative_slope", "alpha", "threshold"} & keywords.keys()
    high = _SIX if name.endswith("6") else None
    return _flat(reader, value, _ZERO, high, name, node) if plain else None


def _larger_or_smaller(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    given = [*arguments, *keywords.values()]
    bound = next((one for one in given if isinstance(one, Constant)), None)
    value = next((one for one in given if isinstance(one, Variable)), None)
    low, high = (bound, None) if name.endswith("maximum") else (None, bound)
    return _flat(reader, value, low, high, name, node) if len(given) == 2 else None


def _flat(
    reader: Reader,
    value: Value | None,
    low: Value | None,
    high: Value | None,
    name: str,
    node: ast.AST,
) -> Value | None:
    """What bounds make of a variable that starts outside of them, where slopes are 0."""
    if not isinstance(value, Variable) or value.assigned or value.initial is None:
        return None
    starts = value.initial.items if isinstance(value.initial, ListValue) else [value.initial]
    if not starts or not all(_outside(start, low, high) for start in starts):
        return None
    flow = cut(
        reader.read(value, node), "zero", written_as(node, name), reader.path(node), reader.active
    )
    return Tensor(flow, "tensor", made=reader.path(node))


def _outside(value: Value, low: Value | None, high: Value | None) -> bool:
    if not isinstance(value, Constant) or not isinstance(value.value, int | float):
        return False
    below = isinstance(low, Constant) and isinstance(low.value, int | float)
    above = isinstance(high, Constant) and isinstance(high.value, int | float)
    return (below and value.value < low.value) or (above and value.value > high.value)  # type: ignore[union-attr, operator]


def _clip_by_global_norm(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    gradients = arguments[0] if arguments else keywords.get("t_list", Unknown("t_list", data=True))
    norm = plain(reader, reader.read(gradients, node), node)
    if isinstance(gradients, ListValue):
        made = reader.path(node)
        items = [
            replace(item, tokens=frozenset(), made=made) if isinstance(item, Tensor) else item
            for item in gradients.items
        ]
        clipped = ListValue(items, gradients.exact, node=node)
        return ListValue([clipped, norm], fixed=True)
    return ListValue([gradients, norm], fixed=True)


def _top_k(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not arguments:
        return None
    flow = reader.read(arguments[0], node)
    ends = cut(
        flow,
        "nondifferentiable",
        f"indices of `{written_as(node, name)}`",
        reader.path(node),
        reader.active,
    )
    masked_roots.hidden(reader, arguments[0], None)
    parts: list[Value] = [Tensor(flow), Tensor(ends, whole=True)]
    return ListValue(parts, fixed=True, fields=("values", "indices"))


def _split(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not arguments:
        return None
    flow = reader.read(arguments[0], node)
    count = arguments[1] if len(arguments) > 1 else keywords.get("num_or_size_splits")
    number = count.value if isinstance(count, Constant) and isinstance(count.value, int) else None
    axis = keywords.get("axis", arguments[2] if len(arguments) > 2 else None)
    shape = shapes.of_part(shapes.of(arguments[0]), number, axis)
    if number is not None and 0 < number < 9:
        parts = (Tensor(flow, shape=shape, made=reader.path(node)) for _ in range(number))
        return ListValue([*parts], fixed=True)
    return ListValue([Tensor(flow, shape=shape, made=reader.path(node))], False)


def _unstack(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not arguments:
        return None
    flow = reader.read(arguments[0], node)
    axis = keywords.get("axis", arguments[2] if len(arguments) > 2 else Constant(0))
    shape, place = shapes.of(arguments[0]), shapes.told(axis)
    if shape and place is not None and -len(shape) <= place < len(shape):
        place %= len(shape)
        length, part = shape[place], (*shape[:place], *shape[place + 1 :])
        if length is not None and 0 < length < 9:
            parts = (Tensor(flow, shape=part, made=reader.path(node)) for _ in range(length))
            return ListValue([*parts], fixed=True)
    return ListValue([Tensor(flow, made=reader.path(node))], False)


def _cond(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    given = dict(zip(("pred", "true_fn", "false_fn"), arguments, strict=False)) | keywords
    results = []
    for key in ("true_fn", "false_fn"):
        branch = given.get(key)
        if branch is not None:
            reader.store.begin()
            results.append(reader.call(branch, [], {}, node))
            reader.store.redo(reader.store.take_back())
    if len(results) == 2:
        from ..joining import join_values

        return join_values(results[0], results[1])
    return results[0] if results else None


def _while_loop(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    given = dict(zip(("cond", "body", "loop_vars"), arguments, strict=False)) | keywords
    body, state = given.get("body"), given.get("loop_vars")
    if body is None or not isinstance(state, ListValue):
        return None
    for _ in range(2):
        found = reader.call(body, list(state.items), {}, node)
        if isinstance(found, ListValue):
            state = found
    return state


def _nothing(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    for value in (*arguments, *keywords.values()):
        escaping.look(reader, value)
    return Constant(None)


SPECIAL: dict[str, Callable[..., Value | None]] = {
    "cast": _cast,
    "where": _where,
    "gather": _gather,
    "gather_nd": _gather,
    "embedding_lookup": _gather,
    "clip_by_value": _clip_by_value,
    "clip": _clip_by_value,
    "relu": _rectified,
    "relu6": _rectified,
    "maximum": _larger_or_smaller,
    "minimum": _larger_or_smaller,
    "clip_by_global_norm": _clip_by_global_norm,
    "tf.nest.map_structure": nests.map_structure,
    "tf.nest.flatten": nests.flatten,
    "tf.nest.pack_sequence_as": nests.pack,
    "keras.tree.map_structure": nests.map_structure,
    "keras.tree.flatten": nests.flatten,
    "keras.tree.pack_sequence_as": nests.pack,
    "top_k": _top_k,
    "split": _split,
    "unstack": _unstack,
    "cond": _cond,
    "while_loop": _while_loop,
    "tf.print": _nothing,
    "tf.random.set_seed": _nothing,
    "keras.utils.set_random_seed": _nothing,
}
