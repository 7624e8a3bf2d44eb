"""Rules of optimizer classes that add the gradient to the variable."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..values import Class
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_EVEN = frozenset({"sqrt", "rsqrt", "square", "abs", "zeros_like", "ones_like", "shape"})
_DEEP = 10
_RULES = frozenset({"update_step", "_resource_apply_dense"})
"""Methods of Keras 3 and 2, and of the optimizers before, given a gradient and its variable."""


def look(reader: Reader, cls: Class) -> None:
    """Looks at `update_step(self, gradient, variable, ...)` of an optimizer class."""
    if cls.base != "optimizer" or reader.silent:
        return
    for method in cls.node.body:
        if not isinstance(method, ast.FunctionDef) or method.name not in _RULES:
            continue
        names = [argument.arg for argument in method.args.args]
        if len(names) < 3 or not _is_kept(method, names[1]):
            continue
        changes = list(_changes(method, names[2]))
        signs = [
            combined([sign * _sign(method, value, names[1], 0) for sign, value in terms])
            for _, terms in changes
        ]
        # Who takes away in one place and adds in another may do both on purpose.
        if changes and all(sign > 0 for sign in signs):
            others = ((reader.spot(method), "the rule of this class"),)
            spot = reader.spot(changes[0][0])
            habits.remark(reader, "wrong-sign-update", spot, "rule", (), others)


def _changes(
    method: ast.FunctionDef, variable: str
) -> Iterator[tuple[ast.Call, list[tuple[int, ast.expr]]]]:
    """Where a variable is changed, and what is added to it: terms with their signs."""
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
            yield node, [(1 if node.func.attr == "assign_add" else -1, value)]
        elif node.func.attr == "assign":
            terms = list(_terms(value, 1))
            own = [(sign, term) for sign, term in terms if _is_share(term, variable)]
            # A variable that is multiplied by a share of one decays: its own value stays.
            if own and all(sign > 0 for sign, _ in own):
                yield node, [one for one in terms if one not in own]


def _terms(node: ast.expr, sign: int) -> Iterator[tuple[int, ast.expr]]:
    """The terms of a sum, each with its sign."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _terms(node.left, sign)
        yield from _terms(node.right, -sign if isinstance(node.op, ast.Sub) else sign)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield from _terms(node.operand, -sign)
    else:
        yield sign, node


def _is_share(node: ast.expr, variable: str) -> bool:
    """Says whether a term is the variable itself, times something maybe."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _is_share(node.left, variable) or _is_share(node.right, variable)
    return isinstance(node, ast.Name) and node.id == variable


def combined(signs: list[int]) -> int:
    """The sign of a sum; terms that do not follow the gradient leave it as it is."""
    known = {sign for sign in signs if sign}
    return known.pop() if len(known) == 1 else 0


def _sign(method: ast.FunctionDef, node: ast.expr, gradient: str, depth: int) -> int:
    """How a value follows the gradient: 1 along it, -1 against it, 0 if unknown."""
    if depth > _DEEP:
        return 0
    if isinstance(node, ast.Name):
        if node.id == gradient:
            return 1
        made = _made(method, node.id)
        followed = _sign(method, made, gradient, depth + 1) if made is not None else 0
        return followed or _gathered(method, node.id, gradient, depth)
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


def _is_kept(method: ast.FunctionDef, gradient: str) -> bool:
    """Says whether the gradient's name stands for it all along: cast or clipped at most."""
    given = [
        node.value
        for node in ast.walk(method)
        if isinstance(node, ast.Assign | ast.AugAssign)
        and any(isinstance(one, ast.Name) and one.id == gradient for one in _targets(node))
    ]
    return all(_sign(method, value, gradient, 0) == 1 for value in given)


def _targets(node: ast.Assign | ast.AugAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _gathered(method: ast.FunctionDef, state: str, gradient: str, depth: int) -> int:
    """How what an optimizer keeps follows the gradients that it was made of: a momentum."""
    return combined(
        [
            sign * _sign(method, value, gradient, depth + 3)
            for _, terms in _changes(method, state)
            for sign, value in terms
        ]
    )


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
