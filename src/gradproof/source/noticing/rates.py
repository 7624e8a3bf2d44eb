"""Learning rates that stop training."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import Rate, Spot
from ...finding import Span
from ..values import Constant, ListValue, Optimizer, Other, Value
from . import fading, options

if TYPE_CHECKING:
    from ..reader import Reader


def rate_replaced(reader: Reader, optimizer: Optimizer) -> None:
    """An optimizer gets another learning rate later."""
    used = reader.spot(optimizer.node)
    reader.facts.rates = {rate: None for rate in reader.facts.rates if rate.used != used}


def rate(reader: Reader, value: Value, node: ast.AST) -> None:
    """An optimizer gets its learning rate."""
    if reader.silent:
        return
    used = reader.spot(node)
    if (
        isinstance(value, Constant)
        and isinstance(value.value, int | float)
        and not isinstance(value.value, bool)
    ):
        if value.value == 0 and value.node is not None:
            _is_zero(reader, value.node, used)
    elif (lost := options.rounded_off(reader, node)) is not None:
        division = _division(lost)
        why = "default" if division is None else "integer division"
        cut = operator(reader, division) if division is not None else None
        reader.facts.rates[Rate(reader.spot(lost), why, used, cut)] = None
    elif isinstance(value, Other) and value.kind == "schedule" and value.node is not None:
        why = "schedule" if _never_rises(value) else fading.why(reader, value)
        if why:
            reader.facts.rates[Rate(reader.spot(value.node), why, used)] = None


def by_hand(reader: Reader, call: ast.Call) -> None:
    """`w.assign_sub(rate * gradient)`, with a rate that is 0 and stays it."""
    factors = call.args[0] if len(call.args) == 1 else None
    if not isinstance(factors, ast.BinOp) or not isinstance(factors.op, ast.Mult) or reader.silent:
        return
    for factor in (factors.left, factors.right):
        value = reader.evaluate(factor) if isinstance(factor, ast.Name | ast.Attribute) else None
        zero = isinstance(value, Constant) and type(value.value) in (int, float) and not value.value
        if zero and value.node is not None and _set_once(reader, factor):  # type: ignore[union-attr]
            _is_zero(reader, value.node, reader.spot(factor))  # type: ignore[union-attr]


def _set_once(reader: Reader, name: ast.expr) -> bool:
    text = ast.unparse(name)
    written = [
        one
        for one in ast.walk(reader.home(name).tree)
        if isinstance(one, ast.Name | ast.Attribute)
        and isinstance(one.ctx, ast.Store)
        and ast.unparse(one) == text
    ]
    return len(written) == 1


def _is_zero(reader: Reader, node: ast.AST, used: Spot) -> None:
    division = _division(node)
    why = "integer division" if division is not None else "constant"
    cut = operator(reader, division) if division is not None else None
    reader.facts.rates[Rate(reader.spot(node), why, used, cut)] = None


def _division(node: ast.AST) -> ast.BinOp | None:
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.FloorDiv):
            return part
    return None


def operator(reader: Reader, node: ast.BinOp) -> Spot | None:
    """The `//` between two operands on one line."""
    left, right = reader.span(node.left), reader.span(node.right)
    if left.end_line != right.line:
        return None
    between = Span(left.end_line, left.end_column, right.line, right.column)
    text = reader.text(between)
    position = text.find("//")
    if position < 0:
        return None
    start = left.end_column + position
    return Spot(Span(left.end_line, start, left.end_line, start + 2), "//")


def _never_rises(schedule: Other) -> bool:
    given = schedule.arguments
    start = given.get("initial_learning_rate")
    steps, end = given.get("decay_steps"), given.get("end_learning_rate")
    if (
        (
            schedule.name == "PolynomialDecay"
            and isinstance(steps, Constant)
            and isinstance(end, Constant)
        )
        and isinstance(steps.value, int | float)
        and steps.value <= 1
        and end.value in (0, 0.0)
    ):
        return True
    values = given.get("values")
    if schedule.name == "PiecewiseConstantDecay" and isinstance(values, ListValue):
        pieces = [piece.value for piece in values.items if isinstance(piece, Constant)]
        whole = values.exact and len(pieces) == len(values.items)
        return whole and bool(pieces) and all(piece == 0 for piece in pieces)
    if not isinstance(start, Constant) or start.value not in (0, 0.0):
        return False
    if schedule.name == "CosineDecay":
        return "warmup_target" not in given
    if schedule.name == "PolynomialDecay":
        end = given.get("end_learning_rate")
        return isinstance(end, Constant) and end.value in (0, 0.0)
    return schedule.name in ("ExponentialDecay", "InverseTimeDecay", "CosineDecayRestarts")
