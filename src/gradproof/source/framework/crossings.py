"""Targets that were crossed with themselves before a tape opened, and what they meet under it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import Tensor, Value
from . import losses, shapes

if TYPE_CHECKING:
    from ..reader import Reader

Crossing = tuple[ast.AST, shapes.Shape, shapes.Shape]
"""Where `(n,)` met `(n, 1)`, and the two shapes."""

_KEEPS = frozenset("stop_gradient cast identity convert_to_tensor constant".split())


def kept(reader: Reader, short: str, value: Value | None, result: Tensor) -> None:
    """An operation gives its argument back, as large as it was."""
    if short in _KEEPS and isinstance(value, Tensor):
        _carry(reader, (value,), result)


def met(reader: Reader, node: ast.AST, left: Value, right: Value, result: Tensor) -> None:
    """Two operands meet elementwise: rewards and values of a batch, say, or a loss and these."""
    first, second = shapes.of(left), shapes.of(right)
    if not isinstance(left, Tensor) or not isinstance(right, Tensor):
        _carry(reader, [one for one in (left, right) if isinstance(one, Tensor)], result)
    elif shapes.makes_a_table(first, second):
        if not reader.active and first is not None and second is not None:
            crossing = node, first, second
            reader.facts.crossings.update(dict.fromkeys(result.tokens, crossing))
    elif reader.active:
        for target, prediction in ((left, right), (right, left)):
            shape = shapes.of(prediction)
            known = _crossing(reader, target)
            row = shape is not None and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1))
            if known is not None and row and prediction.flow and not reader.silent:
                losses.meet(reader, *known)
    else:
        _carry(reader, (left, right), result)


def _crossing(reader: Reader, value: Tensor) -> Crossing | None:
    known = (reader.facts.crossings.get(token) for token in value.tokens)
    return next((one for one in known if one is not None), None)


def _carry(reader: Reader, values: tuple[Tensor, ...] | list[Tensor], result: Tensor) -> None:
    for value in values:
        known = _crossing(reader, value)
        if known is not None:
            reader.facts.crossings.update(dict.fromkeys(result.tokens, known))
