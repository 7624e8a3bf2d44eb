"""Gradients that each round of a loop takes, of which an optimizer gets the last ones alone."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import tapes
from ..values import Asked, Tensor, Value
from .habits import remark
from .rounds import Applied, of

if TYPE_CHECKING:
    from ..reader import Reader


def applied(reader: Reader, one: Applied, gradients: Value | None) -> None:
    """An optimizer is given gradients behind the loop that took them, round by round."""
    if one.asked is None or one.speculative or gradients is None:
        return
    if not all(_is_of(entry, one.asked) for entry in tapes.entries(gradients)):
        return
    rounds = of(reader)
    then = rounds.asked.get(id(one.asked), (None, ()))[1]
    loop = then[-1][0] if then else None
    if then[:-1] != one.loops or not isinstance(loop, ast.For) or _leaves(loop):
        return
    earlier = [
        asked
        for asked, loops in rounds.asked.values()
        if asked.node is one.asked.node and asked is not one.asked and loops == then
    ]
    if earlier:
        here = any(part is one.asked.node for part in ast.walk(loop))
        # A tape in another function did its part: what is wrong stands behind the loop.
        place = _kept_by(reader, loop) or (one.asked.node if here else one.node)
        rounds.last.append((one, earlier, place))


def _is_of(entry: Value, asked: Asked) -> bool:
    return isinstance(entry, Tensor) and entry.gradient is not None and entry.gradient.call is asked


def _leaves(loop: ast.For) -> bool:
    """The rounds may be attempts, of which the last one counts."""
    return any(isinstance(one, ast.Break | ast.Continue | ast.Return) for one in ast.walk(loop))


def _kept_by(reader: Reader, loop: ast.For) -> ast.Assign | None:
    """`total = gradients`: the last line of a loop that gives a name to what is read behind it."""
    around = [one for one in reader.around(loop) if isinstance(one, ast.FunctionDef | ast.Module)]
    read = {
        one.id
        for one in (ast.walk(around[-1]) if around else ())
        if isinstance(one, ast.Name)
        and isinstance(one.ctx, ast.Load)
        and one.lineno > (loop.end_lineno or 0)
    }
    found = [
        one
        for one in ast.walk(loop)
        if isinstance(one, ast.Assign)
        and _hands_on(one.value)
        and any(isinstance(target, ast.Name) and target.id in read for target in one.targets)
    ]
    return max(found, key=lambda one: one.lineno, default=None)


def _hands_on(value: ast.expr) -> bool:
    called = value.func if isinstance(value, ast.Call) else None
    copied = isinstance(called, ast.Name) and called.id in ("list", "tuple")
    return copied or isinstance(value, ast.Name | ast.ListComp)


def finish(reader: Reader) -> None:
    """Nothing in the whole file took the gradients of the other rounds."""
    for one, earlier, place in of(reader).last:
        if one.asked is None or any(ask.used or ask.applied or ask.escaped for ask in earlier):
            continue
        names = tapes.names([owner for owner in one.owners if owner is not None])
        ends = ((one.asked.node, "taken here"), (one.node, "applied here"))
        others = tuple((reader.spot(node), words) for node, words in ends if node is not place)
        remark(reader, "wrong-accumulation", reader.spot(place), "rounds", names, others)
