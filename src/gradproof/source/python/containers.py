"""Methods of lists, dicts and Python constants."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import datasets
from ..noticing import state
from ..values import (
    Constant,
    Dataset,
    DictValue,
    ListValue,
    Unknown,
    Value,
    Zip,
)
from . import binding, list_changes

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
    if isinstance(receiver, Constant) and isinstance(receiver.value, str) and not keywords:
        return _text_method(receiver.value, name, arguments, node)
    return Unknown(name, data=True)


def _text_method(text: str, name: str, arguments: Arguments, node: ast.AST) -> Value:
    """`"w1 b1 w2 b2".split()`, and text in other letters."""
    given = [one.value for one in arguments if isinstance(one, Constant)]
    if name not in ("split", "lower", "upper", "strip") or len(given) != len(arguments):
        return Unknown(name, data=True)
    try:
        made = getattr(text, name)(*given)
    except (TypeError, ValueError):
        return Unknown(name, data=True)
    if isinstance(made, str):
        return Constant(made, node)
    return ListValue([Constant(one, node) for one in made], node=node)


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
        list_changes.appended(reader, receiver, name, arguments, node)
        return Constant(None)
    if name == "appendleft" and arguments:
        first = [Constant(0), arguments[0]]
        list_changes.appended(reader, receiver, "insert", first, node)
        return Constant(None)
    if name == "extend" and arguments:
        list_changes.extended(reader, receiver, arguments[0], node)
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
        absent = isinstance(key, Constant) and receiver.exact
        if receiver.items and not absent:
            value = next(iter(receiver.items.values()))
            return value if len(receiver.items) == 1 else Unknown(data=True)
        if name == "setdefault" and absent and len(arguments) > 1:
            binding.put_into(reader, receiver, key.value, arguments[1], node)  # type: ignore[union-attr]
        return arguments[1] if len(arguments) > 1 else Unknown(data=True)
    if name == "update":
        given = arguments[0] if arguments else None
        entries = given.items if isinstance(given, DictValue) else {}
        if given is not None and not (isinstance(given, DictValue) and given.exact):
            reader.store.set_field(receiver, "exact", False)
        for entry, item in (*entries.items(), *keywords.items()):
            state.entry_written(reader, receiver, entry, item, node)
            binding.put_into(reader, receiver, entry, item, node)
    return Constant(None)
