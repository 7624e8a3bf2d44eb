"""Updates that a guard lets through only when something is not finite."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import api
from ..python.methods import name_of, named_once
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_ALL, _ANY = frozenset({"all", "reduce_all"}), frozenset({"any", "reduce_any"})
_FINITE, _BROKEN = (
    frozenset({"is_finite", "isfinite"}),
    frozenset({"is_nan", "isnan", "is_inf", "isinf"}),
)


def finish(reader: Reader) -> None:
    """`if not all(finite): optimizer.apply_gradients(...)`: the guard is turned around."""
    nodes = reader.source.nodes
    if not any(
        isinstance(one, ast.Call) and name_of(one.func) in _FINITE | _BROKEN for one in nodes
    ):
        return
    for branch in nodes:
        if not isinstance(branch, ast.If) or branch.orelse or not _updates(branch.body):
            continue
        around = reader.around(branch)
        function = next((one for one in reversed(around) if isinstance(one, ast.FunctionDef)), None)
        scope = function or reader.source.tree
        inside = {id(one) for statement in branch.body for one in ast.walk(statement)}
        others = [one for one in ast.walk(scope) if _is_update(one) and id(one) not in inside]
        if others or not _is_broken(branch.test, named_once(scope)):
            continue
        spot = reader.spot(branch.test)
        owner = next((one for one in around if isinstance(one, ast.ClassDef)), None)
        if owner is not None and any(map(_is_optimizer, owner.bases)):
            habits.remark(reader, "custom-optimizer-bug", spot, "guard", (owner.name, ""))
        else:
            words = f"`{ast.unparse(branch.test)}` lets them through only when one is not finite:"
            habits.remark(reader, "gradients-never-applied", spot, words, ("guard",))


def _is_optimizer(base: ast.expr) -> bool:
    name = name_of(base)
    return name in api.OPTIMIZERS or name.endswith("Optimizer")


def _updates(body: list[ast.stmt]) -> bool:
    return any(_is_update(one) for statement in body for one in ast.walk(statement))


def _is_update(node: ast.AST) -> bool:
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    of_optimizer = called.endswith(".apply") and ("opt" in called or called.startswith("super()"))
    return called.endswith((".apply_gradients", ".minimize")) or of_optimizer


def _is_broken(test: ast.expr, named: dict[str, ast.expr]) -> bool:
    """Says whether a test is true where something is not finite, and only there."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_finite(test.operand, named)
    return _asks(test, named, _ANY, _BROKEN)


def _is_finite(test: ast.expr, named: dict[str, ast.expr]) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_broken(test.operand, named)
    return _asks(test, named, _ALL, _FINITE)


def _asks(
    test: ast.expr, named: dict[str, ast.expr], joins: frozenset[str], kinds: frozenset[str]
) -> bool:
    """`all(tf.math.is_finite(g) ...)`, where names stand for what they were given."""
    if isinstance(test, ast.Name) and test.id in named:
        rest = {name: value for name, value in named.items() if name != test.id}
        return _asks(named[test.id], rest, joins, kinds)
    if not isinstance(test, ast.Call) or name_of(test.func) not in joins or not test.args:
        return False
    given = test.args[0]
    given = named.get(given.id, given) if isinstance(given, ast.Name) else given
    asked = [one for one in ast.walk(given) if isinstance(one, ast.Call)]
    turned = any(isinstance(one, ast.Not | ast.Invert) for one in ast.walk(given))
    return any(name_of(one.func) in kinds for one in asked) and not turned
