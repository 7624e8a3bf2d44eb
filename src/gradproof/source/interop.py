"""Variables of Keras 3 that are handed to TensorFlow itself, which knows its own only."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..evidence.loop import Remark
from .values import Group, Layer, ListValue, Value

if TYPE_CHECKING:
    from .reader import Reader


def watched(reader: Reader, value: Value, node: ast.AST) -> None:
    """A tape is told to watch something."""
    if reader.generation == "2":
        return
    read = isinstance(value, ListValue) and value.property_read
    items = value.items if isinstance(value, ListValue) and read else [value]
    owners = [item.owner for item in items if isinstance(item, Group)]
    argument = node.args[0] if isinstance(node, ast.Call) and node.args else node
    if any(isinstance(owner, Layer) for owner in owners) and not _is_held(reader, argument):
        spot = reader.spot(argument)
        reader.facts.remarks[Remark("keras3-variable-interop", spot, spot.text)] = None


def _is_held(reader: Reader, argument: ast.AST) -> bool:
    """Says whether this is the `tf.Variable` that a variable of Keras 3 holds in `value`."""
    found: list[ast.AST] = [argument]
    if isinstance(argument, ast.Name):
        found = [*reader.source.named.get(argument.id, ())]
    # One of two values by a condition: the program tells the generations apart itself.
    found += [way for one in found if isinstance(one, ast.IfExp) for way in (one.body, one.orelse)]
    return any(isinstance(one, ast.Attribute) and one.attr == "value" for one in found)
