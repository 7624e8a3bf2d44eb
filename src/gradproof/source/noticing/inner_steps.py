"""Inner steps of meta-learning that are assigned to the variables themselves."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import escaping
from ..framework import tapes
from ..framework.roles import direction
from ..joining import flow_of
from ..values import Asked, GradientOf, Group, ListValue, Value, Variable
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


@dataclass(eq=False, repr=False)
class InnerStep:
    """A variable was moved along a gradient while other tapes recorded.

    Attributes:
        node: The assignment.
        under: Tapes that recorded.
        read_by: Tapes that recorded how the new value was read.
    """

    node: ast.AST
    under: frozenset[int]
    read_by: frozenset[int] = frozenset()


def assigned(
    reader: Reader, variable: Variable | Group, name: str, value: Value, node: ast.AST
) -> None:
    """A variable goes down its own gradient by hand."""
    turned = -1 if name == "assign_sub" else 1
    if direction(value) * turned < 0:
        _note(reader, tapes.owner_of(variable), escaping.gradients_in(flow_of(value)), node)


def applied(
    reader: Reader, gradients: Value | None, variables: Value | None, node: ast.AST
) -> None:
    """An optimizer moves variables."""
    if reader.active and gradients is not None and isinstance(variables, ListValue):
        entries = escaping.gradients_in(flow_of(gradients))
        for variable in tapes.entries(variables):
            _note(reader, tapes.owner_of(variable), entries, node)


def _note(reader: Reader, owner: object, entries: list[GradientOf], node: ast.AST) -> None:
    mine = [one.call.tape for one in entries if tapes.owner_of(one.source) is owner]
    if owner is None or not mine or not reader.active or reader.silent:
        return
    if mine[0].number in reader.active:
        # Steps of two losses in turn, of which all tapes are open at once.
        return
    steps = reader.facts.inner_steps
    steps[id(owner)] = InnerStep(node, reader.active)


def asked(reader: Reader, asked: Asked) -> None:
    """The outer tape is asked, and what it recorded goes through the new values."""
    flow, number = reader.facts.target_flow(asked.target), asked.tape.number
    for source in tapes.entries(asked.sources):
        owner = tapes.owner_of(source)
        step = reader.facts.inner_steps.get(id(owner))
        if step is None or number not in step.under & step.read_by:
            continue
        if any(number in trail.tapes for trail in flow.get(owner, ())):
            others = ((reader.spot(asked.node), "the outer gradients are taken here"),)
            spot = reader.spot(step.node)
            habits.remark(reader, "assign-on-loss-path", spot, "inner", (), others)
