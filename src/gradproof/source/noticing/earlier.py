"""What is computed from variables alone, before the loop that trains them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..dependence import Path
from ..joining import leaves
from ..values import Class, Constant, Function, Library, Module, Value, Variable

if TYPE_CHECKING:
    from ..reader import Reader


def derived_before(reader: Reader, read: Path, tape: Path) -> bool:
    """Says whether a variable was read for a value that was computed once, and of no data.

    A forward pass before the tape works on data; what is derived from a variable does not.
    """
    around, node = read[:-1], read[-1]
    if len(around) >= len(tape) or any(a is not b for a, b in zip(around, tape, strict=False)):
        return False
    inside = reader.around(node)
    if any(isinstance(one, ast.For | ast.While) for one in inside):
        return False
    statement = next((one for one in inside if isinstance(one, ast.Assign)), None)
    return statement is not None and _without_data(reader, statement.value)


def _without_data(reader: Reader, node: ast.expr) -> bool:
    """Says whether an expression uses variables, constants and functions only."""
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    bound = {one.id for one in names if isinstance(one.ctx, ast.Store)}
    return all(_is_no_data(reader, one.id) for one in names if one.id not in bound)


def _is_no_data(reader: Reader, name: str) -> bool:
    found: Value | None = next(
        (scope.names[name] for scope in reader.frame.scopes if name in scope.names), None
    )
    if found is None:
        return True
    if isinstance(found, Function):
        # What takes nothing has its data from elsewhere.
        return bool(found.node.args.args)
    kinds = Variable | Constant | Library | Module | Class
    return all(isinstance(one, kinds) for one in leaves(found))
