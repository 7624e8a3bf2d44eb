"""Objects that are their own iterators, and generators handed out again and again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import Function, Instance, Value
from .methods import own_attribute

if TYPE_CHECKING:
    from ..reader import Reader


def ends_once(reader: Reader, value: Instance) -> bool:
    """Says whether `__iter__` gives the object itself, and nothing sets it back to its start.

    Its `__next__` then raises `StopIteration` for ever, once it has come to its end.
    """
    methods = {one.name: one for one in value.of.node.body if isinstance(one, ast.FunctionDef)}
    begins, goes_on = methods.get("__iter__"), methods.get("__next__")
    if begins is None or goes_on is None or not _gives_itself(begins):
        return False
    counters = _counters(goes_on)
    tree = reader.home(value.of.node).tree
    inside = {id(one) for name in ("__init__", "__next__") for one in _parts(methods.get(name))}
    return bool(counters) and not any(
        isinstance(one, ast.Attribute)
        and isinstance(one.ctx, ast.Store)
        and one.attr in counters
        and id(one) not in inside
        for one in ast.walk(tree)
    )


def _parts(method: ast.AST | None) -> list[ast.AST]:
    return list(ast.walk(method)) if method is not None else []


def _gives_itself(method: ast.FunctionDef) -> bool:
    last = method.body[-1]
    given = last.value if isinstance(last, ast.Return) else None
    return len(method.body) == 1 and isinstance(given, ast.Name) and given.id == "self"


def _counters(method: ast.FunctionDef) -> set[str]:
    """Attributes that tell the end; none, if the branch that ends it changes anything."""
    ends = [
        one
        for one in ast.walk(method)
        if isinstance(one, ast.If)
        and any(isinstance(part, ast.Raise) and _says_end(part) for part in one.body)
    ]
    if len(ends) != 1 or len(ends[0].body) != 1:
        return set()
    asked = {own_attribute(one) for one in ast.walk(ends[0].test)} - {""}
    return asked & {
        own_attribute(target)
        for one in ast.walk(method)
        if isinstance(one, ast.AugAssign | ast.Assign)
        for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
    }


def _says_end(node: ast.Raise) -> bool:
    return node.exc is not None and "StopIteration" in ast.unparse(node.exc)


def handed_out(reader: Reader, maker: Value) -> Value | None:
    """What a function without arguments gives that was made outside of it: `lambda: batches`."""
    if not isinstance(maker, Function) or ast.unparse(maker.node.args):
        return None
    body = maker.node.body
    if isinstance(body, list):
        last = body[-1] if len(body) == 1 else None
        given = last.value if isinstance(last, ast.Return) else None
    else:
        given = body
    if not isinstance(given, ast.Name | ast.Attribute):
        return None
    return reader.evaluate(given)
