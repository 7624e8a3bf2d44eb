"""Corrections of a bias that the first step divides by zero: `1 - beta ** t`, where `t` is 0."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import own_attribute
from . import habits
from .moments import correction

if TYPE_CHECKING:
    from ..reader import Reader


def finish(reader: Reader) -> None:
    """Counts that an own rule raises after it has used them, and loops that count from 0."""
    nodes = reader.source.nodes
    if not any(_exponent(one) is not None for one in nodes):
        return
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            found = _counted_late(node)
        elif isinstance(node, ast.For):
            found = _from_zero(node)
        else:
            continue
        for power, start in found:
            names = ("The correction", ast.unparse(power.right))
            others = ((reader.spot(start), "counted from 0"),)
            spot = reader.spot(power)
            habits.remark(reader, "custom-optimizer-bug", spot, "at 0", names, others)


def _exponent(node: ast.AST) -> ast.BinOp | None:
    """The power in `moment / (1 - beta ** t)`."""
    power = correction(node)
    plain = isinstance(power, ast.BinOp) and isinstance(power.right, ast.Name | ast.Attribute)
    return power if plain else None  # type: ignore[return-value]


def _counted_late(cls: ast.ClassDef) -> Iterator[tuple[ast.BinOp, ast.AST]]:
    """`self.t = 0` in `__init__`, and `self.t += 1` below its only use as an exponent."""
    methods = [one for one in cls.body if isinstance(one, ast.FunctionDef)]
    for method in methods:
        powers = [one for one in map(_exponent, ast.walk(method)) if one is not None]
        for power in powers[:1]:
            name = own_attribute(power.right)
            stores = [(at, one) for at in methods for one in _stores(at, name)] if name else []
            first = [one for at, one in stores if at.name == "__init__" and _is_zero(one)]
            raised = [one for at, one in stores if at is method and isinstance(one, ast.AugAssign)]
            late = bool(raised) and all(one.lineno > power.lineno for one in raised)
            known = len(first) == 1 and len(stores) == 1 + len(raised)
            if late and known and not _asked_before(method, power, name):
                yield power, first[0]


def _stores(method: ast.FunctionDef, name: str) -> Iterator[ast.Assign | ast.AugAssign]:
    for one in ast.walk(method):
        targets: list[ast.expr] = []
        if isinstance(one, ast.Assign):
            targets = one.targets
        elif isinstance(one, ast.AugAssign):
            targets = [one.target]
        parts = (part for target in targets for part in ast.walk(target))
        if any(own_attribute(part) == name for part in parts):
            yield one  # type: ignore[misc]


def _is_zero(node: ast.Assign | ast.AugAssign) -> bool:
    value = node.value if isinstance(node, ast.Assign) else None
    return isinstance(value, ast.Constant) and type(value.value) in (int, float) and not value.value


def _asked_before(block: ast.AST, power: ast.BinOp, name: str) -> bool:
    """A branch around the power, or one that leaves before it, asks for the count."""
    return any(
        isinstance(one, ast.If | ast.IfExp | ast.While)
        and one.lineno <= power.lineno
        and any(
            name in (own_attribute(part), getattr(part, "id", "")) for part in ast.walk(one.test)
        )
        for one in ast.walk(block)
    )


def _from_zero(loop: ast.For) -> Iterator[tuple[ast.BinOp, ast.AST]]:
    """`for t in range(steps)` around it."""
    call = loop.iter if isinstance(loop.iter, ast.Call) else None
    target = loop.target
    if call is None or not isinstance(target, ast.Name) or ast.unparse(call.func) != "range":
        return
    start = call.args[0] if len(call.args) > 1 else ast.Constant(0)
    if not isinstance(start, ast.Constant) or start.value != 0:
        return
    counted = [one for one in ast.walk(loop) if isinstance(one, ast.Name) and one.id == target.id]
    if any(isinstance(one.ctx, ast.Store) for one in counted if one is not target):
        return
    powers = [one for one in map(_exponent, ast.walk(loop)) if one is not None]
    mine = [one for one in powers if getattr(one.right, "id", "") == target.id]
    if mine and not _asked_before(loop, mine[0], target.id):
        yield mine[0], call
