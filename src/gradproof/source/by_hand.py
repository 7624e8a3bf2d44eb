"""Updates by hand: variables that are assigned something made from gradients."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..evidence.loop import HandUpdate, Spot
from ..finding import Span
from . import ownership, rounds, tapes, target_copies
from .joining import flow_of
from .roles import direction
from .values import Asked, GradientOf, Group, Tensor, Value, Variable

if TYPE_CHECKING:
    from .reader import Reader


_ON_PURPOSE = (
    "delta",
    "noise",
    "perturb",
    "adv",
    "image",
    "lambda",
    "lam",
    "dual",
    "multiplier",
    "alpha",
    "latent",
)


def hand_update(
    reader: Reader, variable: Variable | Group, name: str, value: Value, node: ast.AST
) -> None:
    """A variable is assigned something made from a gradient."""
    rounds.updated(reader)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    reader.facts.hand[
        HandUpdate(
            reader.spot(node),
            name,
            ownership.name_of(variable) or reader.spot(node.func.value).text,
            _uphill(reader, variable, name, value),
            _method_name(reader, node.func),
        )
    ] = None


def _method_name(reader: Reader, node: ast.Attribute) -> Spot:
    whole = reader.span(node)
    start = whole.end_column - len(node.attr)
    return Spot(Span(whole.end_line, start, whole.end_line, whole.end_column), node.attr)


def _uphill(reader: Reader, variable: Variable | Group, name: str, value: Value) -> bool:
    if not isinstance(value, Tensor | Variable):
        return False
    if name == "assign" and not (isinstance(value, Tensor) and value.update_of):
        return False
    owner = tapes.owner_of(variable)
    flow = value.holds[0] if isinstance(value, Variable) and value.holds else flow_of(value)
    mine = [
        entry
        for entry in flow
        if isinstance(entry, GradientOf) and tapes.owner_of(entry.source) is owner
    ]
    written = ownership.name_of(variable).lower()
    if owner is None or not mine or any(word in written for word in _ON_PURPOSE):
        return False
    sign = direction(value) * (-1 if name == "assign_sub" else 1)
    return sign > 0 and all(_falls(reader, entry.call) for entry in mine)


def _falls(reader: Reader, asked: Asked) -> bool:
    """Whether the target is a loss that should fall."""
    return asked.target.loss == 1


def assignment(
    reader: Reader, variable: Variable | Group, name: str, value: Value, node: ast.AST
) -> None:
    """Any assignment to a variable."""
    if name == "assign":
        target_copies.mixed_with_itself(reader, node)
