"""Functions of TensorFlow and Keras: what passes them, and what comes out."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import escaping
from ..dependence import NO_FLOW, Cut, Flow, Path, Trail
from ..flow import cut, merge, origin
from ..joining import flow_of
from ..noticing import clips, compiling, masked_roots, masks, singular, weighing
from ..values import (
    Bound,
    Class,
    Constant,
    Function,
    Instance,
    Layer,
    ListValue,
    Partial,
    Tensor,
    Value,
)
from . import api, crossings, losses, shapes
from .arithmetic import dead_terms, linear, note_update, sign_of
from .forms import shape_of, written_as
from .names import last
from .special import SPECIAL

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def operation(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function of TensorFlow or Keras."""
    short = last(name)
    values = [*arguments, *keywords.values()]
    compiling.operation(reader, name, node)
    if name in api.OPAQUE_FUNCTIONS or name in ("tf.py_function",):
        return _python_function(reader, name, arguments, keywords, node)
    special = SPECIAL.get(name) or SPECIAL.get(
        short if name.startswith(("tf.", "keras.ops.")) else ""
    )
    if special is not None:
        found = special(reader, name, arguments, keywords, node)
        if found is not None:
            clips.clipped(reader, short, arguments[0] if arguments else None, found, node)
            return found
    if short in api.CROSS_ENTROPIES or name in api.LOGIT_LOSSES:
        return losses.logit_loss(reader, name, arguments, keywords, node)
    if any(isinstance(v, Function | Bound | Partial | Class) for v in values) or (
        short in _CALLS_OBJECTS and any(isinstance(v, Layer | Instance) for v in values)
    ):
        return _calls_back(reader, name, arguments, keywords, node)
    if any(isinstance(v, Layer | Instance) for v in values):
        for value in values:
            escaping.touch(reader, value)
    result = _computed(reader, name, short, arguments, keywords, node)
    clips.clipped(reader, short, arguments[0] if arguments else None, result, node)
    return result


