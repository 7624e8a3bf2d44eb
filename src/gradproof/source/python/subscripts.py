"""Items and slices."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..framework import api, parts, shapes, tapes, tensors, updates
from ..joining import join_values
from ..noticing import state
from ..values import (
    Constant,
    DictValue,
    Group,
    Instance,
    Library,
    ListValue,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import attributes, binding

if TYPE_CHECKING:
    from ..reader import Reader


def subscript(reader: Reader, node: ast.Subscript) -> Value:
    """What `value[index]` is."""
    # An index into a list of variables is no use of the list as a whole.
    before, reader.indexing = reader.indexing, isinstance(node.value, ast.Name)
    value = reader.evaluate(node.value)
    reader.indexing = before
    index = Constant(None) if isinstance(node.slice, ast.Slice) else reader.evaluate(node.slice)
    if isinstance(value, ListValue):
        if reader.active and not any(getattr(one, "rebound", None) for one in value.items):
            # What is computed with new values that took no variable's name uses them.
            updates.consume_update(reader, value)
        return _list_item(reader, value, node, index)
    if isinstance(value, DictValue):
        if isinstance(index, Constant) and index.value in value.items:
            found = value.items[index.value]
            state.entry_read(reader, value, index.value, found, node)
            return found
        if value.items:
            items = list(value.items.values())
            state.some_entry_read(reader, value, items[0], node)
            return _joined(items)
        return Unknown(data=True)
    if isinstance(value, Tensor):
        return tensors.item(reader, node, value, index)
    if isinstance(value, Variable | Group):
        part = tensors.plain(reader, reader.read(value, node), node)
        part.shape = shapes.indexed(shapes.of(value), node.slice, index)
        part.part_of = value
        return part
    if isinstance(value, Unknown):
        key = f"[{index.value!r}]" if isinstance(index, Constant) else f"[{ast.dump(node.slice)}]"
        return attributes.child(reader, value, key)
    if isinstance(value, Instance) and not isinstance(node.slice, ast.Slice):
        made = binding.call_method(reader, value, "__getitem__", [index], node)
        return made if made is not None else Unknown(data=True)
    return Unknown(data=True)


def _joined(items: list[Value]) -> Value:
    kinds = {item.name for item in items if isinstance(item, Library)}
    if len(kinds) == len(items) and all(name.startswith(api.OF_OPTIMIZERS) for name in kinds):
        return Library(api.SOME_OPTIMIZER)
    value = items[0]
    for item in items[1:]:
        value = join_values(value, item)
    return value


def _list_item(reader: Reader, value: ListValue, node: ast.Subscript, index: Value) -> Value:
    place = index.value if isinstance(index, Constant) else None
    state.list_read(reader, value, node, place if isinstance(place, int) else None)
    if isinstance(node.slice, ast.Slice):
        return _list_slice(reader, value, node.slice)
    if not value.items:
        return Unknown(data=True)
    plain = not any(map(parts.stands_for_several, value.items))
    if isinstance(index, Constant) and isinstance(index.value, int):
        single = value.items if value.fixed else parts.spread(value.items)
        single = single if value.exact else None
        if single is not None and -len(single) <= index.value < len(single):
            return single[index.value]
        if not plain and (index.value in (0, -1) or isinstance(value.items[0], Group)):
            return _some(value.items[0 if index.value >= 0 else -1], f"?{index.value}")
    if len(value.items) == 1:
        return value.items[0]
    if any(isinstance(item, Group) for item in value.items):
        return _some(value.items[0], "?")
    return _joined(value.items)


def _some(item: Value, which: str) -> Value:
    """An entry of a list of which nobody knows how many variables each entry stands for."""
    return replace(item, only=which) if isinstance(item, Group) and not item.only else item


def _list_slice(reader: Reader, value: ListValue, node: ast.Slice) -> Value:
    bounds: list[int | None] = []
    items = list(value.items)
    for part in (node.lower, node.upper, node.step):
        known = reader.evaluate(part) if part is not None else None
        if isinstance(known, Tensor) and known.counts and part is not node.step and value.exact:
            whole = _covered(value.items, known.counts)
            if whole is None:
                cut = part is node.upper and node.lower is None
                return ListValue(items, False, value.fixed, value.owner, value.which, cut=cut)
            # It cuts between two lists that were put together.
            gone = len(value.items) - len(items)
            items = items[whole - gone :] if part is node.lower else items[: whole - gone]
            known = None
        if known is None:
            bounds.append(None)
            continue
        if not isinstance(known, Constant) or not isinstance(known.value, int):
            return ListValue(items, False, value.fixed, value.owner, value.which)
        bounds.append(known.value)
    return sliced(replace(value, items=items), bounds)


def sliced(value: ListValue, bounds: list[int | None]) -> ListValue:
    """The entries from a lower to an upper bound, by a step; None: the bound is left out."""
    plain = not any(parts.stands_for_several(item) for item in value.items)
    if bounds == [None, None, None]:
        return ListValue(list(value.items), value.exact, value.fixed, value.owner, value.which)
    if bounds == [None, None, -1] and value.exact:
        return ListValue((parts.spread(value.items) or value.items)[::-1])
    if not plain and value.exact and _reaches_end(value.items, bounds):
        return ListValue(list(value.items), True, value.fixed, value.owner, value.which)
    if not plain or not value.exact:
        some = ListValue(list(value.items), False, value.fixed, value.owner, value.which)
        if value.exact and bounds[2] in (None, 1):
            some.part = (bounds[0] or 0, bounds[1])
        return some
    return ListValue(value.items[slice(*bounds)], True, value.fixed)


def _reaches_end(items: list[Value], bounds: list[int | None]) -> bool:
    """Says whether a slice from the first entry on takes as many as there are."""
    upper, known = bounds[1], 0
    for item in items:
        size = parts.size(item)
        if size is None:
            return False
        known += size
    return not bounds[0] and bounds[2] in (None, 1) and upper is not None and upper >= known


def _covered(items: list[Value], counts: tuple[Value, ...]) -> int | None:
    """How many entries stand before the place where lists of this length end, if they are those."""
    owners = [_source(item) for item in items[: len(counts)]]
    same = len(owners) == len(counts) and all(
        tapes.owner_of(a) is not None and tapes.owner_of(a) is tapes.owner_of(b) and _alike(a, b)
        for a, b in zip(owners, counts, strict=True)
    )
    return len(counts) if same else None


def _source(item: Value) -> Value:
    return item.gradient.source if isinstance(item, Tensor) and item.gradient is not None else item


def _alike(left: Value, right: Value) -> bool:
    """Says whether both are one variable, or the same variables of one owner."""
    both = isinstance(left, Group) and isinstance(right, Group)
    return left is right or (both and left.which == right.which)  # type: ignore[union-attr]


def known_bounds(reader: Reader, node: ast.Slice) -> list[int | None] | None:
    """The bounds and step of a slice; None where one is not a known number."""
    parts = [part and reader.evaluate(part) for part in (node.lower, node.upper, node.step)]
    numbers = [part.value if isinstance(part, Constant) else part for part in parts]
    known = [one for one in numbers if one is None or isinstance(one, int)]
    return known if len(known) == len(numbers) else None


def bounds(reader: Reader, node: ast.Slice) -> Value:
    """Reads the bounds of a slice."""
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            reader.evaluate(part)
    return Unknown(data=True)
