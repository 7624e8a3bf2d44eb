"""What operations do to the dependence, shape and meaning of tensors."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import api, habits, losses, ownership, shapes, state, updates
from .flow import cut, merge, origin
from .joining import flow_of
from .names import last
from .tensors_roles import direction, updated_variable
from .values import (
    NO_FLOW,
    Bound,
    Class,
    Constant,
    Cut,
    Flow,
    Function,
    GradientOf,
    Group,
    Instance,
    Layer,
    ListValue,
    Partial,
    Path,
    Tensor,
    Trail,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from .reader import Reader

Arguments = list[Value]
Keywords = dict[str, Value]


def plain(reader: Reader, flow: Flow, node: ast.AST, form: str = "tensor") -> Tensor:
    """A tensor of which only the dependence is known."""
    return Tensor(
        flow, form, made=reader.path(node), traced=reader.frame.traced if form == "tensor" else None
    )


def _form(values: list[Value]) -> str:
    forms = {value.form if isinstance(value, Tensor) else "" for value in values}
    if any(isinstance(value, Variable | Group) for value in values) or "tensor" in forms:
        return "tensor"
    if "unknown" in forms or any(isinstance(value, Unknown) for value in values):
        return "unknown"
    return "array" if "array" in forms else "number"


# Arithmetic


def arithmetic(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> Value:
    """`left op right` where at least one side is not a known number."""
    vague = isinstance(left, Unknown) and isinstance(right, Constant | Unknown)
    if vague and not flow_of(left) and not flow_of(right):
        flow = merge((reader.read(left, node), reader.read(right, node)))
        return Tensor(flow, "unknown", made=reader.path(node))
    form = _form([left, right])
    flow = merge((reader.read(left, node.left), reader.read(right, node.right)))
    if isinstance(node.op, (ast.FloorDiv, ast.BitAnd | ast.BitOr | ast.BitXor)):
        flow = cut(
            flow, "nondifferentiable", _operator_text(node.op), reader.path(node), reader.active
        )
        return Tensor(flow, form, made=reader.path(node))
    if isinstance(node.op, ast.MatMult):
        return Tensor(
            flow, form, shapes.product(shapes.of(left), shapes.of(right)), made=reader.path(node)
        )
    result = Tensor(
        flow, form, shapes.broadcast(shapes.of(left), shapes.of(right)), made=reader.path(node)
    )
    result.traced = reader.frame.traced if form == "tensor" else None
    if isinstance(node.op, ast.Sub):
        result.self_difference = habits.difference(node.left, node.right)
    elif isinstance(node.op, ast.Pow) and isinstance(left, Tensor):
        result.self_difference = left.self_difference
    if isinstance(node.op, ast.Mult | ast.Sub | ast.Add):
        result.singular = tuple(
            entry for side in (left, right) if isinstance(side, Tensor) for entry in side.singular
        )
    if isinstance(node.op, ast.Div) and isinstance(right, Tensor):
        result.singular = ((node, right.tokens),)
    losses.broadcast(reader, node, left, right)
    _meaning(reader, node, left, right, result)
    if isinstance(node.op, ast.Add):
        _dead_term(reader, left, right, result)
    return result


def _dead_term(reader: Reader, left: Value, right: Value, result: Tensor) -> None:
    """A number that was a tensor is added to a loss: it moves nothing."""
    for loss, term in ((left, right), (right, left)):
        if isinstance(loss, Tensor) and loss.terms:
            result.terms = (*result.terms, *loss.terms)
        if not isinstance(loss, Tensor) or loss.form != "tensor" or loss.loss != 1:
            continue
        if not isinstance(term, Tensor) or term.form not in ("number", "array"):
            continue
        cuts = {
            id(trail.cut): trail.cut
            for trails in term.flow.values()
            for trail in trails
            if trail.cut is not None
            and trail.cut.kind == "numpy"
            and trail.cut.tapes & reader.active
        }
        result.terms = (*result.terms, *cuts.values())


def _operator_text(op: ast.operator) -> str:
    return {ast.FloorDiv: "//", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}.get(type(op), "?")


def _meaning(reader: Reader, node: ast.BinOp, left: Value, right: Value, result: Tensor) -> None:
    """What the result is: a scaled gradient, an updated value, a loss."""
    op = node.op
    if isinstance(op, ast.Mult | ast.Div):
        gradient, factor = (left, right) if _gradient_in(left) else (right, left)
        if (
            isinstance(gradient, Tensor)
            and gradient.gradient is not None
            and not _gradient_in(factor)
        ):
            result.gradient, result.sign = gradient.gradient, gradient.sign * _sign(factor)
        elif _depends_on_gradient(left, result) != _depends_on_gradient(right, result):
            result.sign = _sign(left) * _sign(right)
        result.loss = _loss(left, right)
    elif isinstance(op, ast.Add | ast.Sub):
        _sum_of_directions(op, left, right, result)
        _update(op, left, right, result)
        if result.update_of:
            reader.facts.new_value(result, node)
        result.loss = _sum_of_losses(op, left, right)
    elif isinstance(op, ast.Pow):
        even = isinstance(right, Constant) and right.value in (2, 2.0, 4)
        result.loss = 1 if even and result.flow else 0


def _gradient_in(value: Value) -> bool:
    return isinstance(value, Tensor) and value.gradient is not None


def _sign(value: Value) -> int:
    if isinstance(value, Constant) and isinstance(value.value, int | float):
        return 1 if value.value > 0 else -1 if value.value < 0 else 0
    if isinstance(value, Tensor | Variable):
        return value.sign
    return 1


def _loss(left: Value, right: Value) -> int:
    loss, factor = (left, right) if isinstance(left, Tensor) and left.loss else (right, left)
    if not isinstance(loss, Tensor) or not loss.loss:
        return 0
    if isinstance(factor, Constant) and isinstance(factor.value, int | float):
        return loss.loss * _sign(factor)
    # A factor that depends on nothing is a weight, a mask or a batch size.
    return loss.loss if not flow_of(factor) and not isinstance(factor, Variable | Group) else 0


def _sum_of_losses(op: ast.operator, left: Value, right: Value) -> int:
    kinds = [value.loss if isinstance(value, Tensor) else 0 for value in (left, right)]
    if isinstance(op, ast.Sub):
        return 0
    if isinstance(left, Constant):
        return kinds[1]
    if isinstance(right, Constant):
        return kinds[0]
    return kinds[0] if kinds[0] == kinds[1] else 0


def _update(op: ast.operator, left: Value, right: Value, result: Tensor) -> None:
    owner = updated_variable(left)
    if owner is None:
        if isinstance(op, ast.Add) and updated_variable(right) is not None:
            left, right = right, left
            owner = updated_variable(left)
        else:
            return
    if owner is None:
        return
    if not isinstance(right, Tensor | Variable | Group) or not _depends_on_gradient(right, result):
        return
    result.update_of = (owner,)
    if isinstance(right, Tensor) and right.gradient is not None:
        result.gradient = right.gradient
    result.sign = direction(right) if isinstance(op, ast.Add) else -direction(right)


def _sum_of_directions(op: ast.operator, left: Value, right: Value, result: Tensor) -> None:
    """The sign of a sum in which gradients take part: momentum, averages."""
    first, second = _depends_on_gradient(left, result), _depends_on_gradient(right, result)
    turned = direction(right) * (-1 if isinstance(op, ast.Sub) else 1)
    if first and second:
        result.sign = direction(left) if direction(left) == turned else 0
    elif first:
        result.sign = direction(left)
    elif second:
        result.sign = turned


def _depends_on_gradient(value: Value, result: Tensor) -> bool:
    if isinstance(value, Tensor):
        return any(isinstance(thing, GradientOf) for thing in value.flow)
    if isinstance(value, Variable) and value.holds is not None:
        return any(isinstance(thing, GradientOf) for thing in value.holds[0])
    return False


def negated(reader: Reader, node: ast.UnaryOp, value: Value) -> Value:
    """`-value` and `~value`."""
    flow = reader.read(value, node)
    if isinstance(node.op, ast.Invert):
        flow = cut(flow, "nondifferentiable", "~", reader.path(node), reader.active)
        return Tensor(flow, _form([value]), shapes.of(value))
    result = Tensor(flow, _form([value]), shapes.of(value), made=reader.path(node))
    if isinstance(value, Tensor) and isinstance(node.op, ast.USub):
        result.gradient, result.sign = value.gradient, -value.sign
        result.loss = -value.loss
    return result


def comparison(reader: Reader, node: ast.Compare, values: list[Value]) -> Value:
    """A comparison: no gradient passes."""
    flow = merge(reader.read(value, node) for value in values)
    symbol = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
    words = f"comparison `{symbol.get(type(node.ops[0]), '?')}`"
    flow = cut(flow, "nondifferentiable", words, reader.path(node), reader.active)
    shape = shapes.broadcast(shapes.of(values[0]), shapes.of(values[-1]))
    result = Tensor(flow, _form(values), shape, whole=True, made=reader.path(node))
    result.compared = frozenset(
        token for value in values if isinstance(value, Tensor) for token in value.tokens
    )
    return result


def item(reader: Reader, node: ast.Subscript, value: Tensor, index: Value) -> Value:
    """`value[index]`."""
    flow = reader.read(value, node)
    if flow_of(index):
        ends = cut(
            reader.read(index, node), "nondifferentiable", "index", reader.path(node), reader.active
        )
        flow = merge((flow, ends))
    result = Tensor(
        flow,
        value.form,
        shapes.indexed(value.shape, node.slice, index),
        value.whole,
        made=reader.path(node),
    )
    result.ending, result.ender = value.ending, value.ender
    result.gradient, result.sign = value.gradient, value.sign
    return result


# Functions of tf, keras.ops and keras.backend


def operation(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function of TensorFlow or Keras."""
    short = last(name)
    values = [*arguments, *keywords.values()]
    if name in api.OPAQUE_FUNCTIONS or name in ("tf.py_function",):
        return _python_function(reader, name, arguments, keywords, node)
    special = _SPECIAL.get(name) or _SPECIAL.get(
        short if name.startswith(("tf.", "keras.ops.")) else ""
    )
    if special is not None:
        found = special(reader, name, arguments, keywords, node)
        if found is not None:
            return found
    if short in api.CROSS_ENTROPIES or name in api.LOGIT_LOSSES:
        return losses.logit_loss(reader, name, arguments, keywords, node)
    if any(isinstance(v, Function | Bound | Partial | Class) for v in values):
        return _calls_back(reader, name, arguments, keywords, node)
    if any(isinstance(v, Layer | Instance) for v in values):
        for value in values:
            updates.touch(reader, value)
    losses.used_by(reader, name, arguments, node)
    return _computed(reader, name, short, arguments, keywords, node)


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
        flow = cut(flow, "nondifferentiable", _written(node, name), path, reader.active)
    result = Tensor(flow, "tensor", None, made=path, traced=reader.frame.traced)
    _describe(reader, name, short, arguments, keywords, node, result)
    if arguments and isinstance(arguments[0], ListValue) and short in _KEEP_LISTS:
        return _each(reader, arguments[0], result, flow)
    return result


