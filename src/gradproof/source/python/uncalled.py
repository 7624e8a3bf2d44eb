"""Follows functions that nothing in the file calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..values import Bound, Function, Managed, Value
from . import binding, classes, managers

if TYPE_CHECKING:
    from ..reader import Reader

MOST_STEPS_A_STEP, MOST_STEPS_A_FUNCTION = 12_000, 4_000
"""Steps in a function that nobody calls, one that trains and another.

So that a long one leaves some for the others.
"""

_TRAINING = frozenset("GradientTape gradient apply_gradients minimize fit train_on_batch".split())


def visit_uncalled(reader: Reader) -> None:
    """Follows, with unknown arguments, every function that nobody called."""
    done: set[int] = set()
    while True:
        waiting = [
            function
            for function in reader.functions
            if id(function.node) not in reader.entered and id(function.node) not in done
        ]
        if not waiting:
            return
        # Methods last entered first would meet objects before their makers.
        function = waiting[0]
        done.add(id(function.node))
        with reader.sparing(MOST_STEPS_A_STEP if _trains(function) else MOST_STEPS_A_FUNCTION):
            _visit(reader, function)


def _trains(function: Function) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in _TRAINING
        for node in ast.walk(function.node)
    )


def _visit(reader: Reader, function: Function) -> None:
    node = function.node
    receiver: Value | None = None
    if function.owner is not None and function.kind not in ("static", "class"):
        receiver = classes.sample(reader, function.owner)
    for _ in range(2):
        # Twice, as a loop outside would: what one call leaves, the next meets.
        before = reader.store.writes
        positional, keywords = binding.unknown_arguments(node, receiver)
        callee: Value = Bound(receiver, function) if receiver is not None else function
        value = reader.call(callee, positional, keywords, node)
        if isinstance(value, Managed):
            managers.around(reader, value, lambda given: escaping.escape(reader, given))
        escaping.escape(reader, value)
        if reader.store.writes == before:
            return
