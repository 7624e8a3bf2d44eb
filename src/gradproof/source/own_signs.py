"""Rules of optimizer classes that add the gradient to the variable."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import habits
from .values import Class

if TYPE_CHECKING:
    from .reader import Reader

_EVEN = frozenset({"sqrt", "rsqrt", "square", "abs", "zeros_like", "ones_like", "shape"})
_DEEP = 10


def look(reader: Reader, cls: Class) -> None:
    """Looks at `update_step(self, gradient, variable, ...)` of an optimizer class."""
    if cls.base != "optimizer" or reader.silent:
        return
    for method in cls.node.body:
        if not isinstance(method, ast.FunctionDef) or method.name != "update_step":
            continue
        names = [argument.arg for argument in method.args.args]
        if len(names) < 3:
            continue
        changes = list(_changes(method, names[2]))
        signs = [sign * _sign(method, value, names[1], 0) for _, value, sign in changes]
        # Who takes away in one place and adds in another may do both on purpose.
        if changes and all(sign > 0 for sign in signs):
            others = ((reader.spot(method), "the rule of this class"),)
            spot = reader.spot(changes[0][0])
            habits.remark(reader, "wrong-sign-update", spot, "rule", (), others)


def _changes(method: ast.FunctionDef, variable: str) -> Iterator[tuple[ast.Call, ast.expr, int]]:
    """Where the variable is changed, by what, and whether that is added."""
    for node in ast.walk(method):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        receiver, given = node.func.value, list(node.args)
        if isinstance(receiver, ast.Name) and receiver.id == "self" and given:
            receiver, given = given[0], given[1:]
        if not isinstance(receiver, ast.Name) or receiver.id != variable or len(given) != 1:
            continue
        value = given[0]
        if node.func.attr in ("assign_add", "assign_sub"):
            yield node, value, 1 if node.func.attr == "assign_add" else -1
        elif node.func.attr == "assign" and isinstance(value, ast.BinOp):
            own = isinstance(value.left, ast.Name) and value.left.id == variable
            if own and isinstance(value.op, ast.Add | ast.Sub):
                yield node, value.right, 1 if isinstance(value.op, ast.Add) else -1


def _sign(method: ast.FunctionDef, node: ast.expr, gradient: str, depth: int) -> int:
    """How a value follows the gradient: 1 along it, -1 against it, 0 if unknown."""
    if depth > _DEEP:
        return 0
    if isinstance(node, ast.Name):
        if node.id == gradient:
            return 1
        made = _made(method, node.id)
        return _sign(method, made, gradient, depth + 1) if made is not None else 0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_sign(method, node.operand, gradient, depth + 1)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        own = name and ast.unparse(node.func).startswith("self.")
        if not name or own or name in _EVEN or not node.args:
            return 0
        inner = _sign(method, node.args[0], gradient, depth + 1)
        return -inner if name == "negative" else inner
    if not isinstance(node, ast.BinOp):
        return 0
    left = _sign(method, node.left, gradient, depth + 1)
    right = _sign(method, node.right, gradient, depth + 1)
    if isinstance(node.op, ast.Mult):
        factor = _factor(method, node.right if left else node.left, 0)
        return (left or right) * factor
    if isinstance(node.op, ast.Div):
        return left
    right = -right if isinstance(node.op, ast.Sub) else right
    return 0 if left * right < 0 else left or right


def _factor(method: ast.FunctionDef, node: ast.expr, depth: int) -> int:
    """The sign of what a gradient is multiplied by: a rate is taken to be positive."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_factor(method, node.operand, depth + 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return 1 if node.value > 0 else -1 if node.value < 0 else 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        left = _factor(method, node.left, depth + 1)
        return left * _factor(method, node.right, depth + 1)
    made = _made(method, node.id) if isinstance(node, ast.Name) and depth < _DEEP else None
    if isinstance(made, ast.UnaryOp | ast.BinOp | ast.Constant):
        return _factor(method, made, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        # `1 - decay` is a share; of other differences nobody knows.
        return 1 if isinstance(node.left, ast.Constant) else 0
    return 1


def _made(method: ast.FunctionDef, name: str) -> ast.expr | None:
    """What a name stands for, if it is given one value only."""
    values = [
        node.value
        for node in ast.walk(method)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    stores = [
        node
        for node in ast.walk(method)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    return values[0] if len(values) == len(stores) == 1 else None
