"""Target networks: copies that are no copies."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .habits import remark
from .values import Instance, Layer, ListValue, Value, Zip

if TYPE_CHECKING:
    from .reader import Reader


_NAMED = (ast.Name, ast.Attribute)


def bound_layer(reader: Reader, value: Value, node: ast.AST) -> None:
    """`target = online`: two names for one network."""
    if not isinstance(value, Layer | Instance) or not isinstance(node, ast.Assign):
        return
    target = node.targets[0]
    # `self.net = net` only keeps what was given.
    if any(isinstance(target, kind) and isinstance(node.value, kind) for kind in _NAMED):
        reader.facts.habits.aliases[id(value)] = reader.spot(node)


def pairs_of_one(reader: Reader, node: ast.For, iterated: Value) -> None:
    """`for slow, fast in zip(target.variables, online.variables)`, and both are one network."""
    columns = iterated.columns if isinstance(iterated, Zip) else []
    owners = [column.owner for column in columns if isinstance(column, ListValue)]
    if len(columns) != 2 or len(owners) != 2 or owners[0] is not owners[1] or reader.silent:
        return
    spot = reader.facts.habits.aliases.get(id(owners[0]))
    written = any(
        isinstance(one, ast.Attribute) and one.attr == "assign"
        for statement in node.body
        for one in ast.walk(statement)
    )
    if spot is not None and written:
        others = ((reader.spot(node.iter), "pairs each variable with itself"),)
        remark(reader, "target-copy-wrong", spot, "alias", (), others)


def weights_set(reader: Reader, receiver: Value, value: Value | None, node: ast.AST) -> None:
    """`target.set_weights(online.get_weights())`."""
    argument = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if not isinstance(argument, ast.Call):
        # Weights that were put by and are restored.
        return
    if isinstance(value, ListValue) and value.owner is receiver and value.which == "values":
        spot = reader.facts.habits.aliases.get(id(receiver))
        if spot is None:
            # Not told to be one: layers that two models share, paired in a loop.
            return
        others = ((reader.spot(node), "copies its own weights"),)
        remark(reader, "target-copy-wrong", spot, "alias", (), others)


def mixed_with_itself(reader: Reader, node: ast.AST) -> None:
    """`t.assign(a * t + b * t)`: a soft update that forgets the other network."""
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return
    value = node.args[0]
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
        return
    sides = [side for side in (value.left, value.right) if isinstance(side, ast.BinOp)]
    if len(sides) != 2 or not all(isinstance(side.op, ast.Mult) for side in sides):
        return
    first, second = ({ast.unparse(side.left), ast.unparse(side.right)} for side in sides)
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    same = first & second
    if receiver is not None and ast.unparse(receiver) in same:
        remark(reader, "target-copy-wrong", reader.spot(node), "mixed", tuple(sorted(same)))
