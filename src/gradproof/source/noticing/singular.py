"""Operations whose slope is infinite at an edge, and what brings a value there."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..flow import once
from ..framework import api
from ..python.methods import name_of
from ..values import Constant, Group, Layer, Tensor, Value, Variable
from . import habits, masked_roots

if TYPE_CHECKING:
    from ..reader import Reader

_SINGULAR = frozenset("sqrt log rsqrt reciprocal divide acos asin pow".split())
_BOUNDING = frozenset("maximum minimum clip_by_value clip exp softplus".split())
_INFINITY = frozenset({"inf", "infinity"})
_SIGNED = frozenset({"tanh", "softsign"})
"""Activations of which half the values are below zero."""
_KEEPS_AWAY = frozenset("sqrt cast identity stop_gradient reshape squeeze expand_dims".split())


def masked_singularity(
    reader: Reader, condition: Value, branches: list[Value], result: Tensor
) -> None:
    """`tf.where` hides a value, not its derivative."""
    if not isinstance(condition, Tensor) or not reader.active:
        return
    for number, branch in enumerate(branches):
        if isinstance(branch, Tensor) and branch.flow:
            masked_roots.chosen(reader, branch, condition, number, result)
            for operation, tokens in branch.singular:
                if tokens & condition.compared and not masked_roots.is_safe(reader, operation):
                    habits.remark(reader, "nan-from-singular-op", reader.spot(operation), "masked")


def compared(values: Iterable[Value]) -> frozenset[int]:
    """Tensors that a comparison looks at, or at their size."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    return frozenset(token for value in tensors for token in value.tokens | value.bases)


def note_singular(reader: Reader, short: str, value: Value, result: Tensor, node: ast.AST) -> None:
    """Square roots of distances between one batch and itself."""
    zero = _starts_at_zero(value)
    if short in ("sqrt", "norm") and zero and reader.active:
        habits.remark(reader, "nan-from-singular-op", reader.spot(node), "zero")
    if short in ("square", "abs", "reduce_sum", "convert_to_tensor", "cast", "identity"):
        result.starts_at_zero = zero
    if not isinstance(value, Tensor):
        return
    if short == "expand_dims" and isinstance(node, ast.Call):
        axis = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "axis")]
        result.lifted = value.tokens, ", ".join(map(ast.unparse, axis))
    if short == "abs":
        result.bases = value.tokens
    result.bounded = short in _BOUNDING or (short in _KEEPS_AWAY and value.bounded)
    if short in _SINGULAR and not value.bounded:
        result.singular = (*result.singular, (node, value.bases or value.tokens))
    if short in ("acos", "asin") and _clipped_to_one(value) and reader.active and result.flow:
        habits.remark(reader, "nan-from-singular-op", reader.spot(node), "clipped")
    zeros = value.ending == "relu" and not value.bounded
    if short in ("sqrt", "rsqrt", "log") and zeros and reader.active and result.flow:
        habits.remark(reader, "nan-from-singular-op", reader.spot(node), "clamped")
    if short in ("sqrt", "rsqrt", "log") and _may_be_negative(value) and reader.active:
        habits.remark(reader, "nan-from-singular-op", reader.spot(node), "negative")
    masked_roots.carried(reader, short, value, result)
    if short == "log" and _is_raw(value) and reader.active and result.flow:
        habits.remark(reader, "nan-from-singular-op", reader.spot(node), "raw")
    if short in ("sqrt", "norm") and value.self_difference and reader.active and result.flow:
        masked_roots.taken(reader, node, result)
    elif short in ("square", "abs", "reduce_sum", "squared_difference", "pow", "cast", "relu"):
        result.self_difference = value.self_difference
    elif short == "maximum" and isinstance(node, ast.Call) and len(node.args) > 1:
        bound = node.args[1]
        at_zero = isinstance(bound, ast.Constant) and bound.value == 0
        result.self_difference = value.self_difference and at_zero


def _is_little(value: Value) -> bool:
    """A number that keeps a logarithm off zero."""
    number = value.value if isinstance(value, Constant) else None
    return isinstance(number, float) and 0.0 <= number < 0.5


def _may_be_negative(value: Tensor) -> bool:
    """The output of such an activation, as it is or with a little added; clipped, it is not."""
    added = bool(value.made) and isinstance(value.made[-1], ast.BinOp)
    return value.ending in _SIGNED and (added or not value.bounded)


_CHOSEN = frozenset("kernel_constraint kernel_initializer bias_initializer weights".split())
"""Arguments of a layer that may keep what it gives above zero."""


def _is_raw(value: Tensor) -> bool:
    """The output of a layer without an activation, as it is."""
    layer = value.ender
    made = isinstance(layer, Layer) and layer.kind in api.LINEAR_LAYERS and not layer.borrowed
    raw = value.ending == "linear" and not value.bounded
    return raw and made and not _CHOSEN & layer.arguments.keys()  # type: ignore[attr-defined]


def _clipped_to_one(value: Tensor) -> bool:
    """`tf.clip_by_value(cosine, -1, 1)`: what lies beyond comes to lie on the edge."""
    made = value.made[-1] if value.made else None
    if not isinstance(made, ast.Call) or name_of(made.func) not in ("clip_by_value", "clip"):
        return False
    bounds = [*made.args[1:], *(word.value for word in made.keywords)]
    return [ast.unparse(one) for one in bounds] in (["-1.0", "1.0"], ["-1", "1"])


