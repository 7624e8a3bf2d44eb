"""Follows loops: which rounds are looked at, and with what."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..framework import updates
from ..joining import flow_of, truth
from ..noticing import floored, last_losses, rounds, step_counters
from ..values import (
    DictValue,
    Group,
    Instance,
    Layer,
    ListValue,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import binding, iterators

if TYPE_CHECKING:
    from ..reader import Reader

MOST_ELEMENTS = 8
"""Entries of a known list over which a loop is followed one by one."""

MOST_PARTS = 40
"""The same for layers and variables with their gradients: each is another."""


def follow_for(reader: Reader, node: ast.For) -> str | None:
    """Follows the rounds of a loop: all of a short list, or so many that rounds can meet."""
    iterated = reader.evaluate(node.iter)
    elements, complete = binding.elements(reader, iterated, node.iter)
    if not elements and complete:
        return reader.execute(node.orelse)
    lasting = not complete or len(elements) > MOST_ELEMENTS
    if complete and len(elements) > 1:
        reader.facts.turning.add(id(node))
    if complete and len(elements) > 3 and _counts(node.iter):
        elements, complete = [Tensor(form="number")], False
    if not complete:
        several = len(elements) > 1 and isinstance(iterated, ListValue | DictValue)
        if not several:
            _left_alone(reader, elements[1:])
            elements = (elements or [Unknown(data=True)])[:1] * _rounds(reader, node)
            if len(elements) > 1 and _counts(node.iter, arguments=1):
                elements = [Tensor(form="number", round=place) for place in (1, 2)]
    last_losses.looped(reader, node, iterated)
    updates.loop_begins(reader, node, iterated)
    step_counters.loop_begins(reader, node)
    floored.loop_begins(reader, node)
    once, before = iterators.loop_begins(reader, node, iterated), rounds.of(reader).updates
    left = None
    most = MOST_PARTS if elements and is_part(elements[0]) else MOST_ELEMENTS
    sampled = not complete or len(elements) > most
    reader.frame.looping += 1
    reader.frame.long_loops += lasting
    reader.frame.sampling += sampled
    for element in elements[:most]:
        binding.bind(reader, node.target, element, node, loop=True)
        left = reader.execute(node.body)
        if left in ("break", "return", "raise"):
            break
    for element in elements[most:] if left in (None, "continue") else ():
        binding.bind(reader, node.target, element, node, loop=True)
        _left_alone(reader, [element])
    reader.frame.looping -= 1
    reader.frame.long_loops -= lasting
    reader.frame.sampling -= sampled
    iterators.loop_ends(reader, node, once, before, left)
    return left if left in ("return", "raise") else reader.execute(node.orelse)


def _left_alone(reader: Reader, elements: list[Value]) -> None:
    """What happens with these in a loop is not followed, but it happens."""
    for element in elements:
        escaping.touch(reader, element)
        escaping.escape(reader, element)


def is_part(element: Value) -> bool:
    """Says whether a loop runs over layers, variables or gradients, or over pairs of them."""
    if isinstance(element, ListValue):
        return any(map(is_part, element.items))
    return isinstance(element, Layer | Variable | Group | Instance) or bool(
        escaping.gradients_in(flow_of(element))
    )


def _counts(node: ast.expr, arguments: int | None = None) -> bool:
    """Says whether a loop runs over `range(...)`: its numbers, but the first, tell nothing."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id == "range" and arguments in (None, len(node.args))


def _rounds(reader: Reader, node: ast.stmt) -> int:
    """Twice for a loop met the first time, so that rounds can meet."""
    visits = reader.loops.get(id(node), 0)
    reader.loops[id(node)] = visits + 1
    return 2 if visits < 2 else 1


def follow_while(reader: Reader, node: ast.While) -> str | None:
    """Follows two rounds of a loop whose number nobody knows."""
    left = None
    once, before = iterators.loop_begins(reader, node, None), rounds.of(reader).updates
    reader.frame.looping += 1
    reader.frame.long_loops += 1
    reader.frame.sampling += 1
    for _ in range(_rounds(reader, node)):
        if truth(reader.evaluate(node.test)) is False:
            break
        left = reader.execute(node.body)
        if left in ("break", "return", "raise"):
            break
    reader.frame.looping -= 1
    reader.frame.long_loops -= 1
    reader.frame.sampling -= 1
    iterators.loop_ends(reader, node, once, before, left)
    return left if left in ("return", "raise") else None
