"""Weights that a network is given under a tape: what made them is out of the tape's sight."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..dependence import Trail
from ..flow import cut, merge
from ..framework import ownership
from ..values import Instance, Layer, Tensor, Value, Variable
from . import terms

if TYPE_CHECKING:
    from ..reader import Reader


def given(reader: Reader, network: Layer | Instance, value: Value | None, node: ast.AST) -> None:
    """`fast.set_weights([w - rate * gradient for ...])`, with weights of another network."""
    held = reader.facts.habits.held_weights
    held.pop(id(network), None)
    flow = reader.read(value, node) if value is not None and reader.active else {}
    own = {id(network), *map(id, ownership.tracked(reader, network, frozen=True))}
    others: dict[object, tuple[Trail, ...]] = {
        thing: trails
        for thing, trails in flow.items()
        if isinstance(thing, Layer | Variable) and id(thing) not in own
    }
    if terms.is_live(reader, others):
        held[id(network)] = network, others, reader.path(node)


def used(reader: Reader, network: Layer | Instance, value: Value) -> Value:
    """What a network computes, with weights that were assigned to it."""
    known = reader.facts.habits.held_weights.get(id(network))
    if known is None or not isinstance(value, Tensor) or not reader.active:
        return value
    _, flow, path = known
    lost = cut(flow, "assign", "set_weights", path, reader.active)
    return replace(value, flow=merge((value.flow, lost)))
