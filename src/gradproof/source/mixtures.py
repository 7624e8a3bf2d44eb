"""Variables that are paired with themselves, where another network was meant."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import habits
from .values import ListValue, Value

if TYPE_CHECKING:
    from .reader import Reader


def zipped(reader: Reader, columns: list[Value], node: ast.Call) -> None:
    """`zip(target.variables, target.variables)`, in a function that assigns."""
    function = reader.frame.function
    if reader.silent or function is None or len(columns) != 2 or len(node.args) != 2:
        return
    listed = all(isinstance(one, ListValue) and one.property_read for one in columns)
    if not listed or ast.unparse(node.args[0]) != ast.unparse(node.args[1]):
        return
    assigns = any(
        isinstance(one, ast.Attribute) and one.attr in ("assign", "set_weights")
        for one in ast.walk(function.node)
    )
    if assigns:
        habits.remark(reader, "target-copy-wrong", reader.spot(node), "mixed")
