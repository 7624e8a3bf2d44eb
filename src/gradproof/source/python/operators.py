"""Arithmetic, comparison and `+=` on what is known."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING

from ..flow import once
from ..framework import arithmetic
from ..joining import truth
from ..noticing import blends
from ..values import Constant, DictValue, ListValue, Tensor, Unknown, Value
from . import binding

if TYPE_CHECKING:
    from ..reader import Reader


MOST_ITEMS = 500
"""Entries of a list that are known one by one."""

_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def operation(reader: Reader, node: ast.BinOp) -> Value:
    """A binary operation."""
    return binary(reader, node, reader.evaluate(node.left), reader.evaluate(node.right))


def binary(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> Value:
    """What an arithmetic expression gives."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _folded(node, left, right)
    if (
        isinstance(left, ListValue)
        and isinstance(right, ListValue)
        and isinstance(node.op, ast.Add)
    ):
        owners = (*_owners(left), *_owners(right))
        if len(left.items) + len(right.items) > MOST_ITEMS:
            return ListValue(left.items[:MOST_ITEMS], False, left.fixed, node=node)
        return ListValue(
            [*left.items, *right.items],
            left.exact and right.exact,
            left.fixed,
            owner=owners,
            which=left.which if left.which == right.which else "",
            node=node,
            unbuilt=once(left.unbuilt, right.unbuilt),
        )
    if (
        isinstance(left, ListValue)
        and isinstance(right, Constant | Tensor)
        and isinstance(node.op, ast.Mult)
    ):
        if right.__class__ is Tensor and not isinstance(node.left, ast.List):
            return arithmetic.arithmetic(reader, node, left, right)
        return ListValue(list(left.items), False, left.fixed)
    if (
        isinstance(left, ListValue)
        and isinstance(node.op, ast.Add)
        and not isinstance(right, Tensor)
    ):
        return ListValue([*left.items, right], False, left.fixed, node=node)
    return arithmetic.arithmetic(reader, node, left, right)


def _owners(value: ListValue) -> tuple[object, ...]:
    if isinstance(value.owner, tuple):
        return value.owner
    return () if value.owner is None else (value.owner,)


def _folded(node: ast.BinOp, left: Constant, right: Constant) -> Value:
    function = _ARITHMETIC.get(type(node.op))
    numbers = all(isinstance(side.value, int | float) for side in (left, right))
    texts = (
        isinstance(left.value, str)
        and isinstance(right.value, str)
        and isinstance(node.op, ast.Add)
    )
    if function is not None and (numbers or texts):
        try:
            return Constant(function(left.value, right.value), node)
        except (ArithmeticError, ValueError):
            return Tensor(form="number")
    if isinstance(node.op, ast.Pow) and numbers:
        return Tensor(form="number")
    return Unknown(data=True) if not numbers else Tensor(form="number")


def unary(reader: Reader, node: ast.UnaryOp) -> Value:
    """A sign or a `not`."""
    value = reader.evaluate(node.operand)
    if isinstance(node.op, ast.Not):
        known = truth(value)
        if known is not None:
            return Constant(not known, node)
        return Tensor(form="number")
    if isinstance(value, Constant):
        if isinstance(node.op, ast.USub) and isinstance(value.value, int | float):
            return Constant(-value.value, node)
        return value
    return arithmetic.negated(reader, node, value)


def compare(reader: Reader, node: ast.Compare) -> Value:
    """A comparison, decided where both sides are known."""
    left = reader.evaluate(node.left)
    rights = [reader.evaluate(right) for right in node.comparators]
    if len(rights) == 1:
        known = _compared(node.ops[0], left, rights[0])
        if known is not None:
            return Constant(known, node)
    result = arithmetic.comparison(reader, node, [left, *rights])
    if len(rights) == 1:
        result.later = _later(node.ops[0], left, rights[0])
    return result


def _later(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    """What a comparison gives once the counter of a loop has become large."""
    counter = isinstance(left, Tensor) and left.round == 2
    if not counter or not isinstance(right, Constant) or not isinstance(right.value, int | float):
        return None
    if isinstance(op, ast.Gt | ast.GtE):
        return True
    return False if isinstance(op, ast.Lt | ast.LtE) else None


def _compared(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    if isinstance(op, ast.Is | ast.IsNot):
        none = isinstance(right, Constant) and right.value is None
        if not none:
            return None
        if isinstance(left, Constant):
            found = left.value is None
        elif isinstance(left, Unknown):
            return None
        else:
            found = False
        return found if isinstance(op, ast.Is) else not found
    if isinstance(left, Tensor) and left.round == 1:
        left = Constant(0)
    if isinstance(op, ast.In | ast.NotIn) and not isinstance(right, Constant):
        held = _contains(right, left)
        return held if held is None or isinstance(op, ast.In) else not held
    if isinstance(left, Constant) and isinstance(right, Constant):
        try:
            if isinstance(op, ast.Eq):
                return bool(left.value == right.value)
            if isinstance(op, ast.NotEq):
                return bool(left.value != right.value)
            if isinstance(op, ast.In) and isinstance(right.value, str):
                return str(left.value) in right.value
            if isinstance(left.value, int | float) and isinstance(right.value, int | float):
                if isinstance(op, ast.Gt):
                    return left.value > right.value
                if isinstance(op, ast.Lt):
                    return left.value < right.value
                if isinstance(op, ast.GtE):
                    return left.value >= right.value
                if isinstance(op, ast.LtE):
                    return left.value <= right.value
        except TypeError:
            return None
    return None


def augment(reader: Reader, node: ast.AugAssign) -> None:
    """Follows `target op= value`."""
    load: ast.expr
    if isinstance(node.target, ast.Name):
        load = ast.Name(node.target.id, ast.Load())
    elif isinstance(node.target, ast.Attribute):
        load = ast.Attribute(node.target.value, node.target.attr, ast.Load())
    else:
        load = ast.Subscript(node.target.value, node.target.slice, ast.Load())
    ast.copy_location(load, node.target)
    before = reader.evaluate(load)
    added = reader.evaluate(node.value)
    if (
        (
            isinstance(before, ListValue)
            and isinstance(node.op, ast.Add)
            and isinstance(added, ListValue)
        )
        and not before.property_read
        and not before.fixed
    ):
        grown = [*before.items, *added.items]
        exact = before.exact and added.exact and len(grown) <= MOST_ITEMS
        reader.store.set_field(before, "items", grown[:MOST_ITEMS])
        reader.store.set_field(before, "exact", exact)
        return
    blends.augmented(reader, node, load, added)
    operation = ast.BinOp(load, node.op, node.value)
    ast.copy_location(operation, node)
    value = binary(reader, operation, before, added)
    number = isinstance(value, Constant) and isinstance(value.value, int | float)
    if number and any(frame.looping for frame in reader.frames):
        # A loop is followed for two rounds: what counts them tells nothing.
        value = Tensor(form="number")
    binding.bind(reader, node.target, value, node)


def _contains(container: Value, item: Value) -> bool | None:
    """Says whether a known list, or the keys of a known dict, has a known item.

    What is empty may be filled later, or be the keywords of a call that nobody has seen.
    """
    if not isinstance(item, Constant) or not isinstance(container, ListValue | DictValue):
        return None
    if not container.items or not container.exact:
        return None
    if isinstance(container, DictValue):
        return any(key == item.value for key in container.items)
    held = [one.value for one in container.items if isinstance(one, Constant)]
    return item.value in held if len(held) == len(container.items) else None
