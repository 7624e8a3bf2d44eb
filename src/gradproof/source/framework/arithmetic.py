"""What operators do to tensors: which update, which loss, which gradient."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..dependence import Flow
from ..flow import cut, merge, once
from ..joining import flow_of
from ..noticing import (
    blends,
    masks,
    new_values,
    replicas,
    singular,
    sparse,
    straight,
    terms,
    undivided,
    unscaling,
    weighing,
)
from ..values import Constant, GradientOf, Group, Tensor, Unknown, Value, Variable
from . import crossings, losses, shapes
from .roles import direction, updated_variable
from .tensors import form_of

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]

_MOST_COUNTED = 64
"""Lists whose lengths are added up."""


def arithmetic(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> Value:
    """`left op right` where at least one side is not a known number."""
    vague = isinstance(left, Unknown) and isinstance(right, Constant | Unknown)
    if vague and not flow_of(left) and not flow_of(right):
        flow = merge((reader.read(left, node), reader.read(right, node)))
        return Tensor(flow, "unknown", made=reader.path(node))
    form = form_of([left, right])
    flows = reader.read(left, node.left), reader.read(right, node.right)
    flow = merge(flows)
    if isinstance(node.op, ast.FloorDiv | ast.BitAnd | ast.BitOr | ast.BitXor):
        text = _operator_text(node.op)
        flow = cut(flow, "nondifferentiable", text, reader.path(node), reader.active)
        return Tensor(flow, form, made=reader.path(node))
    if isinstance(node.op, ast.MatMult):
        return _matrix_product(reader, node, left, right, flow)
    if isinstance(node.op, ast.Add | ast.Sub):
        terms.partly_dead(reader, left, right)
        flow = straight.form(reader, node, *flows)
    shape = shapes.broadcast(shapes.of(left), shapes.of(right))
    result = Tensor(flow, form, shape, made=reader.path(node))
    result.traced = reader.frame.traced if form == "tensor" else None
    whole = all(shapes.of_literal(one) is True for one in (left, right))
    if whole and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        result.whole = True
    singular.combined(reader, node, left, right, result)
    losses.broadcast(reader, node, left, right)
    crossings.met(reader, node, left, right, result)
    losses.labels_in_a_column(reader, node, ((left, node.left), (right, node.right)))
    sparse.combined(reader, node, left, right)
    _meaning(reader, node, left, right, result)
    if isinstance(node.op, ast.Add):
        _added(reader, node, left, right, result)
    elif isinstance(node.op, ast.Sub):
        dead_terms(reader, (left, right), result)
    elif isinstance(node.op, ast.Mult | ast.Div):
        _keeps_linear(left, right, result)
        terms.scaled(left, right, result)
        weighing.halved(reader, node.op, left, right, result)
        replicas.divided(reader, node, left, right)
        replicas.averaged(reader, node, left, result)
        if isinstance(node.op, ast.Div):
            unscaling.divided(reader, node, left, right, result)
            undivided.divided(reader, node, left, result)
    if isinstance(node.op, ast.Mult):
        masks.multiplied(reader, ((left, node.left), (right, node.right)), result, node)
    return result


def _matrix_product(
    reader: Reader, node: ast.BinOp, left: Value, right: Value, flow: Flow
) -> Tensor:
    gram = singular.transposes(node.right, node.left) or (
        isinstance(left, Tensor) and isinstance(right, Tensor) and left.tokens == right.turned
    )
    shape = shapes.product(shapes.of(left), shapes.of(right))
    result = Tensor(flow, form_of([left, right]), shape, made=reader.path(node), gram=gram)
    linear(right, node, result)
    return result


def _added(reader: Reader, node: ast.BinOp, left: Value, right: Value, result: Tensor) -> None:
    """A sum may add a bias to a product, a term to a loss, or mix two arrays of weights."""
    _with_bias(left, right, result)
    if isinstance(left, Tensor) and isinstance(right, Tensor) and left.counts and right.counts:
        result.counts = (*left.counts, *right.counts)[:_MOST_COUNTED]
    dead_terms(reader, (left, right), result)
    blends.summed(reader, node)
    terms.summed(reader, node, left, right, result)


def linear(weights: Value, node: ast.AST, result: Tensor) -> None:
    """A product with a variable of the program's own: no activation, until one follows."""
    if isinstance(weights, Variable) and weights.trainable is True:
        result.ending, result.ender = "linear", node


def _with_bias(left: Value, right: Value, result: Tensor) -> None:
    for product, bias in ((left, right), (right, left)):
        if isinstance(product, Tensor) and isinstance(bias, Variable):
            result.ending, result.ender = product.ending, product.ender
            if product.ending != "linear":
                result.ending, result.ender = None, None