_KEEP_LISTS = frozenset({"identity"})


def _each(reader: Reader, given: ListValue, result: Tensor, flow: Flow) -> Value:
    return given


def _written(node: ast.AST, name: str) -> str:
    """The operation as the program writes it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        try:
            return ast.unparse(node.func)
        except (ValueError, RecursionError):
            return name
    return name


def _describe(
    reader: Reader,
    name: str,
    short: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
    result: Tensor,
) -> None:
    first = arguments[0] if arguments else next(iter(keywords.values()), None)
    second = arguments[1] if len(arguments) > 1 else None
    result.shape = _shape_of(short, arguments, keywords)
    if first is not None:
        habits.note_singular(reader, short, first, result, node)
    if short == "reduce_mean":
        result.mean_of = node
    if short in api.WHOLE_RESULTS:
        result.whole = True
    if short in ("subtract", "squared_difference", "add", "multiply") and second is not None:
        losses.broadcast(reader, node, first or second, second)
    if isinstance(first, Tensor):
        if short in api.KEEPS_GRADIENT and first.gradient is not None:
            result.gradient, result.sign = (
                first.gradient,
                -first.sign if short == "negative" else first.sign,
            )
            if short in ("multiply", "divide") and second is not None:
                result.sign *= _sign(second)
        elif short in ("multiply", "scalar_mul") and isinstance(second, Tensor) and second.gradient:
            result.gradient, result.sign = second.gradient, second.sign * _sign(first)
        if short in api.KEEPS_LOSS or (
            short in ("multiply", "divide") and not flow_of(second or first)
        ):
            result.loss = first.loss
        elif short == "negative":
            result.loss = -first.loss
        if short in api.KEEPS_ENDING:
            result.ending, result.ender = first.ending, first.ender
        if short in ("reshape", "ensure_shape", "identity", "cast", "convert_to_tensor"):
            result.whole = first.whole
    elif isinstance(first, ListValue) and short in ("add_n", "reduce_sum", "reduce_mean", "stack"):
        kinds = {item.loss for item in first.items if isinstance(item, Tensor)}
        result.loss = kinds.pop() if len(kinds) == 1 else 0
    elif isinstance(first, ListValue | Constant) and short in ("constant", "convert_to_tensor"):
        result.whole = (
            shapes.is_whole(keywords.get("dtype", second))
            if "dtype" in keywords
            else shapes.of_literal(first)
        )
    if short in api.MAKES_LOSS and result.flow:
        result.loss = 1
    if short in ("softmax", "sigmoid") and not name.startswith("keras.layers"):
        result.ending, result.ender = short, node
    if short in ("add", "subtract") and second is not None:
        op: ast.operator = ast.Add() if short == "add" else ast.Sub()
        if first is not None:
            _update(op, first, second, result)


def _shape_of(short: str, arguments: Arguments, keywords: Keywords) -> shapes.Shape | None:
    first = arguments[0] if arguments else next(iter(keywords.values()), None)
    if first is None:
        return None
    shape = shapes.of(first)
    axis = keywords.get("axis", arguments[1] if len(arguments) > 1 else None)
    if short in api.REDUCTIONS:
        keep = keywords.get("keepdims")
        return shapes.reduced(
            shape, axis, keep is not None and getattr(keep, "value", True) is not False
        )
    if short == "expand_dims":
        return shapes.expanded(shape, axis)
    if short == "squeeze":
        return shapes.squeezed(shape, axis)
    if short == "reshape":
        return shapes.reshaped(
            keywords.get(
                "shape", keywords.get("newshape", arguments[1] if len(arguments) > 1 else None)
            )
        )
    if short == "matmul" and len(arguments) > 1:
        if "transpose_b" in keywords or "transpose_a" in keywords:
            return None
        return shapes.product(shape, shapes.of(arguments[1]))
    if short == "one_hot":
        return (*shape, None) if shape is not None else None
    if (
        short
        in ("subtract", "add", "multiply", "divide", "maximum", "minimum", "squared_difference")
        and len(arguments) > 1
    ):
        return shapes.broadcast(shape, shapes.of(arguments[1]))
    if short in ("constant", "convert_to_tensor", "Variable") and isinstance(
        keywords.get("shape"), ListValue
    ):
        return shapes.from_value(keywords["shape"])
    if isinstance(first, ListValue) and short in (
        "constant",
        "convert_to_tensor",
        "array",
        "asarray",
    ):
        return of_nested(first)
    if short in api.ELEMENTWISE or short == "cast":
        return shape
    return None


def of_nested(value: ListValue) -> shapes.Shape | None:
    """The shape of a nested list of numbers."""
    if not value.exact or not value.items:
        return None
    inner = value.items[0]
    if isinstance(inner, ListValue):
        rest = of_nested(inner)
        return (len(value.items), *rest) if rest is not None else None
    return (len(value.items),) if isinstance(inner, Constant) else None


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
    whole = (
        True
        if short in ("shape", "size", "rank", "range", "arange")
        else shapes.is_whole(keywords.get("dtype"))
    )
    return Tensor(
        NO_FLOW, "tensor", shape, whole, made=reader.path(node), traced=reader.frame.traced
    )


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
            f"{_written(node, name)} to an integer",
            reader.path(node),
            reader.active,
        )
    result = Tensor(
        flow, "tensor", shapes.of(value), shapes.is_whole(dtype), made=reader.path(node)
    )
    if isinstance(value, Tensor):
        result.gradient, result.sign, result.loss = value.gradient, value.sign, value.loss
        result.ending, result.ender = value.ending, value.ender
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
                _written(node, name),
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
        f"condition of `{_written(node, name)}`",
        reader.path(node),
        reader.active,
    )
    flow = merge((ends, *(reader.read(value, node) for value in branches)))
    result = Tensor(flow, "tensor", made=reader.path(node))
    gradients = [b.gradient for b in branches if isinstance(b, Tensor) and b.gradient is not None]
    if gradients:
        result.gradient = gradients[0]
    habits.masked_singularity(reader, condition, branches)
    return result


def _gather(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    given = dict(zip(("params", "indices"), arguments, strict=False)) | keywords
    params, indices = given.get("params"), given.get("indices")
    if params is None or indices is None:
        return None
    ends = cut(
        reader.read(indices, node),
        "nondifferentiable",
        f"indices of `{_written(node, name)}`",
        reader.path(node),
        reader.active,
    )
    result = Tensor(merge((reader.read(params, node), ends)), made=reader.path(node))
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
    if value is None or not _outside(value, low, high):
        return None
    flow = cut(
        reader.read(value, node), "zero", _written(node, name), reader.path(node), reader.active
    )
    return Tensor(flow, "tensor", made=reader.path(node))


def _outside(value: Value, low: Value | None, high: Value | None) -> bool:
    """Says whether a variable starts outside the bounds, where slopes are 0."""
    if not isinstance(value, Variable) or not isinstance(value.initial, Constant) or value.assigned:
        return False
    start = value.initial.value
    if not isinstance(start, int | float):
        return False
    below = isinstance(low, Constant) and isinstance(low.value, int | float) and start < low.value
    above = (
        isinstance(high, Constant) and isinstance(high.value, int | float) and start > high.value
    )
    return below or above


def _clip_by_global_norm(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    gradients = arguments[0] if arguments else keywords.get("t_list", Unknown("t_list", data=True))
    norm = plain(reader, reader.read(gradients, node), node)
    if isinstance(gradients, ListValue):
        clipped = ListValue(list(gradients.items), gradients.exact, node=node)
        return ListValue([clipped, norm], fixed=True)
    return ListValue([gradients, norm], fixed=True)


def _map_structure(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if len(arguments) < 2 or not isinstance(arguments[1], ListValue):
        return None
    lists = [value for value in arguments[1:] if isinstance(value, ListValue)]
    rows = zip(*(value.items for value in lists), strict=False)
    return ListValue(
        [reader.call(arguments[0], list(row), {}, node) for row in rows], lists[0].exact
    )


def _top_k(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not arguments:
        return None
    flow = reader.read(arguments[0], node)
    ends = cut(
        flow,
        "nondifferentiable",
        f"indices of `{_written(node, name)}`",
        reader.path(node),
        reader.active,
    )
    return ListValue([Tensor(flow), Tensor(ends, whole=True)], fixed=True)


def _split(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not arguments:
        return None
    flow = reader.read(arguments[0], node)
    count = arguments[1] if len(arguments) > 1 else keywords.get("num_or_size_splits")
    number = count.value if isinstance(count, Constant) and isinstance(count.value, int) else None
    if number is not None and 0 < number < 9:
        return ListValue([Tensor(flow, made=reader.path(node)) for _ in range(number)], fixed=True)
    return ListValue([Tensor(flow, made=reader.path(node))], False)


def _unstack(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not arguments:
        return None
    flow = reader.read(arguments[0], node)
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
        from .joining import join_values

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


def _gradient_of_function(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    for value in (*arguments, *keywords.values()):
        updates.touch(reader, value)
        updates.escape(reader, value)
    return None


def _nothing(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    for value in (*arguments, *keywords.values()):
        updates.look(reader, value)
    return Constant(None)


_SPECIAL = {
    "cast": _cast,
    "where": _where,
    "gather": _gather,
    "gather_nd": _gather,
    "clip_by_value": _clip_by_value,
    "clip": _clip_by_value,
    "clip_by_global_norm": _clip_by_global_norm,
    "tf.nest.map_structure": _map_structure,
    "top_k": _top_k,
    "split": _split,
    "unstack": _unstack,
    "cond": _cond,
    "while_loop": _while_loop,
    "tf.print": _nothing,
    "tf.random.set_seed": _nothing,
    "keras.utils.set_random_seed": _nothing,
}


def _calls_back(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """An operation that calls a function: `tf.map_fn`, `tf.scan` and others."""
    results: list[Flow] = []
    data = [
        value
        for value in (*arguments, *keywords.values())
        if not isinstance(value, Function | Bound | Partial | Class)
    ]
    flow = merge(reader.read(value, node) for value in data)
    for value in (*arguments, *keywords.values()):
        if isinstance(value, Function | Bound | Partial):
            given: Value = Tensor(flow, "tensor")
            results.append(reader.read(reader.call(value, [given], {}, node), node))
            updates.touch(reader, value)
    from .values import ANYTHING

    opaque = origin(ANYTHING, reader.active, reader.path(node))
    return Tensor(merge((flow, *results, opaque)), made=reader.path(node))


def _python_function(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    given = dict(zip(("func", "inp", "Tout"), arguments, strict=False)) | keywords
    inputs = given.get("inp", ListValue([]))
    flow = reader.read(inputs, node)
    path = reader.path(node)
    if name in api.OPAQUE_FUNCTIONS:
        flow = cut(flow, "opaque", _written(node, name), path, reader.active)
        return Tensor(flow, made=path)
    function = given.get("func")
    if isinstance(function, Function | Bound | Partial) and isinstance(inputs, ListValue):
        found = reader.call(function, list(inputs.items), {}, node)
        ends = {
            thing: tuple(
                trail
                if trail.cut is None or trail.cut.kind != "numpy"
                else _as_opaque(trail, _written(node, name), path)
                for trail in trails
            )
            for thing, trails in reader.read(found, node).items()
        }
        return Tensor(ends, made=path)
    return Tensor(flow, made=path)


def _as_opaque(trail: Trail, words: str, path: Path) -> Trail:
    tapes = trail.cut.tapes if trail.cut is not None else frozenset()
    return Trail(trail.tapes, trail.read, Cut("opaque", words, path, tapes))


# NumPy


def numpy_operation(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function of NumPy: what enters it leaves TensorFlow."""
    from . import builtin

    short = last(name)
    if name.startswith("np.random."):
        return builtin.random_array(reader, short, arguments, keywords, node)
    for value in (*arguments, *keywords.values()):
        updates.look(reader, value)
    first = arguments[0] if arguments else None
    values = [*arguments, *keywords.values()]
    flow = merge(reader.read(value, node) for value in values)
    if isinstance(node, ast.Call):
        for argument in node.args:
            reader.facts.wrapped.setdefault(id(argument), node.func)
    if flow:
        flow = cut(flow, "numpy", _written(node, name), reader.path(node), reader.active)
    if short in ("inf", "nan", "pi", "float32"):
        return Constant(None)
    shape = _numpy_shape(short, arguments, keywords)
    if short in api.FORGETTING or short in ("array_split", "split"):
        if short in ("array_split", "split"):
            inner = first.shape if isinstance(first, Tensor) else None
            return ListValue([Tensor(flow, "array", (None, *inner[1:]) if inner else None)], False)
        return Tensor(NO_FLOW, "array", shape)
    result = Tensor(flow, "array", shape, made=reader.path(node))
    if isinstance(first, Tensor) and first.whole is False:
        result.whole = False
    if isinstance(first, ListValue | Constant) and short in ("array", "asarray"):
        whole = shapes.is_whole(keywords.get("dtype", arguments[1] if len(arguments) > 1 else None))
        result.whole = whole if whole is not None else shapes.of_literal(first)
    return result


