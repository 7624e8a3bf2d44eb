"""Functions that only make a thing: who calls them decides where and how often it is made."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..dependence import Path

if TYPE_CHECKING:
    from ..reader import Reader

_TRAINS = frozenset({"GradientTape", "apply_gradients", "apply", "minimize", "fit"})


def asked_for(reader: Reader, path: Path) -> ast.AST:
    """The place where the program asks for a thing: `build()`, if that only makes and returns it.

    Args:
        reader: The reading.
        path: The calls that lead to where it is made, and that place.
    """
    path = path[:]
    while len(path) > 1 and _only_makes(reader, path[-1]):
        path = path[:-1]
    return path[-1]


def _only_makes(reader: Reader, node: ast.AST) -> bool:
    """Says whether the function around a place does nothing but give back what is made there."""
    function = _around(reader, node)
    if function is None or any(one.arg in ("self", "cls") for one in function.args.args):
        return False
    inside = list(ast.walk(function))
    if any(getattr(one, "attr", getattr(one, "id", "")) in _TRAINS for one in inside):
        return False
    if isinstance(function, ast.Lambda):
        return _holds(function.body, node)
    names = {
        ast.unparse(target)
        for one in inside
        if isinstance(one, ast.Assign) and _holds(one.value, node)
        for target in one.targets
    }
    return any(
        isinstance(one, ast.Return)
        and one.value is not None
        and (
            _holds(one.value, node)
            or any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(one.value))
        )
        for one in inside
    )


def _around(reader: Reader, node: ast.AST) -> ast.FunctionDef | ast.Lambda | None:
    """The innermost function that holds a node."""
    functions = (ast.FunctionDef, ast.Lambda)
    return next((one for one in reversed(reader.around(node)) if isinstance(one, functions)), None)


def _holds(whole: ast.AST, node: ast.AST) -> bool:
    return any(one is node for one in ast.walk(whole))
