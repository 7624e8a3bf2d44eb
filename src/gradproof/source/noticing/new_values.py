"""New values of variables: which get lost, and which are used after all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import DroppedUpdate, GradientCall, Spot
from ..framework import tapes
from ..values import Group, ListValue, Tensor, Value

if TYPE_CHECKING:
    from ..reader import Reader


def dropped_update(
    reader: Reader,
    owners: list[object],
    where: str,
    node: ast.AST,
    target: ast.AST | None,
    value: object,
    container: ListValue | None = None,
) -> None:
    """New values of variables are put where nothing uses them."""
    fact = _dropped(reader, owners, where, node, target, value)
    named = container is not None and not isinstance(getattr(target, "value", None), ast.Attribute)
    if not named:
        reader.facts.dropped[fact] = None
    elif reader.facts.sites.get(id(node), fact) is not None:
        reader.facts.sites[id(node)] = fact
        reader.facts.pending[id(container)] = (container, node)  # type: ignore[assignment]


def new_value(reader: Reader, value: Tensor, node: ast.AST) -> None:
    """A variable and its gradient are added up."""
    if not reader.silent and not reader.active:
        for owner in tapes.owners_of(value.update_of):
            reader.facts.new_values.setdefault(id(owner), node)


def explained(reader: Reader, calls: tuple[GradientCall, ...]) -> tuple[GradientCall, ...]:
    """Tells gradients that nothing uses from new values that nothing gets."""
    rebound = {
        lost.at
        for call in calls
        for c in call.connections
        if (lost := c.lost) and lost.kind == "rebound"
    }
    told = {name for fact in reader.facts.dropped for name in fact.variables}
    places = _sites(reader)
    result = []
    for call in calls:
        sites = dict.fromkeys(places.get(call.at, ()))
        if call.unmoved and (sites or told.intersection(call.unmoved)):
            if not told.intersection(call.unmoved) and not rebound:
                for node in sites:
                    reader.facts.dropped[DroppedUpdate(reader.spot(node), call.unmoved, "list")] = (
                        None
                    )
            call = call._replace(unmoved=())
        result.append(call)
    return tuple(result)


def _sites(reader: Reader) -> dict[Spot, list[ast.AST]]:
    """Where new values of the sources of each gradient call are computed."""
    found: dict[Spot, list[ast.AST]] = {}
    for question in reader.facts.asked if reader.facts.new_values else ():
        at = found.setdefault(reader.spot(question.asked.node), [])
        for source in tapes.entries(question.asked.sources):
            owner = tapes.owner_of(source)
            if owner is not None and id(owner) in reader.facts.new_values:
                at.append(reader.facts.new_values[id(owner)])
    return found


def _dropped(
    reader: Reader,
    owners: list[object],
    where: str,
    node: ast.AST,
    target: ast.AST | None,
    value: object,
) -> DroppedUpdate:
    spot = reader.spot
    return DroppedUpdate(
        spot(node),
        tapes.names([owner.owner if isinstance(owner, Group) else owner for owner in owners]),
        where,
        spot(target) if target is not None else None,
        spot(value) if isinstance(value, ast.AST) else None,
    )


def pend(
    reader: Reader, value: Value, owners: list[object], where: str, node: ast.AST, target: ast.AST
) -> None:
    """New values get a name: dropped, unless the name is read."""
    if reader.silent:
        return
    if id(node) in reader.facts.sites and reader.facts.sites[id(node)] is None:
        return
    reader.facts.sites[id(node)] = _dropped(
        reader, owners, where, node, target, getattr(node, "value", None)
    )
    reader.facts.pending[id(value)] = (value, node)


def read_pending(reader: Reader, value: Value) -> None:
    """A name is read: its value was used after all."""
    found = reader.facts.pending.pop(id(value), None)
    if found is not None:
        reader.facts.sites[id(found[1])] = None