def _numpy_shape(short: str, arguments: Arguments, keywords: Keywords) -> shapes.Shape | None:
    first = arguments[0] if arguments else None
    if short in ("zeros", "ones", "empty", "full"):
        return shapes.from_value(first)
    if short == "linspace":
        number = keywords.get("num", arguments[2] if len(arguments) > 2 else None)
        return shapes.from_value(number) if number is not None else (50,)
    if short in ("arange", "permutation"):
        return (None,)
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
    return _shape_of(short, arguments, keywords)


_ARRAY_METHODS = frozenset({"numpy", "item", "tolist", "__float__", "tobytes"})


def method(
    reader: Reader,
    value: Tensor,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a tensor or array."""
    flow = reader.read(value, node)
    if name in _ARRAY_METHODS:
        updates.look(reader, value)
        state.graph_numpy(reader, value, name, node)
        ended = cut(flow, "numpy", f".{name}()", reader.path(node), reader.active)
        form = "array" if name == "numpy" else "number"
        return Tensor(
            ended,
            form,
            value.shape if name == "numpy" else None,
            made=reader.path(node),
            gradient=value.gradient,
            sign=value.sign,
            whole=value.whole,
        )
    if name in ("assign_sub", "assign_add", "assign"):
        updates.assigned_tensor(reader, value, name, arguments, node)
        return value
    if name in ("shape", "get_shape"):
        return Unknown("shape", data=True)
    result = Tensor(flow, value.form, None, value.whole, made=reader.path(node))
    result.ending, result.ender = (
        (value.ending, value.ender)
        if name in ("astype", "reshape", "squeeze", "copy")
        else (None, None)
    )
    if value.form in ("array", "unknown", "tensor"):
        result.shape = _method_shape(value, name, arguments, keywords)
        if name == "astype":
            result.whole = shapes.is_whole(arguments[0] if arguments else keywords.get("dtype"))
        if name == "items" or name == "keys":
            return Unknown(name, data=True, flow=flow)
    return result


def _method_shape(
    value: Tensor, name: str, arguments: Arguments, keywords: Keywords
) -> shapes.Shape | None:
    if name in ("astype", "copy", "round", "clip", "cumsum"):
        return value.shape
    if name == "reshape":
        given = arguments[0] if len(arguments) == 1 else ListValue(arguments)
        if isinstance(given, Constant):
            given = ListValue([given])
        return shapes.reshaped(given)
    if name in ("ravel", "flatten"):
        return (None,)
    if name in (
        "sum",
        "mean",
        "max",
        "min",
        "std",
        "var",
        "prod",
        "argmax",
        "argmin",
        "any",
        "all",
    ):
        keep = keywords.get("keepdims")
        axis = keywords.get("axis", arguments[0] if arguments else None)
        return shapes.reduced(value.shape, axis, keep is not None)
    if name == "squeeze":
        return shapes.squeezed(
            value.shape, keywords.get("axis", arguments[0] if arguments else None)
        )
    return None


# Symbolic inputs and regularisers


def symbolic_input(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Value:
    """`keras.Input(shape)`: a batch of unknown length."""
    shape = shapes.from_value(arguments[0] if arguments else keywords.get("shape"))
    return Tensor(
        NO_FLOW, "tensor", (None, *shape) if shape is not None else None, made=reader.path(node)
    )


def regularizers(reader: Reader, thing: Value, node: ast.AST) -> Value:
    """`model.losses`: live for every layer of the model."""
    losses.regularizers_read(reader, thing)
    read = reader.path(node)
    flows = [
        origin(item, reader.watching(item, item.trainable), read)
        for item in ownership.tracked(reader, thing)
        if isinstance(item, Layer) and any("regularizer" in key for key in item.arguments)
    ]
    if isinstance(thing, Instance):
        from .values import ANYTHING

        flows.append(origin(ANYTHING, reader.active, read))
    return ListValue([Tensor(merge(flows), loss=1, made=read)], False)
