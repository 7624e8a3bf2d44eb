"""New arrays put into the list that `get_weights` gave, which nobody reads afterwards."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import DroppedUpdate
from ..framework import ownership
from ..values import Instance, Layer, ListValue, Value

if TYPE_CHECKING:
    from ..reader import Reader

_LOOPS = ast.For | ast.While
_LOOKS = frozenset({"len", "zip", "enumerate"})
"""Calls that read a list entry by entry, and do not keep it."""


def written(reader: Reader, container: Value, target: ast.Subscript, node: ast.AST) -> None:
    """`weights[i] = value`, in a list that `network.get_weights()` gave."""
    if not isinstance(container, ListValue) or container.which != "values" or reader.silent:
        return
    owner, function = container.owner, reader.frame.function
    if not isinstance(owner, Layer | Instance) or not isinstance(target.value, ast.Name):
        return
    body = function.node if function is not None else reader.home(node).tree
    if _is_lost(reader, body, target.value):
        name = ownership.name_of(owner)
        names = (name,) if name else ()
        fact = DroppedUpdate(reader.spot(node), names, "unread", reader.spot(node))
        reader.facts.dropped[fact] = None


def finish(reader: Reader) -> None:
    """`new = [b + rate * (a - b) for b, a in zip(before, after)]` of weights, which nobody sets."""
    for body in ast.walk(reader.source.tree):
        if not isinstance(body, ast.FunctionDef):
            continue
        taken = _taken(body)
        for made in ast.walk(body) if taken else ():
            if _is_mixed(made, taken) and _is_unread(reader, body, made):  # type: ignore[arg-type]
                spot = reader.spot(made)
                reader.facts.dropped[DroppedUpdate(spot, (), "unset", spot)] = None
            elif isinstance(made, ast.For) and (moved := _moved_by_name(made, taken)) is not None:
                spot = reader.spot(moved)
                reader.facts.dropped[DroppedUpdate(spot, (), "entry", spot)] = None


def _moved_by_name(loop: ast.For, taken: set[str]) -> ast.Assign | None:
    """`for w, new in zip(weights, after): w = w + rate * (new - w)`, and `w` is no more read."""
    over = loop.iter.args if isinstance(loop.iter, ast.Call) else [loop.iter]
    entries = {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
    if not any(isinstance(one, ast.Name) and one.id in taken for one in over):
        return None
    for made in loop.body:
        target = made.targets[0] if isinstance(made, ast.Assign) else None
        if not isinstance(target, ast.Name) or target.id not in entries:
            continue
        uses = [one for one in ast.walk(loop) if isinstance(one, ast.Name) and one.id == target.id]
        later = any(_starts(one) > _ends(made) for one in uses)
        own = any(one in uses for one in ast.walk(made.value))  # type: ignore[attr-defined]
        if own and not later and isinstance(made.value, ast.BinOp):  # type: ignore[attr-defined]
            return made  # type: ignore[return-value]
    return None


def _taken(body: ast.AST) -> set[str]:
    """Names that `get_weights` of something was given."""
    return {
        target.id
        for one in ast.walk(body)
        if isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Call)
        and getattr(one.value.func, "attr", "") == "get_weights"
        for target in one.targets
        if isinstance(target, ast.Name)
    }


def _is_mixed(made: ast.AST, taken: set[str]) -> bool:
    """`name = [a + b for ... in zip(weights, ...)]`: what a network could be given."""
    value = made.value if isinstance(made, ast.Assign) else None
    if not isinstance(value, ast.ListComp) or not isinstance(value.elt, ast.BinOp):
        return False
    named = len(made.targets) == 1 and isinstance(made.targets[0], ast.Name)  # type: ignore[attr-defined]
    over = {one.id for one in ast.walk(value.generators[0].iter) if isinstance(one, ast.Name)}
    # A difference alone is a step, which a log may well have.
    blend = sum(isinstance(one, ast.BinOp) for one in ast.walk(value.elt)) > 1
    return named and blend and bool(over & taken)


def _is_unread(reader: Reader, body: ast.AST, made: ast.Assign) -> bool:
    (target,) = made.targets
    assert isinstance(target, ast.Name)
    if _is_shared(body, target.id):
        return False
    loops = [one for one in reader.around(made) if isinstance(one, _LOOPS)]
    again = {part for one in loops for part in ast.walk(one)} - set(ast.walk(made))
    return not any(
        isinstance(use, ast.Name)
        and use.id == target.id
        and isinstance(use.ctx, ast.Load)
        and (_starts(use) > _ends(made) or use in again)
        for use in ast.walk(body)
    )


def _is_lost(reader: Reader, body: ast.AST, stored: ast.Name) -> bool:
    """Nothing in a function, or in a file, reads a list after this entry of it was written."""
    binding = _binding(body, stored)
    if binding is None or _is_shared(body, stored.id):
        return False
    around_it = reader.around(stored)
    if body not in around_it:
        return False
    path = [one for one in around_it[around_it.index(body) + 1 :] if isinstance(one, ast.stmt)]
    loops = [one for one in path if isinstance(one, _LOOPS)]
    filling = [one for one in loops if binding not in ast.walk(one)]
    around = {part for one in loops if one not in filling for part in ast.walk(one)}
    whole = filling[0] if filling else path[-1]
    for use in ast.walk(body):
        if not isinstance(use, ast.Name) or use.id != stored.id or use is stored:
            continue
        at = _starts(use)
        if isinstance(use.ctx, ast.Load) and (
            at > _ends(whole)
            or (at < _starts(binding) and use in around)
            or (at > _starts(whole) and not _looks(reader, use))
            or (at > _ends(binding) and not _looks(reader, use, "set_weights"))
        ):
            return False
    return True


def _binding(body: ast.AST, stored: ast.Name) -> ast.Assign | None:
    """`weights = network.get_weights()`, if that is what the name stood for."""
    found = [
        one
        for one in ast.walk(body)
        if isinstance(one, ast.Assign)
        and _ends(one) < _starts(stored)
        and any(isinstance(part, ast.Name) and part.id == stored.id for part in one.targets)
    ]
    last = max(found, key=_starts, default=None)
    call = last.value if last is not None else None
    given = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return last if given and call.func.attr == "get_weights" else None  # type: ignore[union-attr]


def _looks(reader: Reader, use: ast.Name, *calls: str) -> bool:
    """A list is read here, entry by entry or by a call that does not keep it."""
    parent = reader.around(use)[-2]
    if isinstance(parent, ast.Subscript):
        return parent.value is use
    if not isinstance(parent, ast.Call) or use not in parent.args:
        return False
    called = parent.func
    return getattr(called, "attr", getattr(called, "id", "")) in _LOOKS.union(calls)


def _is_shared(body: ast.AST, name: str) -> bool:
    """Another function knows the name, too."""
    return any(
        (isinstance(one, ast.Global | ast.Nonlocal) and name in one.names)
        or (
            isinstance(one, ast.FunctionDef | ast.Lambda)
            and one is not body
            and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(one))
        )
        for one in ast.walk(body)
    )


def _starts(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _ends(node: ast.AST) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0  # type: ignore[attr-defined]
