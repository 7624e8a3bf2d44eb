"""What the text of a method says of names and of attributes of `self`."""

from __future__ import annotations

import ast

Method = ast.FunctionDef

ASSIGNS = frozenset({"assign", "assign_add", "assign_sub", "scatter_sub", "scatter_add"})
"""Methods by which a variable takes a value."""

WRITES = frozenset(
    """append extend insert update setdefault pop clear assign assign_add assign_sub add
    __setitem__ popitem remove""".split()
)
"""Methods that change what they are called on: a list, a dict, a variable."""


def names_read(node: ast.AST) -> set[str]:
    """The names that are read in a part of the text."""
    return {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    }


def own_attribute(node: ast.AST) -> str:
    """The name of an attribute of `self`, or nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id == "self" else ""
    return ""


def name_of(node: ast.AST) -> str:
    """A name, or the last part of a dotted one; empty for anything else."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def handed_back_by(node: ast.AST) -> str:
    """The method in `w = w.assign_sub(...)`, or in a list of such; empty for anything else."""
    value = node.value if isinstance(node, ast.Assign) else None
    value = value.elt if isinstance(value, ast.ListComp) else value
    value = value.body if isinstance(value, ast.IfExp) else value
    method = name_of(value.func) if isinstance(value, ast.Call) else ""
    return method if method in ("assign", "assign_add", "assign_sub") else ""


def root_of(
    node: ast.AST, steps: tuple[type[ast.expr], ...] = (ast.Attribute, ast.Subscript)
) -> str:
    """The name that an expression begins with: `self` of `self.slots[index].value`.

    Args:
        node: The expression.
        steps: What may stand behind the name.
    """
    while isinstance(node, steps):
        node = node.value  # type: ignore[attr-defined]
    return node.id if isinstance(node, ast.Name) else ""
