"""Clipped gradients that nobody uses, and variables that stand in a list twice."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..framework import parts, tapes
from ..values import Asked, Function, ListValue, Tensor, Value
from . import habits
from .clip_results import CLIPS, clips_nothing, is_looked_at, thrown_away, unread_factors

if TYPE_CHECKING:
    from ..reader import Reader


@dataclass(eq=False, repr=False)
class Clips:
    """What was clipped, and what was applied.

    `clipped`: calls of clipping, by the gradient call whose result they take; `fresh`: tokens
    of clipped tensors; `raw` and `kept`: gradient calls whose raw or clipped results were
    applied; `turned`: those whose results were applied with the other sign, or nobody knows
    with which; `in_vain`: calls of a function that clips what it is given for itself alone.
    """

    clipped: dict[int, tuple[Asked, ast.AST]] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    raw: dict[int, tuple[Asked, ast.AST]] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    turned: set[int] = field(default_factory=set)
    in_vain: dict[int, tuple[Asked, ast.AST, ast.Assign]] = field(default_factory=dict)


def clipped(reader: Reader, short: str, value: Value | None, result: Value, node: ast.AST) -> None:
    """Gradients are clipped."""
    if short not in CLIPS or value is None or reader.silent:
        return
    clips = reader.facts.clips
    given = [one for one in tapes.entries(value) if isinstance(one, Tensor) and one.gradient]
    for entry in given:
        assert entry.gradient is not None
        clips.clipped[id(entry.gradient.call)] = (entry.gradient.call, node)
    for one in tapes.entries(result):
        if isinstance(one, Tensor):
            clips.fresh |= one.tokens
    if given and short == "clip_by_global_norm" and _is_one_of_many(reader, node):
        habits.remark(reader, "clipped-apart", reader.spot(node), "alone")


def _is_one_of_many(reader: Reader, node: ast.AST) -> bool:
    """`[tf.clip_by_global_norm([g], bound)[0][0] for g in gradients]`, or the same in a loop."""
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if not isinstance(given, ast.List | ast.Tuple) or len(given.elts) != 1:
        return False
    rounds: list[ast.For | ast.comprehension] = []
    for one in reader.around(node):
        rounds += [one] if isinstance(one, ast.For) else getattr(one, "generators", [])
    targets = {ast.unparse(part) for one in rounds for part in ast.walk(one.target)}
    return ast.unparse(given.elts[0]) in targets


def applied(reader: Reader, gradients: Value | None, node: ast.AST) -> None:
    """Gradients reach an optimizer: clipped ones, or those that the tape returned."""
    clips = reader.facts.clips
    for entry in tapes.entries(gradients) if gradients is not None else []:
        if not isinstance(entry, Tensor) or entry.gradient is None:
            continue
        call = entry.gradient.call
        made = entry.made[-1] if entry.made else None
        if entry.sign != 1:
            clips.turned.add(id(call))
        if entry.tokens & clips.fresh or not (made is call.node or _same_values(made)):
            clips.kept.add(id(call))
        else:
            clips.raw[id(call)] = (call, node)


def _same_values(made: ast.AST | None) -> bool:
    """`tf.convert_to_tensor(gradient)`, which makes rows dense."""
    called = ast.unparse(made.func) if isinstance(made, ast.Call) else ""
    return called.rpartition(".")[2] in ("convert_to_tensor", "identity")


def handed(reader: Reader, function: Function, given: dict[str, Value], node: ast.AST) -> None:
    """A function is given gradients, and gives its own name for them to clipped ones in vain."""
    for name, value in given.items():
        items = value.items if isinstance(value, ListValue) else []
        first = items[0] if items else None
        if not isinstance(first, Tensor) or first.gradient is None or reader.silent:
            continue
        dead = _scaled_in_vain(function.node, name)
        if dead is not None:
            call = first.gradient.call
            reader.facts.clips.in_vain[id(call)] = (call, node, dead)


def _scaled_in_vain(function: ast.AST, name: str) -> ast.Assign | None:
    """`grads = [g * factor for g in grads]` in a function that does not read them again."""
    for loop in ast.walk(function):
        if isinstance(loop, ast.For | ast.While | ast.Nonlocal | ast.Global):
            return None
    for one in ast.walk(function):
        made = one.value if isinstance(one, ast.Assign) else None
        if not isinstance(made, ast.ListComp) or len(made.generators) != 1:
            continue
        assert isinstance(one, ast.Assign)
        own = [ast.unparse(target) for target in one.targets] == [name]
        over = ast.unparse(made.generators[0].iter) == name
        product = isinstance(made.elt, ast.BinOp) and isinstance(made.elt.op, ast.Mult | ast.Div)
        if own and over and product and not _is_read_behind(function, name, one):
            return one
    return None


def _is_read_behind(function: ast.AST, name: str, statement: ast.stmt) -> bool:
    end = statement.end_lineno or statement.lineno
    return any(
        isinstance(one, ast.Name)
        and one.id == name
        and isinstance(one.ctx, ast.Load)
        and one.lineno > end
        for one in ast.walk(function)
    )


def repeated(reader: Reader, variables: Value | None, node: ast.Call) -> None:
    """A list of variables that an optimizer is given holds one of them twice."""
    if not isinstance(variables, ListValue) or not variables.exact or reader.silent:
        return
    entries = tapes.entries(variables)
    owners = [tapes.owner_of(entry) for entry in entries]
    known = [owner for owner in owners if owner is not None and tapes.is_known(owner)]
    twice = [tapes.owner_of(entry) for entry in parts.repeated(entries)]
    if twice and len(known) == len(owners):
        where = variables.node if variables.node is not None else node
        if isinstance(where, ast.List) and not where.elts:
            # An empty list that was filled later tells nothing.
            where = node
        names = tapes.names(list(twice))
        others = () if where is node else ((reader.spot(node), "applied twice here"),)
        habits.remark(reader, "duplicate-variable", reader.spot(where), "", names, others)


def finish(reader: Reader) -> None:
    """Clipping whose result went nowhere."""
    clips = reader.facts.clips
    for key, (_, called, dead) in clips.in_vain.items():
        if key in clips.raw and key not in clips.kept:
            others = [
                (reader.spot(dead), "nobody reads these"),
                (reader.spot(clips.raw[key][1]), "applied as they were"),
            ]
            habits.remark(reader, "clipping-dropped", reader.spot(called), "", (), tuple(others))
    for key, (_, node) in clips.raw.items():
        known = key in clips.kept or key in clips.clipped
        unread: ast.expr | None = unread_factors(reader, node) if key not in clips.kept else None
        unread = unread or (None if known else clips_nothing(reader, node))
        if unread is not None:
            others = [(reader.spot(node), "applied as they were")]
            habits.remark(reader, "clipping-dropped", reader.spot(unread), "", (), tuple(others))
    for key, (_, node) in clips.clipped.items():
        if key not in clips.raw or key in clips.kept:
            continue
        lost = thrown_away(reader.home(node).tree, node)
        if lost is None and is_looked_at(reader.home(node).tree, node):
            continue
        others = [(reader.spot(clips.raw[key][1]), "applied as they were")]
        if lost is not None:
            others.insert(0, (reader.spot(node), "clipped here"))
        spot = reader.spot(lost if lost is not None else node)
        habits.remark(reader, "clipping-dropped", spot, "", (), tuple(others))
