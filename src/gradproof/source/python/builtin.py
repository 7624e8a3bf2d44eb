"""Python's own functions: those of containers, attributes and iterators."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from .. import escaping
from ..flow import merge
from ..framework import api, generations, interop, parts
from ..joining import join_values
from ..noticing import frozen, mixtures, rounds, sharing, sparse, state, weighing
from ..values import (
    Constant,
    Dataset,
    DictValue,
    Function,
    Instance,
    Library,
    ListValue,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)
from . import attribute_writes, attributes, binding, builtin_numbers, iterators

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def call(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A call of a built-in function."""
    handler = _FUNCTIONS.get(name)
    if handler is not None:
        found = handler(reader, arguments, keywords, node)
        if found is not None:
            return iterators.iterator(reader, found, name, node) if name in _ONCE else found
    if name in api.QUIET_BUILTINS:
        for value in arguments:
            escaping.look(reader, value)
        return Unknown(name, data=True)
    flow = merge(reader.read(value, node) for value in arguments)
    return Tensor(flow, "number" if not flow else "unknown", made=reader.path(node))


_ONCE = frozenset({"iter", "map", "filter"})
"""Functions that give an iterator: its items come once."""


def _zip(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    if not isinstance(node, ast.Call):
        return None
    mixtures.zipped(reader, arguments, node)
    for value, given in zip(arguments, node.args, strict=False):
        if isinstance(value, ListValue) and reader.facts.habits.leaked_lists:
            state.list_read(reader, value, given)
    return Zip(arguments, node)


def _list(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    if not arguments:
        return ListValue([], node=node)
    value = arguments[0]
    if isinstance(value, ListValue):
        return ListValue(
            list(value.items),
            value.exact,
            False,
            value.owner,
            value.which,
            value.node,
            value.unbuilt,
        )
    if isinstance(value, Unknown):
        return value
    items, complete = binding.elements(reader, value, node)
    listed = ListValue(items, complete, node=node)
    if isinstance(value, Zip):
        listed.pairs = (value, items)
    return listed


def _enumerate(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if not arguments:
        return None
    items, complete = binding.elements(reader, arguments[0], node)
    if not complete:
        made = Dataset(
            ListValue(
                [Tensor(form="number"), items[0] if items else Unknown(data=True)], fixed=True
            ),
            pipeline=isinstance(arguments[0], Dataset) and arguments[0].pipeline,
        )
        iterators.given_once(reader, made, "`enumerate`", node)
        weighing.follows(reader, arguments[0], made)
        return made
    groups = any(map(parts.stands_for_several, items))
    rows: list[Value] = [
        ListValue([Tensor(form="number") if groups else Constant(i, node), item], fixed=True)
        for i, item in enumerate(items)
    ]
    return ListValue(rows)


def _getattr(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if (
        len(arguments) >= 2
        and isinstance(arguments[1], Constant)
        and isinstance(arguments[1].value, str)
    ):
        return attributes.attribute(reader, arguments[0], arguments[1].value, node)
    owner = arguments[0] if arguments else None
    if isinstance(owner, Library) and owner.name == "keras.optimizers":
        return Library(api.SOME_OPTIMIZER)
    return Unknown("getattr")


def _setattr(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if (
        len(arguments) == 3
        and isinstance(arguments[1], Constant)
        and isinstance(arguments[1].value, str)
    ):
        attribute_writes.assign(reader, arguments[0], arguments[1].value, arguments[2], node, node)
    return Constant(None)


def _isinstance(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    if len(arguments) != 2 or not isinstance(arguments[1], Library):
        return None
    wanted = arguments[1].name
    value = arguments[0]
    if wanted in ("builtins.tuple", "builtins.list") and isinstance(value, ListValue):
        return Constant((wanted == "builtins.tuple") == value.fixed, node)
    if wanted in ("builtins.tuple", "builtins.list", "builtins.dict") and isinstance(value, Tensor):
        return Constant(False, node)
    if wanted == "tf.Variable":
        interop.kind_asked(reader, value, node)
        known = _is_variable(value)
        return None if known is None else Constant(known, node)
    if wanted in ("tf.IndexedSlices", "tf.Tensor") and sparse.is_sparse(value):
        return Constant(wanted == "tf.IndexedSlices", node)
    return None


def _hasattr(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """`hasattr(gradient, "indices")` of a sparse one, `hasattr(optimizer, "scale_loss")`."""
    name = arguments[1] if len(arguments) == 2 else None
    if isinstance(name, Constant) and name.value in ("indices", "values", "dense_shape"):
        return Constant(True, node) if sparse.is_sparse(arguments[0]) else None
    return generations.has_method(reader, arguments, keywords, node)


def _is_variable(value: Value) -> bool | None:
    """Says whether this is a `tf.Variable`, if that is known."""
    if isinstance(value, Variable):
        return True if value.kind == "tf.Variable" else None
    if not isinstance(value, Tensor) or value.form == "unknown" or value.reads is not None:
        return None
    return None if any(isinstance(one, Unknown) for one in value.flow) else False


def _map(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    if len(arguments) < 2:
        return None
    items, complete = binding.elements(reader, arguments[1], node)
    return ListValue([reader.call(arguments[0], [item], {}, node) for item in items], complete)


def _dict(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    items: dict[object, Value] = {}
    exact = True
    if arguments and isinstance(arguments[0], DictValue):
        items.update(arguments[0].items)
        exact = arguments[0].exact
    elif arguments:
        pairs, complete = binding.elements(reader, arguments[0], node)
        known = [pair.items for pair in pairs if isinstance(pair, ListValue)]
        entries = [pair for pair in known if len(pair) == 2]
        exact = complete and len(entries) == len(pairs)
        for number, (key, value) in enumerate(entries):
            named = isinstance(key, Constant)
            items[key.value if isinstance(key, Constant) else f"?{number}"] = value
            exact = exact and named
        if not exact:
            escaping.escape(reader, arguments[0])
    items.update(keywords.items())
    return DictValue(items, exact, lasting=reader.frame.traced is None)


def _from_keys(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """`dict.fromkeys(names, value)`: one value for all of them."""
    if len(arguments) != 2:
        return None
    keys, complete = binding.elements(reader, arguments[0], node)
    sharing.lent(reader, [arguments[1]], node)
    known = [key.value for key in keys if isinstance(key, Constant)]
    exact = complete and len(known) == len(keys)
    items: dict[object, Value] = dict.fromkeys(known, arguments[1])
    return DictValue(items, exact, lasting=reader.frame.traced is None)


def _sorted(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """Names and numbers in their order; of anything else nobody knows the order."""
    value = arguments[0] if arguments else None
    if isinstance(value, ListValue) and keywords:
        named = _by_their_names(value, keywords)
        if named is not None:
            return named
        return replace(value, items=list(value.items), order=_order(keywords))
    if value is None or keywords or not isinstance(value, ListValue | DictValue):
        return value
    items, complete = binding.elements(reader, value, node)
    known = [item for item in items if isinstance(item, Constant)]
    texts = [item for item in known if isinstance(item.value, str)]
    if not complete or not texts or len(texts) < len(items):
        return value if isinstance(value, ListValue) else ListValue(items, complete)
    return ListValue([*sorted(texts, key=lambda item: str(item.value))])


def _by_their_names(value: ListValue, keywords: Keywords) -> ListValue | None:
    """`sorted(variables, key=lambda v: v.name)`, where every variable was given a name."""
    key, body = keywords.get("key"), None
    if isinstance(key, Function) and isinstance(key.node, ast.Lambda) and len(keywords) == 1:
        body = key.node.body
    if not isinstance(body, ast.Attribute) or body.attr not in ("name", "path"):
        return None
    names = [_given_name(item) for item in value.items]
    # Scopes go before a name: those of one call have the same.
    calls = {item.path[:-1] for item in value.items if isinstance(item, Variable)}
    if not value.exact or "" in names or len(set(names)) < len(names) or len(calls) > 1:
        return None
    pairs = sorted(zip(names, value.items, strict=True), key=lambda pair: pair[0])
    return replace(value, items=[item for _, item in pairs], property_read=False)


def _given_name(value: Value) -> str:
    """The name that a `tf.Variable` was made with."""
    made = value.node if isinstance(value, Variable) and value.kind == "tf.Variable" else None
    for word in made.keywords if isinstance(made, ast.Call) else ():
        if word.arg == "name" and isinstance(word.value, ast.Constant):
            return str(word.value.value)
    return ""


def _order(keywords: Keywords) -> str:
    """The order that `sorted` is asked for, alike for keys that say the same."""
    key, turned = keywords.get("key"), keywords.get("reverse", Constant(False))
    if not isinstance(key, Function) or not isinstance(turned, Constant):
        return ""
    said = ast.unparse(key.node)
    for number, parameter in enumerate(key.node.args.args):
        said = re.sub(rf"\b{parameter.arg}\b", f"_{number}", said)
    return f"{said} {bool(turned.value)}"


def _filter(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    """Some of the entries: nobody knows which."""
    if len(arguments) != 2 or not isinstance(arguments[1], ListValue | Zip | Dataset):
        return None
    items, _ = binding.elements(reader, arguments[1], node)
    if isinstance(arguments[0], Function):
        for item in items[:1]:
            reader.call(arguments[0], [item], {}, node)
    return ListValue(items, False)


def _same(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    return arguments[0] if arguments else None


def _reversed(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    value = arguments[0] if arguments else None
    if isinstance(value, ListValue):
        items = value.items if value.fixed else parts.spread(value.items) or value.items
        return ListValue(list(reversed(items)), value.exact)
    return value


def _next(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    if not arguments:
        return None
    frozen.taken(reader, arguments[0], node)
    items, _ = binding.elements(reader, arguments[0], node)
    first = node.args[0] if isinstance(node, ast.Call) and node.args else node
    if isinstance(arguments[0], ListValue) and len(items) > 1 and not isinstance(first, ast.Call):
        # An iterator that others may have moved on.
        return reduce(join_values, items)
    return items[0] if items else Unknown(data=True)


def _iter(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    """The items of a container, or what `__iter__` of an own class gives."""
    value = arguments[0] if len(arguments) == 1 else None
    if not isinstance(value, Instance):
        return _same(reader, arguments, keywords, node)
    made = binding.call_method(reader, value, "__iter__", [], node)
    once = isinstance(made, Dataset | ListValue) and id(made) in rounds.of(reader).once
    return made if once else _same(reader, arguments, keywords, node)


def _print(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    for value in arguments:
        escaping.look(reader, value)
    return Constant(None)


def _vars(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    """`vars(self)`: the attributes of an object."""
    owner = arguments[0] if arguments else None
    if not isinstance(owner, Instance):
        return None
    return attributes.all_of(owner)


def _slice(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value:
    """`slice(begin, end)`: it picks some of the first axis, as an array of indices does."""
    return Tensor(form="array", shape=(None,), whole=True)


def _id(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    """A key for a variable: the same wherever it is asked for."""
    first = arguments[0] if arguments else None
    return Constant(("id", id(first)), node) if isinstance(first, Variable) else None


_FUNCTIONS = {
    **builtin_numbers.FUNCTIONS,
    "zip": _zip,
    "id": _id,
    "list": _list,
    "tuple": _list,
    "enumerate": _enumerate,
    "getattr": _getattr,
    "setattr": _setattr,
    "vars": _vars,
    "isinstance": _isinstance,
    "hasattr": _hasattr,
    "map": _map,
    "filter": _filter,
    "dict": _dict,
    "dict.fromkeys": _from_keys,
    "iter": _iter,
    "sorted": _sorted,
    "reversed": _reversed,
    "next": _next,
    "print": _print,
    "slice": _slice,
}
