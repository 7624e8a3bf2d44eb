"""Updates that settings of the program switch off, or that wait for a count that stands still."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.methods import name_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_UPDATES = frozenset({"apply_gradients", "apply", "minimize", "assign_sub", "assign_add", "assign"})
_APPLIES = frozenset({"apply_gradients", "apply", "minimize"})


def met(reader: Reader, node: ast.If, told: bool | None) -> None:
    """`if settings["rate"] > 0: optimizer.apply_gradients(...)`, and the rate is 0.

    With an `else` it is a choice between two ways, and none is switched off. What waits for a
    count, `if step % 4 == 0`, was to happen.
    """
    off, waiting = reader.facts.habits.switched_off, reader.facts.habits.waiting
    off.discard(id(node))
    if told is not False or node.orelse:
        waiting[id(node)] = None
    elif any(isinstance(one, ast.Mod) for one in ast.walk(node.test)):
        waiting.setdefault(id(node), node)
    elif _updates(node, _UPDATES):
        off.add(id(node))


def finish(reader: Reader) -> None:
    """`if (self.count + 1) % 4 == 0:` around an update, and nothing ever counts."""
    for branch in reader.facts.habits.waiting.values():
        if branch is None or not _updates(branch, _APPLIES):
            continue
        counts = [one for one in map(_counter, ast.walk(branch.test)) if one]
        if counts and all(_stands_still(reader, one) for one in counts):
            words = f"`{ast.unparse(branch.test)}` is never true, since nothing counts:"
            spot = reader.spot(branch.test)
            habits.remark(reader, "gradients-never-applied", spot, words, ("never due",))


def _counter(node: ast.AST) -> str:
    """What is divided in `(self.count + 1) % 4`."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mod):
        return ""
    named = [one for one in ast.walk(node.left) if isinstance(one, ast.Name | ast.Attribute)]
    return name_of(named[0]) if named else ""


def _stands_still(reader: Reader, name: str) -> bool:
    """The whole program gives it a value in one place, which adds nothing to it."""
    stores = [
        (one, source)
        for source in reader.sources
        for one in ast.walk(source.tree)
        if name_of(one) == name and isinstance(getattr(one, "ctx", None), ast.Store)
    ]
    counting = (
        part
        for _, source in stores[:1]
        for one in ast.walk(source.tree)
        if isinstance(one, ast.AugAssign | ast.For | ast.comprehension)
        for part in ast.walk(one.target)
    )
    return len(stores) == 1 and all(part is not stores[0][0] for part in counting)


def _updates(node: ast.If, names: frozenset[str]) -> bool:
    return any(
        isinstance(one, ast.Call) and name_of(one.func) in names
        for statement in node.body
        for one in ast.walk(statement)
    )
