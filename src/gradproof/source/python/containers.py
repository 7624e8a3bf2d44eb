"""Methods of lists, dicts and Python constants."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import datasets
from ..noticing import keeping, state
from ..values import (
    Constant,
    Dataset,
    DictValue,
    Group,
    Instance,
    Layer,
    ListValue,
    Unknown,
    Value,
    Variable,
    Zip,
)
from . import binding, list_changes, operators

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def method(
    reader: Reader,
    receiver: ListValue | DictValue | Zip | Constant | Dataset,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a list, dict, text or dataset."""
    if isinstance(receiver, ListValue):
        return list_method(reader, receiver, name, arguments, node, keywords)
    if isinstance(receiver, DictValue):
        return _dict_method(reader, receiver, name, arguments, keywords, node)
    if isinstance(receiver, Dataset):
        return datasets.dataset_method(reader, receiver, name, arguments, keywords, node)
    return Unknown(name, data=True)


def list_method(
    reader: Reader,
    receiver: ListValue,
    name: str,
    arguments: Arguments,
    node: ast.AST,
    keywords: Keywords | None = None,
) -> Value:
    """A method of a list."""
    if name in ("append", "insert", "add") and arguments:
        known = receiver.items
        value = arguments[-1]
        keeping.appended(reader, value, node)
        state.appended(reader, receiver, value, node)
        if len(known) > 24:
            # What a long loop collects: one more entry tells nothing new.
            reader.store.set_field(receiver, "exact", False)
            return Constant(None)
        position = (
            list_changes.inserted_at(arguments, len(known)) if name == "insert" else len(known)
        )
        # A loop whose rounds are all followed puts in what each of them puts in.
        frame = reader.frame
        every_time = not frame.looping or not (frame.long_loops or frame.guarded)
        exact = receiver.exact and every_time and position is not None
        if (
            reader.frame.guarded
            and isinstance(value, Group | Variable)
            and _stands_in(value, known)
        ):
            # Whoever asks before he appends may ask whether it is there.
            reader.store.set_field(receiver, "exact", False)
            return Constant(None)
        updated = [*known[: position or 0], value, *known[position or 0 :]]
        reader.store.set_field(receiver, "items", updated)
        if isinstance(value, Variable) and not value.held_by:
            value.held_by = "list"
        if not exact and receiver.exact and not isinstance(value, Layer | Variable | Instance):
            reader.store.set_field(receiver, "exact", False)
        return Constant(None)
    if name == "extend" and arguments:
        items, complete = binding.elements(reader, arguments[0], node)
        grown = [*receiver.items, *items]
        exact = receiver.exact and complete and len(grown) <= operators.MOST_ITEMS
        reader.store.set_field(receiver, "items", grown[: operators.MOST_ITEMS])
        reader.store.set_field(receiver, "exact", exact)
        if isinstance(arguments[0], ListValue) and arguments[0].unbuilt:
            unbuilt = (*receiver.unbuilt, *arguments[0].unbuilt)
            reader.store.set_field(receiver, "unbuilt", unbuilt)
        return Constant(None)
    if name in ("clear",):
        reader.store.set_field(receiver, "items", [])
        return Constant(None)
    if name in ("pop", "popleft") and receiver.items:
        return list_changes.popped(reader, receiver, arguments, name == "popleft")
    if name == "reverse":
        list_changes.turned(reader, receiver)
        return Constant(None)
    if name == "sort":
        list_changes.put_in_order(reader, receiver, keywords or {}, node)
        return Constant(None)
    if name == "remove" and arguments:
        list_changes.removed(reader, receiver, arguments[0])
        return Constant(None)
    if name == "copy":
        return ListValue(
            list(receiver.items), receiver.exact, receiver.fixed, receiver.owner, receiver.which
        )
    return Unknown(name, data=True)


def _stands_in(value: Value, known: list[Value]) -> bool:
    """Says whether a variable, or a group of one owner, is in a list already."""
    if isinstance(value, Group):
        return any(isinstance(one, Group) and one.owner is value.owner for one in known)
    return isinstance(value, Variable) and any(one is value for one in known)


def _dict_method(
    reader: Reader,
    receiver: DictValue,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    if name == "items":
        return ListValue(
            [
                ListValue([Constant(key), value], fixed=True)
                for key, value in receiver.items.items()
            ],
            receiver.exact,
        )
    if name == "values":
        return ListValue(list(receiver.items.values()), receiver.exact)
    if name == "keys":
        return ListValue([Constant(key) for key in receiver.items], receiver.exact)
    if name in ("get", "pop", "setdefault") and arguments:
        key = arguments[0]
        # What stands in for an entry that was never stored is as good.
        instead = [*receiver.items.values(), *arguments[1:]]
        state.some_entry_read(reader, receiver, instead[0] if instead else key, node)
        if isinstance(key, Constant) and key.value in receiver.items:
            found = receiver.items[key.value]
            if name == "pop":
                list_changes.without(reader, receiver, key)
            return found
        if receiver.items:
            value = next(iter(receiver.items.values()))
            return value if len(receiver.items) == 1 else Unknown(data=True)
        return arguments[1] if len(arguments) > 1 else Unknown(data=True)
    if name == "update":
        given = arguments[0] if arguments else None
        entries = given.items if isinstance(given, DictValue) else {}
        for entry, item in (*entries.items(), *keywords.items()):
            state.entry_written(reader, receiver, entry, item, node)
            reader.store.set_item(receiver.items, entry, binding.named(item, entry))
    return Constant(None)
