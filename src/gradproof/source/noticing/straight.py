"""Straight-through forms: a sum with the value of one part and the gradient of another."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..dependence import Flow
from ..flow import cut, merge, recut
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader


def form(reader: Reader, node: ast.BinOp, left: Flow, right: Flow) -> Flow:
    """What a sum at `node` depends on, if it is a straight-through form that is not right."""
    flow = merge((left, right))
    added = _added_to_a_stopped_rest(node)
    if added is not None:
        if not _made_hard(*((left, right) if added is node.left else (right, left))):
            return flow
        remark(reader, "wrong-custom-gradient", reader.spot(node), "swapped")
        return recut(flow, ("nondifferentiable", "stopped"), "residual", reader.path(node))
    if _stops_meet(node) and (_made_hard(left, right) or _made_hard(right, left)):
        return recut(flow, ("nondifferentiable", "stopped"), "residual", reader.path(node))
    if _cancels(node) or (_takes_off_again(node) and _is_hard(left, right)):
        return cut(flow, "cancelled", "", reader.path(node), reader.active)
    return flow


def _made_hard(added: Flow, stopped: Flow) -> bool:
    """Says whether what is added was made of what is stopped, and no gradient leads back.

    The sum has the soft value then: it is turned around, wherever else the soft value is used.
    What has lost its gradient before either was made tells nothing.
    """
    return any(
        any(trail.cut and trail.cut.kind == "stopped" for trail in stopped.get(origin, ()))
        and all(trail.cut for trail in trails)
        and any(trail.cut and trail.cut.kind == "nondifferentiable" for trail in trails)
        for origin, trails in added.items()
    )


def _added_to_a_stopped_rest(node: ast.BinOp) -> ast.expr | None:
    """The hard part where `hard + tf.stop_gradient(soft - hard)` stands.

    The straight-through form is the other way round: it adds the stopped part to what has a
    gradient. Where the added part has one, nothing is cut, and nothing is lost.
    """
    if not isinstance(node.op, ast.Add):
        return None
    for added, other in ((node.left, node.right), (node.right, node.left)):
        stops = isinstance(other, ast.Call) and "stop_gradient" in (
            getattr(other.func, "attr", ""),
            getattr(other.func, "id", ""),
        )
        part = other.args[0] if isinstance(other, ast.Call) and stops and other.args else None
        rest = part.right if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub) else None
        if rest is not None and ast.unparse(rest) == ast.unparse(added):
            return added
    return None


def _cancels(node: ast.BinOp) -> bool:
    """Says whether `soft + tf.stop_gradient(hard) - soft` stands there: both slopes of it meet."""
    counts, stopped = _counted(node)
    left = {text for text, count in counts.items() if count}
    return len(counts) == 2 and len(left) == 1 and left == stopped and counts[left.pop()] == 1


def _takes_off_again(node: ast.BinOp) -> bool:
    """Says whether `soft + (hard - soft)` stands there: without a stop it is the hard part."""
    counts, stopped = _counted(node)
    return not stopped and sorted(counts.values()) == [0, 1]


def _is_hard(*sides: Flow) -> bool:
    """Says whether no gradient leads back through a part of this sum."""
    trails = [trail for side in sides for found in side.values() for trail in found]
    return any(trail.cut and trail.cut.kind == "nondifferentiable" for trail in trails)


def _stops_meet(node: ast.BinOp) -> bool:
    """Says whether `tf.stop_gradient(soft) + (hard - tf.stop_gradient(soft))` stands there.

    What is stopped adds up to nothing, and the hard part is left with its own gradient.
    """
    counts, stopped = _counted(node)
    left = [count for text, count in counts.items() if text not in stopped]
    return len(stopped) == 1 and left == [1] and not any(counts[text] for text in stopped)


def _counted(node: ast.BinOp) -> tuple[dict[str, int], set[str]]:
    """How often each term of a sum stands there, less how often it is taken off; those stopped."""
    counts: dict[str, int] = {}
    stopped: set[str] = set()
    waiting: list[tuple[ast.expr, int]] = [(node, 1)]
    while waiting:
        term, sign = waiting.pop()
        if isinstance(term, ast.BinOp) and isinstance(term.op, ast.Add | ast.Sub):
            turned = -sign if isinstance(term.op, ast.Sub) else sign
            waiting += [(term.left, sign), (term.right, turned)]
            continue
        called = term.func if isinstance(term, ast.Call) else None
        text = ast.unparse(term)
        if "stop_gradient" in (getattr(called, "attr", ""), getattr(called, "id", "")):
            stopped.add(text)
        counts[text] = counts.get(text, 0) + sign
    return counts, stopped
