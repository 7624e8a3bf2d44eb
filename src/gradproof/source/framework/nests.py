"""`tf.nest`: structures of tensors laid flat, packed again, and mapped."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..flow import merge
from ..values import DictValue, ListValue, Unknown, Value
from . import tapes

if TYPE_CHECKING:
    from ..reader import Reader

Arguments = list[Value]
Keywords = dict[str, Value]


def flatten(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """`tf.nest.flatten(structure)`: its entries, in order."""
    if not arguments:
        return None
    structure = arguments[0]
    if isinstance(structure, ListValue | DictValue):
        return ListValue(tapes.entries(structure), structure.exact, node=node)
    if isinstance(structure, Unknown):
        return structure
    return ListValue([structure], node=node)


def pack(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """`tf.nest.pack_sequence_as(structure, flat)`."""
    if len(arguments) < 2:
        return None
    structure, flat = arguments[:2]
    if isinstance(structure, ListValue) and isinstance(flat, ListValue):
        if not any(isinstance(item, ListValue | DictValue) for item in structure.items):
            return ListValue(list(flat.items), flat.exact, structure.fixed, node=node)
    elif isinstance(structure, DictValue) and isinstance(flat, ListValue):
        if len(structure.items) == len(flat.items):
            return DictValue(dict(zip(structure.items, flat.items, strict=True)), structure.exact)
    elif not isinstance(structure, ListValue | DictValue | Unknown):
        return flat.items[0] if isinstance(flat, ListValue) and flat.items else flat
    return Unknown(data=True, flow=reader.read(flat, node))


def map_structure(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """`tf.nest.map_structure(function, *structures)`: once for each entry."""
    if len(arguments) < 2:
        return None
    return _mapped(reader, arguments[0], arguments[1:], node)


def _mapped(reader: Reader, function: Value, structures: Arguments, node: ast.AST) -> Value:
    lists = [value for value in structures if isinstance(value, ListValue)]
    if len(lists) == len(structures):
        rows = zip(*(value.items for value in lists), strict=False)
        return ListValue(
            [_mapped(reader, function, list(row), node) for row in rows], lists[0].exact
        )
    tables = [value for value in structures if isinstance(value, DictValue)]
    if len(tables) == len(structures) and len({tuple(table.items) for table in tables}) == 1:
        return DictValue(
            {
                key: _mapped(reader, function, [table.items[key] for table in tables], node)
                for key in tables[0].items
            },
            tables[0].exact,
        )
    if any(isinstance(value, ListValue | DictValue | Unknown) for value in structures):
        for value in structures:
            escaping.escape(reader, value)
        return Unknown(data=True, flow=merge(reader.read(value, node) for value in structures))
    return reader.call(function, structures, {}, node)
