"""Updates that the program's own settings switch off."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.methods import name_of

if TYPE_CHECKING:
    from ..reader import Reader

_UPDATES = frozenset({"apply_gradients", "apply", "minimize", "assign_sub", "assign_add", "assign"})


def met(reader: Reader, node: ast.If, told: bool | None) -> None:
    """`if settings["rate"] > 0: optimizer.apply_gradients(...)`, and the rate is 0.

    With an `else` it is a choice between two ways, and none is switched off.
    """
    off = reader.facts.habits.switched_off
    if told is False and not node.orelse and _updates(node):
        off.add(id(node))
    else:
        off.discard(id(node))


def _updates(node: ast.If) -> bool:
    return any(
        isinstance(one, ast.Call) and name_of(one.func) in _UPDATES
        for statement in node.body
        for one in ast.walk(statement)
    )
