"""Learning rates that come from options of the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.bound import values_of

if TYPE_CHECKING:
    from ..reader import Reader

_RATE = ("learning_rate", "lr")


def rounded_off(reader: Reader, made: ast.AST) -> ast.expr | None:
    """The learning rate given to an optimizer, if its option's default is rounded to 0.

    `int(args.lr)` and `args.lr // 10` are 0 for a default below 1 and below 10;
    a default that is 0 itself was meant, and what stands on the command line
    is unknown.

    Args:
        reader: Knows the whole file.
        made: The call that makes the optimizer.

    Returns:
        The expression that is 0, or `None` if there is none.
    """
    if not isinstance(made, ast.Call):
        return None
    given = [one.value for one in made.keywords if one.arg in _RATE] or made.args[:1]
    rate = given[0] if given else None
    if isinstance(rate, ast.Name):
        rate = _only_value(reader.source.tree, rate.id)
    if not isinstance(rate, ast.Call | ast.BinOp):
        return None
    whole, exact = _value(reader, rate, True), _value(reader, rate, False)
    return rate if whole == 0 and exact is not None and exact > 0 else None


def _value(reader: Reader, node: ast.expr, rounding: bool) -> float | None:
    """What an expression of an option is by default, with or without rounding."""
    if isinstance(node, ast.Constant):
        return _number(node)
    if isinstance(node, ast.Attribute):
        return _default(reader, node)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        inner = _value(reader, node.args[0], rounding)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if inner is None or name not in ("int", "float"):
            return None
        return int(inner) if name == "int" and rounding else inner
    if isinstance(node, ast.BinOp):
        left = _value(reader, node.left, rounding)
        right = _value(reader, node.right, rounding)
        if left is None or right is None:
            return None
        return _combined(node.op, left, right, rounding)
    return None


def _combined(operator: ast.operator, left: float, right: float, rounding: bool) -> float | None:
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Div | ast.FloorDiv) and right != 0:
        return left // right if isinstance(operator, ast.FloorDiv) and rounding else left / right
    return None


def _default(reader: Reader, node: ast.Attribute) -> float | None:
    """The default of the option that an attribute of the parsed arguments is."""
    if not isinstance(node.value, ast.Name):
        return None
    parsed = _only_value(reader.source.tree, node.value.id)
    if not isinstance(parsed, ast.Call) or not _is_method(parsed, "parse_args"):
        return None
    found = [
        option for option in _options(reader.source.tree) if node.attr in _destinations(option)
    ]
    if len(found) != 1:
        return None
    named = {one.arg: one.value for one in found[0].keywords}
    return _number(named.get("default"))


def _number(node: ast.AST | None) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _options(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_method(node, "add_argument"):
            yield node


def _is_method(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == name


def _destinations(option: ast.Call) -> list[str]:
    for keyword in option.keywords:
        if keyword.arg == "dest":
            return [_text(keyword.value)]
    names = [_text(one) for one in option.args]
    return [name.lstrip("-").replace("-", "_") for name in names if name.startswith("--")]


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _only_value(tree: ast.AST, name: str) -> ast.expr | None:
    """What a name is bound to, if that happens once in the file."""
    stores = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.arg) and node.arg == name)
    ]
    values = values_of(tree, name)
    return values[0] if len(stores) == len(values) == 1 else None
