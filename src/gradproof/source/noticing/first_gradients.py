"""Gradients that are taken if there are none yet, and kept for all later steps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import name_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_LOOPS = ast.For | ast.While


def finish(reader: Reader) -> None:
    """`if self.gradients is None: self.gradients = tape.gradient(...)`, and nothing resets it."""
    for branch in reader.source.nodes:
        kept = _asked_for(branch) if isinstance(branch, ast.If) else None
        taken = _taken(branch, kept) if kept is not None else None
        if kept is None or taken is None or not _never_emptied(reader, kept, taken):
            continue
        applied = [one for one in reader.source.nodes if _applies(one, ast.unparse(kept))]
        if applied:
            others = ((reader.spot(applied[0]), "applied again and again"),)
            spot = reader.spot(taken.value)
            habits.remark(reader, "stale-gradient", spot, "first", (), others)


def _asked_for(branch: ast.If) -> ast.Name | ast.Attribute | None:
    """What `if kept is None:` or `if not kept:` asks for."""
    test = branch.test
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is):
        none = test.comparators[0]
        test = test.left if isinstance(none, ast.Constant) and none.value is None else test
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    return test if isinstance(test, ast.Name | ast.Attribute) else None


def _taken(branch: ast.AST, kept: ast.expr) -> ast.Assign | None:
    """The gradients that are taken for it."""
    wanted = ast.unparse(kept)
    for one in getattr(branch, "body", ()):
        if isinstance(one, ast.Assign) and [*map(ast.unparse, one.targets)] == [wanted]:
            called = one.value.func if isinstance(one.value, ast.Call) else None
            return one if called is not None and name_of(called) == "gradient" else None
    return None


def _never_emptied(reader: Reader, kept: ast.expr, taken: ast.Assign) -> bool:
    """It is `None` at the start, outside of every loop, and gets no value but these."""
    others = [one for one in _stores(reader, name_of(kept)) if one is not taken.targets[0]]
    return len(others) == 1 and _starts(reader, others[0])


def _stores(reader: Reader, name: str) -> Iterator[ast.expr]:
    for source in reader.sources:
        for one in ast.walk(source.tree):
            if name_of(one) == name and isinstance(getattr(one, "ctx", None), ast.Store | ast.Del):
                assert isinstance(one, ast.expr)
                yield one


def _starts(reader: Reader, target: ast.expr) -> bool:
    around = reader.home(target).around(target)
    made = [one for one in around if isinstance(one, ast.Assign)]
    value = made[-1].value if made else None
    empty = isinstance(value, ast.Constant) and value.value is None
    if isinstance(target, ast.Attribute):
        functions = [one.name for one in around if isinstance(one, ast.FunctionDef)]
        return empty and functions[-1:] == ["__init__"]
    return empty and not any(isinstance(one, _LOOPS) for one in around)


def _applies(node: ast.AST, text: str) -> bool:
    """An optimizer is given them, as they are."""
    return (
        isinstance(node, ast.Call)
        and name_of(node.func) in ("apply_gradients", "apply")
        and bool(node.args)
        and any(ast.unparse(one) == text for one in ast.walk(node.args[0]))
    )
