"""Changes of lists and dicts where they stand: `pop`, `insert`, `reverse`, `sort`, `del`."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from .. import escaping
from ..flow import once
from ..framework import parts
from ..noticing import keeping, state
from ..values import (
    Constant,
    DictValue,
    Group,
    Instance,
    Layer,
    ListValue,
    Unknown,
    Value,
    Variable,
)
from . import binding, builtin, operators, subscripts

if TYPE_CHECKING:
    from ..reader import Reader

LONG = 24
"""Entries of a list after which one more is not kept."""

_AS_IT_STOOD = ("node", "used", "pairs")
"""What a change leaves as it was."""


def popped(reader: Reader, known: ListValue, arguments: list[Value], first: bool) -> Value:
    """The entry that `pop` or `popleft` gives, and the list without it."""
    place: Value = arguments[0] if arguments else Constant(0 if first else -1)
    at = place.value if isinstance(place, Constant) else None
    items = known.items
    if not items:
        return Unknown("pop", data=True)
    if reader.frame.looping:
        # Of its rounds only some are followed, and the others take the rest.
        for item in items:
            escaping.touch(reader, item)
            escaping.escape(reader, item)
    _remove(reader, known, at if isinstance(at, int) else None)
    return items[at] if isinstance(at, int) and -len(items) <= at < len(items) else items[0]


def appended(
    reader: Reader, known: ListValue, name: str, arguments: list[Value], node: ast.AST
) -> None:
    """`append`, `add`, and `insert` at a place."""
    items, value = known.items, arguments[-1]
    keeping.appended(reader, value, node)
    state.appended(reader, known, value, node)
    asked_first = reader.frame.guarded and isinstance(value, Group | Variable)
    if len(items) > LONG or (asked_first and _stands_in(value, items)):
        # One more of what a long loop collects tells nothing new; and whoever asks
        # before he appends may ask whether it is there.
        reader.store.set_field(known, "exact", False)
        return
    place = _inserted_at(arguments, len(items)) if name == "insert" else len(items)
    # A loop whose rounds are all followed puts in what each of them puts in.
    frame = reader.frame
    every_time = not frame.looping or not (frame.long_loops or frame.guarded)
    exact = known.exact and every_time and place is not None
    reader.store.set_field(known, "items", [*items[: place or 0], value, *items[place or 0 :]])
    if isinstance(value, Variable) and not value.held_by:
        value.held_by = "list"
    thing = isinstance(value, Layer | Variable | Instance)
    if not exact and known.exact and not thing:
        reader.store.set_field(known, "exact", False)
    reader.facts.joins_later |= thing and _is_older(reader, value, node)


def _is_older(reader: Reader, value: Value, node: ast.AST) -> bool:
    """Says whether a list gets something now and then that was made elsewhere."""
    frames = reader.frames
    asked = any(frame.guarded for frame in frames) and any(frame.looping for frame in frames)
    made = getattr(value, "node", node)
    return asked and _function(reader, made) is not _function(reader, node)


def _function(reader: Reader, node: ast.AST) -> ast.AST | None:
    around = reader.around(node)
    return next((one for one in reversed(around) if isinstance(one, ast.FunctionDef)), None)


def extended(reader: Reader, known: ListValue, given: Value, node: ast.AST) -> None:
    """`extend(given)`."""
    items, complete = binding.elements(reader, given, node)
    grown = [*known.items, *items]
    exact = known.exact and complete and len(grown) <= operators.MOST_ITEMS
    reader.store.set_field(known, "items", grown[: operators.MOST_ITEMS])
    reader.store.set_field(known, "exact", exact)
    if isinstance(given, ListValue) and given.unbuilt:
        reader.store.set_field(known, "unbuilt", once(known.unbuilt, given.unbuilt))


def _inserted_at(arguments: list[Value], length: int) -> int | None:
    """The place at which `insert` puts an entry; None where nobody knows."""
    place = arguments[0].value if isinstance(arguments[0], Constant) else None
    if not isinstance(place, int):
        return None
    return min(place, length) if place >= 0 else max(length + place, 0)


def _stands_in(value: Value, known: list[Value]) -> bool:
    """Says whether a variable, or a group of one owner, is in a list already."""
    if isinstance(value, Group):
        return any(isinstance(one, Group) and one.owner is value.owner for one in known)
    return isinstance(value, Variable) and any(one is value for one in known)


def turned(reader: Reader, known: ListValue) -> None:
    """`reverse()`."""
    backwards = ListValue(known.items[::-1], known.exact, known.fixed)
    _become(reader, known, backwards)


def put_in_order(
    reader: Reader, known: ListValue, keywords: dict[str, Value], node: ast.AST
) -> None:
    """`sort()`: as `sorted` would give it."""
    found = builtin.call(reader, "sorted", [known], keywords, node)
    if isinstance(found, ListValue) and found is not known:
        _become(reader, known, found)


def removed(reader: Reader, known: ListValue, value: Value) -> None:
    """`remove(value)`, which is told for one and the same object only."""
    places = [number for number, item in enumerate(known.items) if item is value]
    _remove(reader, known, places[0] if places else None)


def deleted(reader: Reader, target: ast.expr) -> None:
    """`del target`, for an entry, a slice or a key."""
    if not isinstance(target, ast.Subscript):
        return
    holder = reader.evaluate(target.value)
    key = Constant(None) if isinstance(target.slice, ast.Slice) else reader.evaluate(target.slice)
    at = key.value if isinstance(key, Constant) else None
    if isinstance(holder, DictValue):
        without(reader, holder, key)
    elif isinstance(holder, ListValue) and isinstance(target.slice, ast.Slice):
        _cut(reader, holder, subscripts.known_bounds(reader, target.slice))
    elif isinstance(holder, ListValue):
        _remove(reader, holder, at if isinstance(at, int) else None)


def without(reader: Reader, known: DictValue, key: Value) -> None:
    """A dict after `del known[key]` or `known.pop(key)`."""
    at = key.value if isinstance(key, Constant) else None
    if at in known.items and not _now_and_then(reader):
        left = {name: item for name, item in known.items.items() if name != at}
        reader.store.set_field(known, "items", left)
    elif at not in known.items:
        reader.store.set_field(known, "exact", False)


def _now_and_then(reader: Reader) -> bool:
    """Says whether a statement may run never, or more than once."""
    return bool(reader.frame.looping)


def _remove(reader: Reader, known: ListValue, at: int | None) -> None:
    """One entry is gone; None: nobody knows which."""
    length = len(known.items)
    plain = not any(map(parts.stands_for_several, known.items))
    if at is None or not known.exact or (plain and not -length <= at < length):
        _lose(reader, known)
    elif at == 0:
        _become_slice(reader, known, (1, None))
    elif at == -1:
        _become_slice(reader, known, (None, -1))
    elif plain:
        at %= length
        left = [item for number, item in enumerate(known.items) if number != at]
        _become(reader, known, ListValue(left, True, known.fixed))
    else:
        _lose(reader, known)


def _cut(reader: Reader, known: ListValue, bounds: list[int | None] | None) -> None:
    """`del known[lower:upper]`."""
    if bounds is None or bounds[2] not in (None, 1):
        _lose(reader, known)
    elif bounds[:2] == [None, None]:
        _become(reader, known, ListValue([]))
    elif bounds[1] is None:
        _become_slice(reader, known, (None, bounds[0]))
    elif not bounds[0]:
        _become_slice(reader, known, (bounds[1], None))
    else:
        _lose(reader, known)


def _become_slice(reader: Reader, known: ListValue, bounds: tuple[int | None, int | None]) -> None:
    _become(reader, known, subscripts.sliced(known, [*bounds, None]))


def _lose(reader: Reader, known: ListValue) -> None:
    """Some entry is gone or moved: what is left is not known."""
    _become(reader, known, replace(known, exact=False, owner=None, which=""))


def _become(reader: Reader, known: ListValue, changed: ListValue) -> None:
    if _now_and_then(reader):
        changed = replace(changed, items=known.items, exact=False)
    for field in fields(ListValue):
        if field.name not in _AS_IT_STOOD:
            reader.store.set_field(known, field.name, getattr(changed, field.name))
