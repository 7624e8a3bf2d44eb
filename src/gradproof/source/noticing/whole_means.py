"""Gradients of several parts, of which one number is made and not a gradient of their shape."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import name_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_REDUCES = frozenset({"reduce_mean", "reduce_sum"})
_JOINS = frozenset({"stack", "concat", "convert_to_tensor"})
_GRADIENTS = re.compile(r"grad", re.IGNORECASE)
_OTHERS = re.compile(r"norm|loss|size|count|max|min|abs", re.IGNORECASE)


def finish(reader: Reader) -> None:
    """`[tf.reduce_mean(tf.stack(gs)) for gs in zip(*tower_gradients)]`, without an axis."""
    nodes = reader.source.nodes
    if not any(name_of(one) in _REDUCES for one in nodes):
        return
    if not any(name_of(one) in ("apply_gradients", "apply") for one in nodes):
        return
    for node in nodes:
        for call in _reduced(node):
            spot = reader.spot(call)
            habits.remark(reader, "wrong-accumulation", spot, "one number")


def _reduced(node: ast.AST) -> Iterator[ast.Call]:
    """Entries of a list that is made of the columns of several lists of gradients."""
    if isinstance(node, ast.ListComp) and len(node.generators) == 1:
        turned, target, made = node.generators[0].iter, node.generators[0].target, [node.elt]
    elif isinstance(node, ast.For):
        turned, target, made = node.iter, node.target, list(_appended(node))
    else:
        return
    if not _is_of_columns(turned) or not isinstance(target, ast.Name):
        return
    for one in made:
        call = one if isinstance(one, ast.Call) and name_of(one.func) in _REDUCES else None
        if call is None or len(call.args) != 1 or call.keywords:
            continue
        (inner,) = call.args
        if isinstance(inner, ast.Call) and name_of(inner.func) in _JOINS and inner.args:
            inner = inner.args[0]
        if isinstance(inner, ast.Name) and inner.id == target.id:
            yield call


def _is_of_columns(node: ast.expr) -> bool:
    """`zip(*gradients)`."""
    if not isinstance(node, ast.Call) or name_of(node.func) != "zip" or len(node.args) != 1:
        return False
    rows = node.args[0].value if isinstance(node.args[0], ast.Starred) else None
    name = name_of(rows) if rows is not None else ""
    return bool(_GRADIENTS.search(name)) and not _OTHERS.search(name)


def _appended(loop: ast.For) -> Iterator[ast.expr]:
    named = {
        one.targets[0].id: one.value
        for one in loop.body
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    for one in loop.body:
        call = one.value if isinstance(one, ast.Expr) else None
        if isinstance(call, ast.Call) and name_of(call.func) == "append" and len(call.args) == 1:
            given = call.args[0]
            yield named.get(given.id, given) if isinstance(given, ast.Name) else given
