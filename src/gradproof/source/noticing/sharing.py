"""Optimizers that two networks share, and variables whose only way is stopped."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from ...evidence.loop import Spot
from ..framework import api, ownership, tapes
from ..python.methods import name_of
from ..values import Layer, Optimizer, Value, Variable
from . import habits
from .rounds import Applied

if TYPE_CHECKING:
    from ..reader import Reader


def lent(reader: Reader, values: list[Value], node: ast.AST) -> None:
    """Every key of a dict is given one optimizer: `dict.fromkeys(networks, optimizer)`."""
    first = values[0] if values else None
    if isinstance(first, Optimizer) and all(one is first for one in values) and not reader.silent:
        reader.facts.lent.setdefault(id(first), (first, node))


def finish(reader: Reader) -> None:
    """What only the whole file can tell."""
    _lent(reader)
    _shared(reader)
    _stopped(reader)


# One optimizer, two networks


def _shared(reader: Reader) -> None:
    """One optimizer takes turns with two lists, while another one stands by or lends its name."""
    applied = reader.facts.rounds.applied
    used = {id(one.optimizer) for one in applied} | reader.facts.rounds.compiled
    idle = [
        optimizer
        for optimizer in reader.facts.optimizers
        if id(optimizer) not in used and not optimizer.used
    ]
    told: set[int] = set()
    for first, second in pairwise(applied):
        optimizer = second.optimizer
        if first.optimizer is not optimizer or id(optimizer) in told or not _apart(first, second):
            continue
        two_names = _receiver(first.node) != _receiver(second.node)
        standing_by = idle and not reader.facts.untold_apply and not first.speculative
        if standing_by and optimizer.built:
            # Built for both on purpose, unless the other one is named after one of them.
            meant = [one for one in idle if _is_named_after(reader, one.node, (first, second))]
            standing_by = bool(meant)
            idle = meant or idle
        if not two_names and not standing_by:
            continue
        told.add(id(optimizer))
        other = "two names" if two_names else "one stands by"
        others = [(reader.spot(first.node), "for one network")]
        if not two_names:
            others.append((reader.spot(idle[0].node), "made, and never used"))
        names = tapes.names(list(second.owners))
        spot = reader.spot(second.node)
        habits.remark(reader, "shared-optimizer", spot, other, names, tuple(others))


def _lent(reader: Reader) -> None:
    """What is one optimizer for every key moves the variables of two of them."""
    for optimizer, node in reader.facts.lent.values():
        applied = [one for one in reader.facts.rounds.applied if one.optimizer is optimizer]
        if optimizer.built:
            continue  # for both, on purpose
        for first, second in pairwise(applied):
            if not {id(owner) for owner in first.owners} & {id(owner) for owner in second.owners}:
                others = ((reader.spot(second.node), "the same optimizer for each"),)
                names = tapes.names(list(second.owners))
                habits.remark(reader, "shared-optimizer", reader.spot(node), "lent", names, others)
                break


def _apart(first: Applied, second: Applied) -> bool:
    """Says whether two calls in one step move two networks."""
    return (
        first.loops == second.loops
        and first.function is second.function
        and first.node is not second.node
        and not first.guarded
        and not second.guarded
        and not {id(owner) for owner in first.owners} & {id(owner) for owner in second.owners}
    )


def _is_named_after(reader: Reader, made: ast.AST, calls: tuple[Applied, ...]) -> bool:
    """Says whether `critic_optimizer` was made and `critic.trainable_variables` are applied."""
    names = [
        ast.unparse(target).removeprefix("self.")
        for statement in ast.walk(reader.source.tree)
        if isinstance(statement, ast.Assign) and statement.value is made
        for target in statement.targets
    ]
    networks = {
        ast.unparse(node.value).removeprefix("self.")
        for one in calls
        for node in ast.walk(one.node)
        if isinstance(node, ast.Attribute) and node.attr in api.COLLECTIONS
    }
    return any(name.startswith(f"{network}_opt") for name in names for network in networks)


def _receiver(node: ast.Call) -> str:
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    plain = isinstance(receiver, ast.Name | ast.Attribute)
    return ast.unparse(receiver).removeprefix("self.") if plain else ""


# Stopped on the only way


def _stopped(reader: Reader) -> None:
    """Variables that an optimizer is given, behind a `stop_gradient`."""
    questions = reader.facts.asked
    live = {id(owner) for one in questions for owner, found in one.found if found.live}
    for question in questions:
        behind: dict[Spot, tuple[object, ...]] = {}
        helpers: dict[Spot, tuple[tuple[Spot, str], ...]] = {}
        for owner, found in question.found:
            lost = found.lost
            if lost is None or lost.kind != "stopped" or id(owner) in live:
                continue
            if id(owner) in question.asked.applied and isinstance(owner, Layer | Variable):
                at = lost.at
                if lost.caller is not None and _only_stops(reader.source.tree, at):
                    helpers[lost.caller] = ((at, "stops what it is given"),)
                    at = lost.caller
                decorator = _decorator_around(reader, at)
                if decorator is not None:
                    helpers[decorator] = ((at, "stops what the function gives"),)
                    at = decorator
                behind[at] = (*behind.get(at, ()), owner)
        for at, owners in behind.items():
            names = tuple(name for name in map(ownership.name_of, owners) if name)
            others = (*helpers.get(at, ()), (reader.spot(question.asked.node), "asked for here"))
            habits.remark(reader, "stopped-gradient", at, "", names, others)


def _decorator_around(reader: Reader, at: Spot) -> Spot | None:
    """Where a decorator is put to use that holds a place, if it decorates one function alone."""
    functions = [one for one in reader.source.nodes if isinstance(one, ast.FunctionDef)]
    around = {one.name for one in functions if one.lineno < at.span.line <= (one.end_lineno or 0)}
    uses = [
        decorator
        for one in functions
        for decorator in one.decorator_list
        if name_of(decorator) in around
    ]
    return reader.spot(uses[0]) if len(uses) == 1 and not at.path else None


def _only_stops(tree: ast.AST, at: Spot) -> bool:
    """Says whether a place is in a function that does nothing else, such as a `detach`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        if not node.lineno <= at.span.line <= (node.end_lineno or 0):
            continue
        body = node.body if isinstance(node.body, list) else [ast.Return(node.body)]
        last = body[-1]
        told = all(isinstance(one, ast.Expr) for one in body[:-1])  # a docstring
        if told and isinstance(last, ast.Return) and last.value is not None and _stops(last.value):
            return True
    return False


def _stops(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List):
        return bool(node.elts) and all(map(_stops, node.elts))
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return _stops(node.elt)
    if not isinstance(node, ast.Call):
        return False
    # What computes first, such as the `call` of a layer, is no helper.
    computes = any(isinstance(part, ast.Call) for one in node.args for part in ast.walk(one))
    named = getattr(node.func, "attr", ""), getattr(node.func, "id", "")
    return "stop_gradient" in named and not computes


__all__ = ["finish"]
