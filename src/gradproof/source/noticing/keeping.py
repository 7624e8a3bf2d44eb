"""Tapes that a program keeps, or asks while they record."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..escaping import gradients_in
from ..framework import tapes
from ..values import Asked, ListValue, Tape, Tensor, Value
from . import habits, rounds

if TYPE_CHECKING:
    from ..reader import Reader


def appended(reader: Reader, value: Value, node: ast.AST) -> None:
    """`kept.append(tape)` in a loop, or gradients, to a list that nothing empties."""
    names = _gradients(value) if reader.frame.traced is None else None
    persistent = isinstance(value, Tape) and value.persistent is True
    if not (persistent or names is not None) or reader.silent:
        return
    looping = any(frame.looping for frame in reader.frames)
    if not looping or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    name = ast.unparse(node.func.value)
    if names is not None and _is_used(reader, node, name):
        return
    if _lives_long(reader.home(node).tree, name):
        spot = reader.spot(node)
        habits.remark(
            reader,
            "memory-growth",
            spot,
            f"`{name}`",
            ("kept",) if names is None else ("gradients", *names),
        )


def _is_used(reader: Reader, append: ast.Call, name: str) -> bool:
    """Says whether a loop that gathers gradients does more with them than to count them."""
    loops = [one for one in reader.around(append) if isinstance(one, ast.For | ast.While)]
    counted = {
        id(part)
        for one in ast.walk(loops[0] if loops else append)
        if isinstance(one, ast.Call)
        and (one is append or (isinstance(one.func, ast.Name) and one.func.id in ("len", "print")))
        for part in ast.walk(one)
    }
    return not loops or any(
        isinstance(one, ast.Name | ast.Attribute)
        and ast.unparse(one) == name
        and id(one) not in counted
        for one in ast.walk(loops[0])
    )


def _gradients(value: Value) -> tuple[str, ...] | None:
    """The variables for which a whole list of gradients was taken, as the tape gave it."""
    items = value.items if isinstance(value, ListValue) else []
    taken = [
        one.gradient.source for one in items if isinstance(one, Tensor) and one.gradient is not None
    ]
    whole = bool(items) and len(taken) == len(items)
    return tapes.names([tapes.owner_of(one) for one in taken]) if whole else None


def _lives_long(tree: ast.Module, name: str) -> bool:
    """Says whether a list is made once, and nothing is ever taken from it."""
    places = _once(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(ast.unparse(target) == name for target in targets) and node not in places:
                return False
        elif isinstance(node, ast.Attribute) and node.attr in ("clear", "pop", "popleft", "remove"):
            if ast.unparse(node.value) == name:
                return False
        elif isinstance(node, ast.Delete) and any(name in ast.unparse(one) for one in node.targets):
            return False
    made = [
        one.value
        for one in places
        if isinstance(one, ast.Assign) and name in map(ast.unparse, one.targets)
    ]
    # A queue of bounded length forgets the oldest.
    return bool(made) and not any("maxlen" in ast.unparse(one) for one in made)


def _once(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run once: those of the module, and of `__init__`."""
    found = list(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            found += node.body
    return found


def finish(reader: Reader) -> None:
    """Persistent tapes that record on and on, or are asked within their own block for nothing."""
    calls = [question.asked for question in reader.facts.asked]
    needed = {
        id(entry.call)
        for other in calls
        for entry in gradients_in(reader.facts.target_flow(other.target))
    }
    asked_of = {id(asked.tape) for asked in calls}
    for tape, node in reader.facts.entered_again.values():
        if id(tape) in asked_of:
            others = ((reader.spot(tape.node), "made once"),)
            habits.remark(reader, "memory-growth", reader.spot(node), "again", (), others)
    for asked in reader.facts.asked_inside:
        if id(asked) in needed or asked.escaped or not asked.applied:
            continue
        others = ((reader.spot(asked.tape.node), "still recording"),)
        habits.remark(reader, "memory-growth", reader.spot(asked.node), "inside", (), others)


def entered(reader: Reader, tape: Tape, node: ast.expr) -> None:
    """`with tape:` in a loop, of a persistent tape that was made before the loop."""
    if tape.persistent is not True or reader.silent or reader.frame.traced is not None:
        return
    known = rounds.of(reader)
    made, now = known.taped.get(tape.number), tuple(known.loops)
    if made is None or len(now) <= len(made) or now[: len(made)] != made:
        return
    name = ast.unparse(node)
    if not _is_reset(reader.home(node).tree, name):
        reader.facts.entered_again[tape.number] = (tape, node)


def _is_reset(tree: ast.Module, name: str) -> bool:
    """Says whether the program calls `name.reset()`."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "reset" and ast.unparse(node.value) == name
        for node in ast.walk(tree)
    )


def asked_for(reader: Reader, asked: Asked) -> None:
    """A tape is asked for gradients: is it still recording?"""
    if asked.tape.persistent is True and reader.tapes and reader.tapes[-1] is asked.tape:
        reader.facts.asked_inside.append(asked)
