"""What names are bound to, by the text alone."""

from __future__ import annotations

import ast


def values_of(scope: ast.AST, name: str) -> list[ast.expr]:
    """The values that statements of their own give a name."""
    return [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == name
    ]
