"""Variables that are paired with themselves, where another network was meant."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import ListValue, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


def zipped(reader: Reader, columns: list[Value], node: ast.Call) -> None:
    """`zip(target.variables, target.variables)` or `get_weights()`, in a function that assigns."""
    function = reader.frame.function
    if reader.silent or function is None or len(columns) != 2 or len(node.args) != 2:
        return
    lists = [one for one in columns if isinstance(one, ListValue)]
    assigns = any(
        isinstance(one, ast.Attribute) and one.attr in ("assign", "set_weights")
        for one in ast.walk(function.node)
    )
    if len(lists) != 2 or not assigns:
        return
    alias = reader.facts.habits.aliases.get(id(lists[0].owner))
    if ast.unparse(node.args[0]) == ast.unparse(node.args[1]):
        if all(one.property_read or one.which == "values" for one in lists):
            habits.remark(reader, "target-copy-wrong", reader.spot(node), "mixed")
    elif alias is not None and lists[0].owner is lists[1].owner:
        others = ((reader.spot(node), "pairs each variable with itself"),)
        habits.remark(reader, "target-copy-wrong", alias, "alias", (), others)
