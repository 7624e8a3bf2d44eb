"""Counts of an optimizer that run faster than the steps, while its rate follows a schedule."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import Instance, Library, Optimizer, Other
from . import habits
from .rounds import Applied, of, same_owners

if TYPE_CHECKING:
    from ..reader import Reader


def is_scheduled(optimizer: Optimizer) -> bool:
    """Says whether the learning rate follows a schedule."""
    rate = optimizer.arguments.get("learning_rate")
    if isinstance(rate, Other):
        return rate.kind == "schedule"
    return isinstance(rate, Instance) and any(
        isinstance(base, Library) and base.name.endswith("LearningRateSchedule")
        for base in rate.of.bases
    )


def _pair_by_pair(reader: Reader, node: ast.Call) -> bool:
    """Says whether a loop over pairs hands each to a call of its own."""
    given = node.args[0] if node.args else None
    if not isinstance(given, ast.List | ast.Tuple) or len(given.elts) != 1:
        return False
    names = {one.id for one in ast.walk(given) if isinstance(one, ast.Name)}
    return any(
        isinstance(loop, ast.For)
        and isinstance(loop.target, ast.Tuple)
        and names <= {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
        for loop in reader.around(node)
    )


def _next_part(last: Applied, one: Applied) -> bool:
    """`for layer in layers: optimizer.apply_gradients(...)`: other variables in each round."""
    known, mine = ({id(owner) for owner in each.owners} for each in (last, one))
    return (
        last.node is one.node
        and last.loops == one.loops
        and bool(one.loops)
        and isinstance(one.loops[-1][0], ast.For)
        and not last.guarded
        and bool(known - mine)
        and bool(mine - known)
    )


def _next_loss(last: Applied, one: Applied) -> bool:
    """Says whether one tape, of one forward pass, is asked for another loss's gradients."""
    before, now = last.asked, one.asked
    return (
        before is not None
        and now is not None
        and before.tape is now.tape
        and before.target.tokens != now.target.tokens
        and last.loops == one.loops
        and (
            last.node is not one.node or (bool(one.loops) and isinstance(one.loops[-1][0], ast.For))
        )
        and not last.guarded
    )


def applied(reader: Reader, one: Applied) -> None:
    """Two lists take turns with one optimizer that follows a schedule."""
    if not is_scheduled(one.optimizer) or one.guarded:
        return
    if _pair_by_pair(reader, one.node):
        _too_fast(reader, one, one.node)
        return
    mine = [other for other in of(reader).applied if other.optimizer is one.optimizer]
    if mine and _next_loss(mine[-1], one) and mine[-1].node is not one.node:
        _too_fast(reader, one, one.node, mine[-1].node, "counts one step")
        return
    if mine and (_next_part(mine[-1], one) or _next_loss(mine[-1], one)):
        _too_fast(reader, one, one.node, one.loops[-1][0].iter, "once for each of these")  # type: ignore[attr-defined]
    if len(mine) < 2:
        return
    first, second = mine[-2:]
    between = {id(owner) for owner in second.owners} & {id(owner) for owner in one.owners}
    if (
        same_owners(first, one)
        and (not between or _apart(second, one))
        and not first.guarded
        and not second.guarded
        and first.loops == second.loops == one.loops
        and first.node is not second.node
    ):
        later = max(first.node, second.node, key=lambda node: (node.lineno, node.col_offset))
        earlier = second.node if later is first.node else first.node
        _too_fast(reader, one, later, earlier, "counts one step")


def _too_fast(
    reader: Reader, one: Applied, node: ast.Call, other: ast.AST | None = None, does: str = ""
) -> None:
    """An optimizer's count runs faster than the steps, unless its schedule is as much longer."""
    topic, spot = "iterations-counter-off", reader.spot(node)
    others = () if other is None else ((reader.spot(other), does),)
    if _made_longer(one.optimizer):
        for where in (spot, *(place for place, _ in others)):
            reader.facts.meant[topic, where] = None
        return
    name = reader.spot(node.func.value).text if isinstance(node.func, ast.Attribute) else ""
    habits.remark(reader, topic, spot, name, (), others)


def _made_longer(optimizer: Optimizer) -> bool:
    """`CosineDecay(rate, 2 * steps)`, for two calls a step."""
    schedule = optimizer.arguments.get("learning_rate")
    node = schedule.node if isinstance(schedule, Other) else None
    products = (
        part
        for part in (ast.walk(node) if node is not None else ())
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)
    )
    return any(
        isinstance(side, ast.Constant) and side.value == 2
        for product in products
        for side in (product.left, product.right)
    )


def _apart(left: Applied, right: Applied) -> bool:
    """Says whether two calls are given parts of one list that have nothing in common."""
    if left.part is None or right.part is None:
        return False
    (low, high), (after, end) = left.part, right.part
    return (high is not None and after == high) or (end is not None and low == end)