def _keeps_linear(left: Value, right: Value, result: Tensor) -> None:
    """Scores that are divided by a temperature are scores still."""
    scores, number = (left, right) if isinstance(left, Tensor) else (right, left)
    if isinstance(scores, Tensor) and isinstance(number, Constant) and scores.ending == "linear":
        result.ending, result.ender = scores.ending, scores.ender


_DEAD = ("numpy", "nondifferentiable")
"""Ends of a way that nobody wants in a loss; a stop may be meant."""


def dead_terms(reader: Reader, summands: Sequence[Value], result: Tensor) -> None:
    """Terms without any way back are added to a loss: they move nothing."""
    tensors = [one for one in summands if isinstance(one, Tensor)]
    for loss in tensors:
        result.terms = once(result.terms, loss.terms)
    # A sum of scores, such as a critic's, is one number too, and no error by its look.
    scalars = [
        one for one in tensors if one.form == "tensor" and (one.loss == 1 or shapes.of(one) == ())
    ]
    for term in tensors:
        if terms.is_live(reader, term.flow) or not any(one is not term for one in scalars):
            continue
        cuts = {
            id(trail.cut): trail.cut
            for trails in term.flow.values()
            for trail in trails
            if trail.cut is not None and trail.cut.kind in _DEAD and trail.cut.tapes & reader.active
        }
        result.terms = once(result.terms, cuts.values())


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
            result.gradient, result.sign = gradient.gradient, gradient.sign * sign_of(factor)
        elif depends_on_gradient(left, result) != depends_on_gradient(right, result):
            result.sign = sign_of(left) * sign_of(right)
        result.loss = _loss(left, right)
        if isinstance(op, ast.Mult) and left is right and result.flow:
            result.loss = 1  # a square
    elif isinstance(op, ast.Add | ast.Sub):
        _sum_of_directions(op, left, right, result)
        note_update(op, left, right, result)
        if result.update_of:
            new_values.new_value(reader, result, node)
        result.loss = _sum_of_losses(op, left, right)
    elif isinstance(op, ast.Pow):
        even = isinstance(right, Constant) and right.value in (2, 2.0, 4)
        result.loss = 1 if even and result.flow else 0


def _gradient_in(value: Value) -> bool:
    return isinstance(value, Tensor) and value.gradient is not None


def sign_of(value: Value) -> int:
    """The sign of a factor: 1, -1, or 0 for unknown."""
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
        return loss.loss * sign_of(factor)
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
    for number, other in enumerate((right, left)):
        # `tf.constant(0.0)`, to begin with.
        if isinstance(other, Tensor) and not other.flow and not other.loss:
            return kinds[number]
    return kinds[0] if kinds[0] == kinds[1] else 0


def note_update(op: ast.operator, left: Value, right: Value, result: Tensor) -> None:
    """Notes that a sum is a variable plus its own gradient."""
    owner = updated_variable(left)
    if owner is None:
        if isinstance(op, ast.Add) and updated_variable(right) is not None:
            left, right = right, left
            owner = updated_variable(left)
        else:
            return
    if owner is None:
        return
    if not isinstance(right, Tensor | Variable | Group) or not depends_on_gradient(right, result):
        return
    result.update_of = (owner,)
    if isinstance(right, Tensor) and right.gradient is not None:
        result.gradient = right.gradient
    result.sign = direction(right) if isinstance(op, ast.Add) else -direction(right)


def _sum_of_directions(op: ast.operator, left: Value, right: Value, result: Tensor) -> None:
    """The sign of a sum in which gradients take part: momentum, averages."""
    first, second = depends_on_gradient(left, result), depends_on_gradient(right, result)
    turned = direction(right) * (-1 if isinstance(op, ast.Sub) else 1)
    if first and second:
        result.sign = direction(left) if direction(left) == turned else 0
    elif first:
        result.sign = direction(left)
    elif second:
        result.sign = turned


def depends_on_gradient(value: Value, result: Tensor) -> bool:
    """Says whether gradients take part in a value."""
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
        return Tensor(flow, form_of([value]), shapes.of(value))
    result = Tensor(flow, form_of([value]), shapes.of(value), made=reader.path(node))
    if isinstance(value, Tensor) and isinstance(node.op, ast.USub):
        result.gradient, result.sign = value.gradient, -value.sign
        result.loss, result.terms = -value.loss, value.terms
        result.roots = value.roots
    return result


def comparison(reader: Reader, node: ast.Compare, values: list[Value]) -> Tensor:
    """A comparison: no gradient passes."""
    flow = merge(reader.read(value, node) for value in values)
    symbol = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
    words = f"comparison `{symbol.get(type(node.ops[0]), '?')}`"
    flow = cut(flow, "nondifferentiable", words, reader.path(node), reader.active)
    shape = shapes.broadcast(shapes.of(values[0]), shapes.of(values[-1]))
    result = Tensor(flow, form_of(values), shape, whole=True, made=reader.path(node))
    result.compared = singular.compared(values)
    return result
