"""Sums of gradients that are begun, added to and emptied, and that nothing reads.

Read from the text of a function, a class or a file: what is never read is nowhere to be followed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_ZEROS = frozenset({"zeros", "zeros_like"})
_SCOPES = (ast.FunctionDef, ast.ClassDef, ast.Module)


def handed_over(reader: Reader, node: ast.Call) -> None:
    """An optimizer is given gradients: nobody may have read the sums that are kept for it."""
    scopes = [one for one in reader.around(node) if isinstance(one, _SCOPES)]
    for scope in scopes:
        # A file is read for what stands in no function: once, and not for each of its steps.
        if isinstance(scope, ast.Module) and len(scopes) > 1:
            continue
        for name in _begun(scope):
            adding = _adding(scope, name)
            if adding is not None and not _is_read(scope, name):
                spot = reader.spot(adding)
                others = ((reader.spot(node), "given other gradients"),)
                habits.remark(reader, "wrong-accumulation", spot, "unread", (name,), others)


def _begun(scope: ast.AST) -> set[str]:
    """Names that get zeros for each variable: local ones, or of a class's `self`."""
    start = "self." if isinstance(scope, ast.ClassDef) else ""
    return {
        _text(target)
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.ListComp)
        for target in node.targets
        if any(_called(one) in _ZEROS for one in ast.walk(node.value.elt))
        if _text(target) and _text(target).startswith("self.") == bool(start)
    }


def _text(node: ast.AST) -> str:
    """A name, or an attribute of `self`, as written."""
    if isinstance(node, ast.Name):
        return node.id
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return f"self.{node.attr}" if own and node.value.id == "self" else ""  # type: ignore[attr-defined]


def _called(node: ast.AST) -> str:
    called = node.func if isinstance(node, ast.Call) else None
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def _adding(scope: ast.AST, name: str) -> ast.AST | None:
    """The first statement that adds to the sums."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and _rebinds(node, name) and name in _loaded(node.value):
            return node
        if isinstance(node, ast.For) and _met(node, name) & {
            _text(one.func.value)
            for one in _calls(node)
            if isinstance(one.func, ast.Attribute) and one.func.attr == "assign_add"
        }:
            return node.body[0]
    return None


def _rebinds(node: ast.Assign, name: str) -> bool:
    return [_text(one) for one in node.targets] == [name]


def _loaded(node: ast.AST) -> list[str]:
    return [
        _text(one)
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute) and isinstance(one.ctx, ast.Load)
    ]


def _is_read(scope: ast.AST, name: str) -> bool:
    """Says whether anything but making the next sum reads it."""
    allowed = 0
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and _rebinds(node, name):
            allowed += _loaded(node.value).count(name)
        elif isinstance(node, ast.For) and _only_assigns(node, name):
            allowed += _loaded(node.iter).count(name)
    foreign = any(isinstance(node, ast.Global | ast.Nonlocal) for node in ast.walk(scope))
    return foreign or _loaded(scope).count(name) != allowed


def _only_assigns(loop: ast.For, name: str) -> bool:
    """Says whether a loop over the sums only adds to them, or empties them."""
    mine = _met(loop, name)
    if not mine or any(not isinstance(statement, ast.Expr) for statement in loop.body):
        return False
    for statement in loop.body:
        call = statement.value  # type: ignore[attr-defined]
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return False
        own = call.func.attr.startswith("assign") and _text(call.func.value) in mine
        if not own and mine & set(_loaded(call)):
            return False
    return True


def _met(loop: ast.For, name: str) -> set[str]:
    """Names for the entries of a list in a loop over it, alone or in a `zip`."""
    if _text(loop.iter) == name:
        return {_text(loop.target)} - {""}
    given = loop.iter.args if _called(loop.iter) == "zip" else []  # type: ignore[attr-defined]
    names = loop.target.elts if isinstance(loop.target, ast.Tuple) else []
    pairs = zip(names, given, strict=False)
    return {_text(entry) for entry, column in pairs if _text(column) == name} - {""}


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))
