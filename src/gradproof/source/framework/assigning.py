"""Assignments to variables by hand."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..dependence import NO_FLOW
from ..flow import merge
from ..noticing import by_hand, gathered, masks, repeats, statistics, undivided
from ..values import Constant, GradientOf, Group, Instance, Layer, Tensor, Value, Variable
from . import tapes, updates
from .roles import direction

if TYPE_CHECKING:
    from ..reader import Reader


_OF_ROWS = {"scatter_add": "assign_add", "scatter_sub": "assign_sub"}
"""What changes single rows, and what does the same to all of them."""

Arguments = list[Value]
Keywords = dict[str, Value]


def variable_method(
    reader: Reader,
    variable: Variable | Group,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a variable."""
    if name in ("assign", "assign_add", "assign_sub", "scatter_update"):
        value = (
            arguments[0]
            if arguments
            else keywords.get("value", keywords.get("delta", Constant(None)))
        )
        _assigned(reader, variable, name, value, node)
        return variable
    if name in _OF_ROWS:
        rows = arguments[0] if arguments else keywords.get("sparse_delta", Constant(None))
        _assigned(reader, variable, _OF_ROWS[name], rows, node)
        return variable
    if name == "scatter_nd_update":
        rows = arguments[1] if len(arguments) > 1 else keywords.get("updates", Constant(None))
        part_assigned(reader, variable, rows, node)
        return variable
    if name == "ref" and isinstance(variable, Variable):
        return Constant((name, id(variable)), node)
    flow = reader.read(variable, node)
    if name in ("numpy", "item", "__array__"):
        from ..flow import cut

        state_form = cut(flow, "numpy", f".{name}()", reader.path(node), reader.active)
        return Tensor(state_form, "array", made=reader.path(node), reads=variable)
    whole = variable if name in ("value", "read_value") else None
    return Tensor(flow, made=reader.path(node), reads=whole)


def _assigned(
    reader: Reader, variable: Variable | Group, name: str, value: Value, node: ast.AST
) -> None:
    flow = merge((reader.read(value, node),))
    if isinstance(value, Variable) and value.holds is not None:
        flow = merge((flow, value.holds[0]))
    gradients = escaping.gradients_in(flow)
    owner = tapes.owner_of(variable)
    fresh = owner not in flow
    if gradients:
        if not reader.silent:
            by_hand.hand_update(reader, variable, name, value, node)
        mine = any(
            tapes.owner_of(e.source) is owner
            for e in gradients
            if isinstance(e.source, Variable | Group)
        )
        if mine:
            escaping.use(gradients)
            escaping.mark_updated(reader, variable)
            repeats.assigned(reader, owner, gradients, node)
            for entry in gradients:
                entry.call.applied.add(id(owner))
        else:
            _held(reader, gradients)
            if isinstance(owner, Variable):
                gathered.assigned(reader, owner, gradients)
    if isinstance(owner, Variable):
        owner.assigned = True
        if gradients:
            owner.sign = direction(value) * (-1 if name == "assign_sub" else 1)
        # A variable's new value made of its old one is still the variable's.
        flow = {origin: trails for origin, trails in flow.items() if origin is not owner}
        if flow and name != "assign_sub":
            reader.store.set_field(owner, "holds", (flow, reader.path(node)))
        elif name == "assign" and not flow:
            reader.store.set_field(owner, "holds", None)
    elif isinstance(owner, Layer) and not gradients:
        owner.borrowed, owner.kept = True, False
        statistics.averaged(reader, owner, flow)
    by_hand.assignment(reader, variable, name, value, node)
    if name == "assign_add" and gradients:
        undivided.added(reader, variable, value, gradients, node)
    masks.assigned(reader, variable, name, node, gradients=bool(gradients), fresh=fresh)
    if isinstance(owner, Instance):
        owner.touched = True
    updates.consume_update(reader, value)


def part_assigned(reader: Reader, variable: Variable | Group, value: Value, node: ast.AST) -> None:
    """`buffer[i].assign(value)`: the rest of the variable stays what it was."""
    flow = merge((reader.read(value, node),))
    owner = tapes.owner_of(variable)
    if not isinstance(owner, Variable) or escaping.gradients_in(flow):
        _assigned(reader, variable, "assign", value, node)
        return
    before = owner.holds[0] if owner.holds is not None else NO_FLOW
    added = {origin: trails for origin, trails in flow.items() if origin is not owner}
    owner.assigned = True
    if added:
        reader.store.set_field(owner, "holds", (merge((before, added)), reader.path(node)))


def _held(reader: Reader, gradients: list[GradientOf]) -> None:
    """Gradients kept in other variables: momentum, accumulation.

    Of what the program updates by itself, only a use of those moves anything.
    """
    for entry in gradients:
        owner = tapes.owner_of(entry.source)
        if id(owner) not in reader.facts.new_values:
            escaping.use([entry])