def _computed(
    reader: Reader, name: str, short: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    values = [*arguments, *keywords.values()]
    if short in api.FORGETTING:
        return _forgetting(reader, short, arguments, keywords, node)
    flow = merge(reader.read(value, node) for value in values)
    path = reader.path(node)
    if short in api.STOPPING:
        flow = cut(flow, "stopped", name, path, reader.active)
    elif short in api.NONDIFFERENTIABLE:
        flow = cut(flow, "nondifferentiable", written_as(node, name), path, reader.active)
    result = Tensor(flow, "tensor", None, made=path, traced=reader.frame.traced)
    _describe(reader, name, short, arguments, keywords, node, result)
    if arguments and isinstance(arguments[0], ListValue) and short in _KEEP_LISTS:
        return _each(reader, arguments[0], result, flow)
    return result


_KEEP_LISTS = frozenset({"identity"})


def _each(reader: Reader, given: ListValue, result: Tensor, flow: Flow) -> Value:
    return given


def _describe(
    reader: Reader,
    name: str,
    short: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
    result: Tensor,
) -> None:
    """Tells what is known of a result beside the way of its gradients."""
    first = arguments[0] if arguments else next(iter(keywords.values()), None)
    second = arguments[1] if len(arguments) > 1 else None
    result.shape = shape_of(short, arguments, keywords)
    if short in api.WHOLE_RESULTS:
        result.whole = True
    if first is not None:
        singular.note_singular(reader, short, first, result, node)
        weighing.averaged(reader, short, first, node)
    weighing.summed(reader, short, arguments, keywords, result, node)
    masks.literal(reader, short, first, result)
    crossings.kept(reader, short, first, result)
    if second is not None:
        if short in ("subtract", "squared_difference"):
            result.self_difference = singular.apart(first or second, second)
        _describe_pair(reader, short, first or second, second, keywords, node, result)
    if short == "reduce_mean":
        result.mean_of = node
    if isinstance(first, Tensor):
        _describe_after(reader, short, first, second, node, result)
        if short == "transpose" and len(arguments) == 1:
            result.turned = first.tokens
    elif isinstance(first, ListValue) and short in ("add_n", "reduce_sum", "reduce_mean", "stack"):
        kinds = {item.loss for item in first.items if isinstance(item, Tensor)}
        result.loss = kinds.pop() if len(kinds) == 1 else 0
        if short == "stack":
            _ends_alike(first, result)
        elif short == "add_n":
            dead_terms(reader, first.items, result)
    elif isinstance(first, ListValue | Constant) and short in ("constant", "convert_to_tensor"):
        dtype = keywords.get("dtype")
        result.whole = shapes.of_literal(first) if dtype is None else shapes.is_whole(dtype)
    if short in api.MAKES_LOSS and result.flow:
        result.loss = 1
    if short in ("softmax", "log_softmax", "sigmoid", "relu") and not name.startswith(
        "keras.layers"
    ):
        result.ending, result.ender = short, node
    if short in ("add", "subtract") and first is not None and second is not None:
        op: ast.operator = ast.Add() if short == "add" else ast.Sub()
        note_update(op, first, second, result)


_COMPARING = frozenset("greater greater_equal less less_equal equal not_equal".split())


def _describe_pair(
    reader: Reader,
    short: str,
    first: Value,
    second: Value,
    keywords: Keywords,
    node: ast.AST,
    result: Tensor,
) -> None:
    """Tells what two operands make of one another."""
    if short == "multiply":
        masked_roots.combined(reader, ast.Mult(), first, second, result)
    if short == "multiply" and isinstance(node, ast.Call):
        written = (*node.args, None, None)
        masks.multiplied(reader, ((first, written[0]), (second, written[1])), result, node)
    if short in _COMPARING:
        result.compared = singular.compared((first, second))
    if short == "matmul":
        result.gram = singular.is_gram(node, keywords, first, second)
        linear(second, node, result)
    if short in ("subtract", "squared_difference", "add", "multiply"):
        losses.broadcast(reader, node, first, second)
        crossings.met(reader, node, first, second, result)


def _describe_after(
    reader: Reader,
    short: str,
    first: Tensor,
    second: Value | None,
    node: ast.AST,
    result: Tensor,
) -> None:
    """Tells what a result keeps of the tensor that it was made of."""
    scaled = short in ("multiply", "divide")
    if short in api.KEEPS_GRADIENT and first.gradient is not None:
        result.gradient = first.gradient
        result.sign = -first.sign if short == "negative" else first.sign
        if scaled and second is not None:
            result.sign *= sign_of(second)
    elif short in ("multiply", "scalar_mul") and isinstance(second, Tensor) and second.gradient:
        result.gradient, result.sign = second.gradient, second.sign * sign_of(first)
    if short in api.KEEPS_LOSS or (scaled and not flow_of(second or first)):
        result.loss = first.loss
    elif short == "negative":
        result.loss = -first.loss
    if short in api.KEEPS_ENDING:
        result.ending, result.ender = first.ending, first.ender
    if short in ("reshape", "ensure_shape", "identity", "cast", "convert_to_tensor"):
        result.whole = first.whole
    if short == "log_softmax":
        losses.logarithm(reader, first, node)


def _ends_alike(parts: ListValue, result: Tensor) -> None:
    """Steps of a sequence that all end in one activation, put together."""
    tensors = [part for part in parts.items if isinstance(part, Tensor)]
    if len(tensors) == len(parts.items) and len({part.ending for part in tensors}) == 1:
        result.ending, result.ender = tensors[0].ending, tensors[0].ender


_DTYPE_SECOND = frozenset({"zeros", "ones", "zeros_like", "ones_like"})


_OF_ENDS = frozenset({"linspace"})
_GIVES_ON = _OF_ENDS | frozenset(
    """fill full full_like normal uniform truncated_normal stateless_normal stateless_uniform
    random_normal random_uniform""".split()
)
"""Made of a shape first, and then of values that a gradient comes back to."""

_GIVEN = frozenset("value fill_value mean stddev minval maxval start stop".split())


def _forgetting(
    reader: Reader, short: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    shape: shapes.Shape | None = None
    first = arguments[0] if arguments else keywords.get("shape")
    if short in ("zeros_like", "ones_like", "full_like") and first is not None:
        shape = shapes.of(first)
    elif short in (
        "zeros",
        "ones",
        "normal",
        "uniform",
        "fill",
        "random_normal",
        "truncated_normal",
    ):
        shape = shapes.from_value(first)
    if short in ("shape", "size", "rank"):
        whole: bool | None = True
    elif short in ("range", "arange") and "dtype" not in keywords:
        # Counts of something are integers, unless a float among them tells otherwise.
        whole = None if any(shapes.of_literal(one) is False for one in arguments) else True
    else:
        second = arguments[1] if len(arguments) > 1 and short in _DTYPE_SECOND else None
        whole = shapes.is_whole(keywords.get("dtype", second))
    flow = NO_FLOW
    if short in _GIVES_ON:
        named = (value for key, value in keywords.items() if key in _GIVEN)
        given = (*arguments[short not in _OF_ENDS :], *named)
        flow = merge(reader.read(value, node) for value in given)
    result = Tensor(
        flow, "tensor", shape, whole, made=reader.path(node), traced=reader.frame.traced
    )
    if short == "shape" and arguments:
        result.lengths = shapes.of(arguments[0])
    return result


_ELEMENT_BY_ELEMENT = frozenset({"map_fn", "vectorized_map", "vectorize"})


def _mapped(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """`tf.map_fn(function, elements)`, where the program has the function."""
    given = dict(zip(("fn", "elems"), arguments, strict=False)) | keywords
    function, rows = given.get("fn"), given.get("elems")
    if not isinstance(function, Function | Bound | Partial) or rows is None:
        return None
    if isinstance(function, Bound) and not isinstance(function.method, Function):
        return None
    found = reader.call(function, [_row(reader, rows, node)], {}, node)
    return Tensor(reader.read(found, node), made=reader.path(node))


def _row(reader: Reader, rows: Value, node: ast.AST) -> Value:
    """One element of what is mapped over: of each part, if there are several."""
    if isinstance(rows, ListValue):
        items = [_row(reader, item, node) for item in rows.items]
        return ListValue(items, rows.exact, rows.fixed)
    shape = shapes.of(rows)
    return Tensor(reader.read(rows, node), "tensor", shape[1:] if shape else None)


def _scanned(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """`tf.scan(function, elements, initializer)`: the state goes from row to row."""
    given = dict(zip(("fn", "elems", "initializer"), arguments, strict=False)) | keywords
    function, rows, state = given.get("fn"), given.get("elems"), given.get("initializer")
    if not isinstance(function, Function | Bound | Instance) or rows is None or state is None:
        return None
    if isinstance(function, Bound) and not isinstance(function.method, Function):
        return None
    row = _row(reader, rows, node)
    for _ in range(2):
        # Twice, as in a loop: the second row meets what the first one left.
        state = reader.call(function, [state, row], {}, node)
    return _stacked(reader, state, node) if last(name) == "scan" else state


def _stacked(reader: Reader, state: Value, node: ast.AST) -> Value:
    """All states one after the other, each part of them for itself."""
    if isinstance(state, ListValue):
        items = [_stacked(reader, item, node) for item in state.items]
        return ListValue(items, state.exact, state.fixed)
    return Tensor(reader.read(state, node), made=reader.path(node))


_CALLS_OBJECTS = frozenset("map_fn vectorized_map scan foldl foldr recompute_grad".split())
"""Operations that call what they are given, be it a function or an object."""


def _calls_back(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """An operation that calls a function: `tf.map_fn`, `tf.scan` and others."""
    results: list[Flow] = []
    known: Value | None = None
    if last(name) in _ELEMENT_BY_ELEMENT:
        known = _mapped(reader, arguments, keywords, node)
    elif name in ("tf.scan", "tf.foldl", "tf.foldr"):
        known = _scanned(reader, name, arguments, keywords, node)
    if known is not None:
        return known
    data = [
        value
        for value in (*arguments, *keywords.values())
        if not isinstance(value, Function | Bound | Partial | Class | Layer | Instance)
    ]
    flow = merge(reader.read(value, node) for value in data)
    for value in (*arguments, *keywords.values()):
        if isinstance(value, Function | Bound | Partial | Layer | Instance):
            given: Value = Tensor(flow, "tensor")
            results.append(reader.read(reader.call(value, [given], {}, node), node))
            escaping.touch(reader, value)
    from ..dependence import ANYTHING

    opaque = origin(ANYTHING, reader.active, reader.path(node))
    return Tensor(merge((flow, *results, opaque)), made=reader.path(node))


def _python_function(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    given = dict(zip(("func", "inp", "Tout"), arguments, strict=False)) | keywords
    inputs, function = given.get("inp", ListValue([])), given.get("func")
    path, flow = reader.path(node), reader.read(inputs, node)
    if isinstance(function, Function | Bound | Partial) and isinstance(inputs, ListValue):
        made = {
            thing: tuple(
                trail
                if trail.cut is None or trail.cut.kind != "numpy"
                else _as_opaque(trail, written_as(node, name), path)
                for trail in trails
            )
            for thing, trails in _called_back(reader, function, inputs.items, node).items()
        }
        # It may use a model of its own accord, which no input tells of.
        flow = merge((flow, made)) if name in api.OPAQUE_FUNCTIONS else made
    if name in api.OPAQUE_FUNCTIONS:
        flow = cut(flow, "opaque", written_as(node, name), path, reader.active)
    return Tensor(flow, made=path)


def _called_back(
    reader: Reader, function: Function | Bound | Partial, items: Sequence[Value], node: ast.AST
) -> Flow:
    """What a function gives that runs as plain Python, also where all around is traced."""
    frame = reader.frame
    before, frame.traced = frame.traced, None
    try:
        return reader.read(reader.call(function, list(items), {}, node), node)
    finally:
        frame.traced = before


def _as_opaque(trail: Trail, words: str, path: Path) -> Trail:
    tapes = trail.cut.tapes if trail.cut is not None else frozenset()
    return Trail(trail.tapes, trail.read, Cut("opaque", words, path, tapes))
