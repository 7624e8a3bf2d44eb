"""Collections that rows are drawn from, as a replay buffer's are, and what is drawn."""

from __future__ import annotations

import ast
from functools import reduce
from typing import TYPE_CHECKING

from ..joining import join_values, leaves
from ..values import Constant, ListValue, Tensor, Unknown, Value
from . import binding, builtin, tuples

if TYPE_CHECKING:
    from ..reader import Reader

_MOST_ROWS = 4


def queue(
    reader: Reader, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """`collections.deque(...)`: a list, of which a bounded one loses the oldest entries."""
    made = builtin.call(reader, "list", arguments[:1], {}, node)
    if isinstance(made, ListValue) and (len(arguments) > 1 or "maxlen" in keywords):
        made.exact = False
    return made


def drawn(reader: Reader, name: str, arguments: list[Value], node: ast.AST) -> Value | None:
    """`random.sample(rows, n)` and `random.choices`: some entries; `random.choice`: one."""
    if not arguments or not isinstance(arguments[0], ListValue):
        return None
    row = _any_of(binding.elements(reader, arguments[0], node)[0])
    if row is None:
        return None
    return row if name == "random.choice" else ListValue([row], False)


def columns(reader: Reader, rows: Value, node: ast.AST) -> Value | None:
    """`zip(*rows)` of nobody knows how many rows of data: the entries of each field."""
    if not isinstance(rows, ListValue):
        return None
    items, complete = binding.elements(reader, rows, node)
    row = None if complete else _any_of(items)
    if not isinstance(row, ListValue) or not row.exact:
        return None
    return ListValue([ListValue([item], False, True) for item in row.items], node=node)


def _any_of(rows: list[Value]) -> Value | None:
    """What any of these may be; None unless they are data."""
    known = [tuples.listed(row) for row in rows[:_MOST_ROWS]]
    data = all(_is_data(one) for row in known for one in leaves(row))
    return reduce(join_values, known) if known and data else None


def _is_data(value: Value) -> bool:
    if isinstance(value, Tensor):
        return value.gradient is None
    return isinstance(value, Constant) or (isinstance(value, Unknown) and value.data)
