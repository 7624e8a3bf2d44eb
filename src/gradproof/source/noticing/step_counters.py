"""Counts of steps that run too fast: with the variables, or beside the optimizer's own count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import root_of
from ..values import Optimizer, Other
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_UPDATES = frozenset({"assign", "assign_add", "assign_sub"})


def loop_begins(reader: Reader, node: ast.For) -> None:
    """`for v, g in pairs: t += 1; v.assign_sub(rate * m / (1 - beta**t))`: t counts variables."""
    if reader.silent:
        return
    own = {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
    counters = [one for one in map(_counter, node.body) if one is not None]
    if not counters or not any(root_of(one) in own for one in _receivers(node, _UPDATES)):
        return
    bound = {ast.unparse(one) for one in _bound(node)}
    powers = {ast.unparse(one) for one in _powers(node)}
    for counter in counters:
        name = ast.unparse(counter)
        # What belongs to the variable, or begins anew for it, may count with it.
        if root_of(counter) not in own and name not in bound and _raised(name, powers):
            others = ((reader.spot(node.target), "once for each of these"),)
            spot = reader.spot(counter)
            habits.remark(reader, "iterations-counter-off", spot, f"`{name}`", ("by hand",), others)


def read(reader: Reader, optimizer: Optimizer, node: ast.AST) -> None:
    """`optimizer.iterations.assign_add(1)`: the optimizer counts by itself when it is applied."""
    around = list(reader.around(node))[-4:-1]
    method = around[-1] if around else None
    if len(around) < 3 or not isinstance(method, ast.Attribute) or optimizer.custom is not None:
        return
    call, statement = around[-2], around[-3]
    if method.attr != "assign_add" or not isinstance(call, ast.Call) or call.func is not method:
        return
    sometimes = any(isinstance(one, ast.If | ast.Try) for one in reader.around(node))
    if isinstance(statement, ast.Expr) and not sometimes and not reader.silent:
        reader.facts.habits.counted_up.append((optimizer, reader.spot(call)))


def finish(reader: Reader) -> None:
    """A schedule that follows a count which the program advances once more."""
    for optimizer, spot in reader.facts.habits.counted_up:
        rate = optimizer.rate or optimizer.arguments.get("learning_rate")
        applied = bool(optimizer.first)
        if applied and isinstance(rate, Other) and rate.kind == "schedule":
            words = f"`{optimizer.kind}`"
            habits.remark(reader, "iterations-counter-off", spot, words, ("once more",))


def _counter(statement: ast.stmt) -> ast.expr | None:
    """What a statement adds 1 to: `t += 1` or `t.assign_add(1.0)`."""
    added: ast.expr | None = None
    target: ast.expr | None = None
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        target, added = statement.target, statement.value
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "assign_add" and call.args:
            target, added = call.func.value, call.args[0]
    one = isinstance(added, ast.Constant) and added.value == 1
    return target if one and isinstance(target, ast.Name | ast.Attribute) else None


def _receivers(node: ast.AST, methods: frozenset[str]) -> Iterator[ast.expr]:
    for one in ast.walk(node):
        called = one.func if isinstance(one, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in methods:
            yield called.value


def _bound(node: ast.For) -> Iterator[ast.expr]:
    for one in ast.walk(node):
        if isinstance(one, ast.Assign):
            yield from one.targets


def _powers(node: ast.AST) -> Iterator[ast.expr]:
    """Exponents: `beta**t`, `tf.pow(beta, t)`."""
    for one in ast.walk(node):
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Pow):
            yield one.right
        elif isinstance(one, ast.Call) and len(one.args) == 2:
            named = ast.unparse(one.func).rpartition(".")[2]
            yield from one.args[1:] if named in ("pow", "power") else ()


def _raised(name: str, powers: set[str]) -> bool:
    """The count is an exponent, turned into another dtype maybe."""
    return any(name == power or f"({name}, " in power or f"({name})" in power for power in powers)
