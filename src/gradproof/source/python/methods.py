"""What the text of a method says of names and of attributes of `self`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

Method = ast.FunctionDef

ASSIGNS = frozenset({"assign", "assign_add", "assign_sub", "scatter_sub", "scatter_add"})
"""Methods by which a variable takes a value."""

WRITES = frozenset(
    """append extend insert update setdefault pop clear assign assign_add assign_sub add
    __setitem__ popitem remove""".split()
)
"""Methods that change what they are called on: a list, a dict, a variable."""


def names_read(*nodes: ast.AST) -> set[str]:
    """The names that are read in parts of the text."""
    return {
        one.id
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    }


def names_stored(*nodes: ast.AST) -> set[str]:
    """The names that parts of the text give a value to, or delete."""
    return {
        one.id
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    }


def named_once(block: ast.AST) -> dict[str, ast.expr]:
    """The names that a part of the text gives one value, and that value."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(block):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).extend((node.value, node.value))
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def own_attribute(node: ast.AST) -> str:
    """The name of an attribute of `self`, or nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id == "self" else ""
    return ""


def name_of(node: ast.AST) -> str:
    """A name, or the last part of a dotted one; empty for anything else."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def calls_of(nodes: Sequence[ast.AST], function: ast.FunctionDef) -> list[ast.Call]:
    """All calls of a function; none, if it is handed on, or called by a name of its own."""
    calls = [one for one in nodes if isinstance(one, ast.Call)]
    mine = [one for one in calls if name_of(one.func) == function.name]
    uses = sum(name_of(one) == function.name for one in nodes)
    return mine if uses == len(mine) else []


def hands_over(call: ast.Call, function: ast.FunctionDef, name: str) -> bool:
    """Says whether a call of a function gives, or may give, one of its arguments."""
    names = [argument.arg for argument in function.args.args]
    place = names.index(name) if name in names else len(names)
    place -= bool(names) and names[0] in ("self", "cls")
    return (
        len(call.args) > place
        or any(isinstance(one, ast.Starred) for one in call.args)
        or any(word.arg in (None, name) for word in call.keywords)
    )


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