def combined(reader: Reader, node: ast.BinOp, left: Value, right: Value, result: Tensor) -> None:
    """What is known of two operands near zero, and still holds after an operator."""
    op = node.op
    masked_roots.combined(reader, op, left, right, result)
    if isinstance(op, ast.Mult) and reader.active and _masks_by_infinity(node):
        habits.remark(reader, "nan-from-singular-op", reader.spot(node), "infinite")
    tensors = [side for side in (left, right) if isinstance(side, Tensor)]
    with_number = isinstance(left, Constant) or isinstance(right, Constant)
    if isinstance(op, ast.Sub):
        result.self_difference = apart(left, right) or difference(node.left, node.right)
    if isinstance(op, ast.Sub | ast.Add):
        result.self_difference |= from_gram(op, left, right)
    elif isinstance(op, ast.Mult):
        result.gram = with_number and any(one.gram for one in tensors)
    elif isinstance(op, ast.Pow) and isinstance(left, Tensor):
        result.self_difference = left.self_difference
    if isinstance(op, ast.Mult | ast.Sub | ast.Add):
        result.singular = once(*(one.singular for one in tensors))
    elif isinstance(op, ast.Div) and isinstance(right, Tensor) and not right.bounded:
        result.singular = ((node, right.tokens),)
    if isinstance(op, ast.Add):
        result.bounded = with_number
        little = any(_is_little(one) for one in (left, right))
        for one in tensors if little else ():
            if _may_be_negative(one):
                result.ending, result.ender = one.ending, one.ender


def _masks_by_infinity(node: ast.BinOp) -> bool:
    """`(1 - mask) * -np.inf`: where the mask lets pass it is 0 times infinity."""
    sides = (node.left, node.right), (node.right, node.left)
    return any(is_infinite(one) and _is_mask(other) for one, other in sides)


def is_infinite(node: ast.expr) -> bool:
    """`np.inf`, `-math.inf`, `float("-inf")`."""
    if isinstance(node, ast.UnaryOp):
        return is_infinite(node.operand)
    if isinstance(node, ast.Attribute):
        return node.attr in ("inf", "infty", "Inf", "NINF")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
        return bool(node.args) and ast.unparse(node.args[0]).strip("'\"+-").lower() in _INFINITY
    return False


def _is_mask(node: ast.expr) -> bool:
    """`1 - m`, or something cast from a comparison: 0 in places, and 1 in others."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return isinstance(node.left, ast.Constant) and node.left.value == 1
    cast = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "cast"
    compared = (ast.Compare, ast.BoolOp)
    return cast and bool(node.args) and isinstance(node.args[0], compared)  # type: ignore[attr-defined]


def is_gram(
    node: ast.AST, keywords: dict[str, Value], left: Value | None, right: Value | None
) -> bool:
    """Says whether `tf.matmul` meets a tensor and its transpose, whatever their names are."""
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        flag = keywords.get("transpose_b")
        known = isinstance(flag, Constant) and flag.value is True
        if left.tokens == (right.tokens if known else right.turned):
            return True
    if not isinstance(node, ast.Call) or len(node.args) < 2:
        return False
    turned = keywords.get("transpose_b")
    if isinstance(turned, Constant) and turned.value is True:
        return ast.dump(node.args[0]) == ast.dump(node.args[1])
    return turned is None and transposes(node.args[1], node.args[0])


def transposes(node: ast.expr, other: ast.expr) -> bool:
    """Says whether one expression is the transpose of another."""
    inner: ast.expr | None = None
    if isinstance(node, ast.Attribute) and node.attr == "T":
        inner = node.value
    elif isinstance(node, ast.Call) and len(node.args) == 1:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        inner = node.args[0] if name == "transpose" else None
    return inner is not None and ast.dump(inner) == ast.dump(other)


def from_gram(op: ast.operator, left: Value, right: Value) -> bool:
    """Says whether these add up to squared distances: `|a|^2 - 2 a b + |b|^2`.

    What is added to keep them from 0, a constant or a mask, has no gradient.
    """
    if not (isinstance(left, Tensor) and isinstance(right, Tensor)):
        return False
    if not all(_has_gradient(one) for one in (left, right)):
        return False
    if isinstance(op, ast.Sub) and right.gram:
        return not left.gram
    return left.self_difference or (right.self_difference and isinstance(op, ast.Add))


def _has_gradient(value: Tensor) -> bool:
    return any(trail.cut is None for trails in value.flow.values() for trail in trails)


def _starts_at_zero(value: Value) -> bool:
    """Says whether this is a variable that starts at 0, such as a bias."""
    if isinstance(value, Tensor):
        return value.starts_at_zero
    if isinstance(value, Variable):
        initial = value.initial
        return isinstance(initial, Constant) and initial.value in (0, 0.0) and not value.assigned
    if isinstance(value, Group) and isinstance(value.owner, Layer):
        layer = value.owner
        given = {"use_bias", "bias_initializer"} & layer.arguments.keys()
        biased = layer.kind in api.LINEAR_LAYERS and not given and not value.only
        return biased and not layer.borrowed
    return False


def apart(left: Value, right: Value) -> bool:
    """Says whether these are one tensor, its rows along one axis and along another."""
    if not isinstance(left, Tensor) or not isinstance(right, Tensor):
        return False
    if left.lifted is None or right.lifted is None or left.lifted == right.lifted:
        return False
    return left.lifted[0] == right.lifted[0]


def difference(left: ast.expr, right: ast.expr) -> bool:
    """`x[:, None] - x[None, :]`: the diagonal is exactly zero."""
    if not isinstance(left, ast.Subscript) or not isinstance(right, ast.Subscript):
        return False
    if ast.unparse(left.value) != ast.unparse(right.value):
        return False
    one, other = ast.unparse(left.slice), ast.unparse(right.slice)
    return one != other and all("None" in text or "newaxis" in text for text in (one, other))
