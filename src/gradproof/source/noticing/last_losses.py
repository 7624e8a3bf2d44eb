"""Losses that each round of a loop under a tape gives anew, of which the tape gets the last."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..python.methods import names_read, names_stored
from ..values import Asked, Value
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader

_KEEPS = frozenset(
    "append extend insert add update setdefault write push put assign assign_add assign_sub "
    "update_state add_loss apply apply_gradients gradient minimize fit set_weights".split()
)
"""Calls that leave something of a round behind."""
_LEAVES = (ast.Break, ast.Continue, ast.Return, ast.Yield, ast.YieldFrom, ast.Await)


def asked(reader: Reader, one: Asked) -> None:
    """`for i in range(n): loss = f(x[i])`, and then the gradient of `loss`."""
    target = one.node.args[0] if one.node.args else None
    if not isinstance(target, ast.Name):
        return
    for loop in _loops(reader, one):
        given = _given(loop, target.id)
        if given is None or not _turns(reader, loop) or not _is_forgotten(loop):
            continue
        if _is_set_again(reader, one, loop, target.id):
            continue
        others = ((reader.spot(loop.iter), "in each round of this loop"),)
        remark(reader, "wrong-accumulation", reader.spot(given), "overwritten", (), others)


def looped(reader: Reader, node: ast.For, value: Value) -> None:
    """A loop runs over data; of some it is known that they have more than one batch."""
    if reader.facts.batches.several.get(id(value)) is value:
        reader.facts.batches.turning.add(id(node))


def _loops(reader: Reader, one: Asked) -> Iterator[ast.For]:
    """Loops that stand as they are in the block of the tape, and do not hold the question."""
    opened = [part for part in reader.around(one.tape.node) if isinstance(part, ast.With)]
    for part in opened[-1].body if opened else ():
        if isinstance(part, ast.For) and not any(inner is one.node for inner in ast.walk(part)):
            yield part


def _turns(reader: Reader, loop: ast.For) -> bool:
    """Says whether there is more than one round."""
    made = loop.iter
    counted = isinstance(made, ast.Call) and getattr(made.func, "id", "") == "range"
    few = counted and any(isinstance(one, ast.Constant) and one.value == 1 for one in made.args[:1])  # type: ignore[attr-defined]
    known = reader.facts.turning | reader.facts.batches.turning
    return id(loop) in known or (counted and not few)


def _given(loop: ast.For, name: str) -> ast.Assign | None:
    """The statement of each round that gives the loss, of what the round is about."""
    turns = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
    read = names_read(*loop.body)
    taken = "next" in read
    for part in loop.body:
        targets = part.targets if isinstance(part, ast.Assign) else []
        if any(isinstance(one, ast.Name) and one.id == name for one in targets) and (
            taken or turns & read
        ):
            return part  # type: ignore[return-value]
    return None


def _is_forgotten(loop: ast.For) -> bool:
    """Says whether a round leaves nothing to the next one, but the names that it binds anew."""
    bound = names_stored(*loop.body)
    there: set[str] = set()
    for part in loop.body:
        if not isinstance(part, ast.Assign | ast.Expr) or _keeps(part):
            return False
        if names_read(part) & bound - there:
            return False  # What the round before gave goes on: a state, a sum.
        there |= names_stored(part)
    return not loop.orelse


def _keeps(part: ast.stmt) -> bool:
    for one in ast.walk(part):
        if isinstance(one, _LEAVES):
            return True
        if isinstance(one, ast.Attribute | ast.Subscript) and isinstance(one.ctx, ast.Store):
            return True
        called = one.func if isinstance(one, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in _KEEPS:
            return True
    return False


def _is_set_again(reader: Reader, one: Asked, loop: ast.For, name: str) -> bool:
    """Another statement gives the name something between the loop and the question."""
    end, until = loop.end_lineno or loop.lineno, one.node.lineno
    around = [part for part in reader.around(loop) if isinstance(part, ast.FunctionDef)]
    whole = around[-1] if around else reader.home(loop).tree
    return any(
        isinstance(part, ast.Name)
        and part.id == name
        and isinstance(part.ctx, ast.Store)
        and end < part.lineno <= until
        for part in ast.walk(whole)
    )
