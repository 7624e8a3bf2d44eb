"""Evaluates expressions to what they may be."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from ..flow import merge
from ..framework import parts, tensors, updates
from ..joining import join_values, truth
from ..values import (
    Constant,
    DictValue,
    Instance,
    Layer,
    Library,
    ListValue,
    Optimizer,
    Unknown,
    Value,
)
from . import (
    attributes,
    binding,
    comprehensions,
    drawing,
    managers,
    operators,
    subscripts,
)

if TYPE_CHECKING:
    from ..reader import Reader


def evaluate(reader: Reader, node: ast.expr) -> Value:
    """What an expression may be."""
    reader.count_step()
    handler = _HANDLERS.get(type(node))
    return handler(reader, node) if handler is not None else Unknown(data=True)


def _constant(reader: Reader, node: ast.Constant) -> Value:
    known = reader.constants.get(id(node))
    if known is None:
        known = reader.constants[id(node)] = Constant(node.value, node)
    return known


def _name(reader: Reader, node: ast.Name) -> Value:
    value = binding.look_up(reader, node)
    updates.looked_up(reader, value)
    return value


def _attribute(reader: Reader, node: ast.Attribute) -> Value:
    value = attributes.attribute(reader, reader.evaluate(node.value), node.attr, node)
    updates.looked_up(reader, value)
    return value


def _call(reader: Reader, node: ast.Call) -> Value:
    if isinstance(node.func, ast.Name) and node.func.id == "super":
        return attributes.super_of(reader)
    callee = reader.evaluate(node.func)
    turned = isinstance(callee, Library) and callee.name == "builtins.zip" and len(node.args) == 1
    arguments: list[Value] = []
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            starred = reader.evaluate(argument.value)
            found = drawing.columns(reader, starred, node) if turned else None
            if found is not None:
                return found
            items, complete = binding.elements(reader, starred, argument)
            arguments.extend(items if complete else _any_of(items))
        else:
            arguments.append(reader.evaluate(argument))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = reader.evaluate(keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, DictValue):
            keywords.update({str(key): item for key, item in value.items.items()})
    return reader.call(callee, arguments, keywords, node)


def _any_of(items: list[Value]) -> list[Value]:
    """An argument for entries of which there may be any number."""
    return [reduce(join_values, items) if items else Unknown(data=True)]


def _sequence(reader: Reader, node: ast.Tuple | ast.List | ast.Set) -> Value:
    items: list[Value] = []
    exact = True
    owners: list[object] = []
    unbuilt: list[object] = []
    for element in node.elts:
        if isinstance(element, ast.Starred):
            value = reader.evaluate(element.value)
            if isinstance(value, ListValue):
                items.extend(value.items)
                exact = exact and value.exact
                owners.append(value.owner)
                unbuilt += value.unbuilt
            else:
                found, complete = binding.elements(reader, value, element)
                items.extend(found)
                exact = exact and complete
        else:
            item = reader.evaluate(element)
            items.append(item if isinstance(node, ast.Tuple) else parts.each(item))
    if len(items) > operators.MOST_ITEMS:
        items, exact = items[: operators.MOST_ITEMS], False
    return ListValue(
        items,
        exact,
        isinstance(node, ast.Tuple),
        owner=tuple(owners) or None,
        node=node,
        unbuilt=tuple(unbuilt),
    )


def _dict(reader: Reader, node: ast.Dict) -> Value:
    items: dict[object, Value] = {}
    exact = True
    for key, item in zip(node.keys, node.values, strict=False):
        value = reader.evaluate(item)
        if key is None:
            if isinstance(value, DictValue):
                items.update(value.items)
            else:
                exact = False
            continue
        known = reader.evaluate(key)
        if isinstance(known, Constant) and isinstance(known.value, str | int | float | bool):
            items[known.value] = binding.named(value, known.value)
        else:
            exact = False
            items[f"?{len(items)}"] = value
    return DictValue(items, exact, lasting=reader.frame.traced is None)


def _boolean(reader: Reader, node: ast.BoolOp) -> Value:
    values = [reader.evaluate(value) for value in node.values]
    known = [truth(value) for value in values]
    if isinstance(node.op, ast.And):
        if any(one is False for one in known):
            return Constant(False, node)
        if all(one is True for one in known):
            return values[-1]
    else:
        for value, one in zip(values, known, strict=False):
            if one is True:
                return value
            if one is None:
                break
        if all(one is False for one in known) or _is_default(values[:-1], values[-1]):
            return values[-1]
    flow = merge(reader.read(value, node) for value in values)
    return tensors.plain(reader, flow, node) if flow else Unknown(data=True)


def _choice(reader: Reader, node: ast.IfExp) -> Value:
    known = truth(reader.evaluate(node.test))
    if known is not None:
        return reader.evaluate(node.body if known else node.orelse)
    reader.frame.guarded += 1
    left, right = reader.evaluate(node.body), reader.evaluate(node.orelse)
    reader.frame.guarded -= 1
    if _tests_its_own(node, node.body) and _is_default([left], right):
        return right
    if _tests_its_own(node, node.orelse) and _is_default([right], left):
        return left
    return join_values(left, right)


def _is_default(given: list[Value], made: Value) -> bool:
    """Says whether `given or make()` has a part of its own, used where nobody gives another."""
    parameters = all(isinstance(one, Unknown) and one.data and not one.flow for one in given)
    return parameters and isinstance(made, Layer | Instance | Optimizer)


def _tests_its_own(node: ast.IfExp, part: ast.expr) -> bool:
    """Says whether `given if given is not None else make()` is what this is."""
    name = part.id if isinstance(part, ast.Name) else None
    return any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node.test))


def _lambda(reader: Reader, node: ast.Lambda) -> Value:
    return binding.make_function(reader, node)


def _text(reader: Reader, node: ast.JoinedStr) -> Value:
    parts = [
        reader.evaluate(part.value)
        if isinstance(part, ast.FormattedValue)
        else reader.evaluate(part)
        for part in node.values
    ]
    if all(isinstance(part, Constant) for part in parts):
        return Constant("".join(str(getattr(part, "value", "")) for part in parts), node)
    return Unknown(data=True)


def _named(reader: Reader, node: ast.NamedExpr) -> Value:
    value = reader.evaluate(node.value)
    binding.bind(reader, node.target, value, node)
    return value


def _yield(reader: Reader, node: ast.Yield | ast.YieldFrom) -> Value:
    value = reader.evaluate(node.value) if node.value is not None else Constant(None)
    if reader.frame.block is not None:
        return managers.yielded(reader, reader.frame.block, value)
    frame = reader.frame
    if isinstance(node, ast.YieldFrom):
        items, complete = binding.elements(reader, value, node)
        frame.yielded.extend(items)
    else:
        complete = True
        frame.yielded.append(value)
    if not complete or frame.sampling or frame.guarded:
        frame.open_ended = True
    return Unknown(data=True)


def _await(reader: Reader, node: ast.Await) -> Value:
    return reader.evaluate(node.value)


def _starred(reader: Reader, node: ast.Starred) -> Value:
    return reader.evaluate(node.value)


_HANDLERS: dict[type, Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.BinOp: operators.operation,
    ast.UnaryOp: operators.unary,
    ast.Compare: operators.compare,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
    ast.Subscript: subscripts.subscript,
    ast.ListComp: comprehensions.comprehension,
    ast.SetComp: comprehensions.comprehension,
    ast.GeneratorExp: comprehensions.comprehension,
    ast.DictComp: comprehensions.comprehension,
    ast.Lambda: _lambda,
    ast.JoinedStr: _text,
    ast.NamedExpr: _named,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _await,
    ast.Starred: _starred,
    ast.Slice: subscripts.bounds,
}
