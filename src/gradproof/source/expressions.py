"""Evaluates expressions to what they may be."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import arithmetic, attributes, binding, tensors, updates
from .flow import merge
from .joining import join_values, truth
from .values import (
    Constant,
    DictValue,
    Group,
    Layer,
    ListValue,
    Scope,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from .reader import Reader


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
    arguments: list[Value] = []
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            starred = reader.evaluate(argument.value)
            items, complete = binding.elements(reader, starred, argument)
            arguments.extend(items if complete else [Unknown(data=True)])
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


def _sequence(reader: Reader, node: ast.Tuple | ast.List | ast.Set) -> Value:
    items: list[Value] = []
    exact = True
    owners: list[object] = []
    for element in node.elts:
        if isinstance(element, ast.Starred):
            value = reader.evaluate(element.value)
            if isinstance(value, ListValue):
                items.extend(value.items)
                exact = exact and value.exact
                owners.append(value.owner)
            else:
                found, complete = binding.elements(reader, value, element)
                items.extend(found)
                exact = exact and complete
        else:
            items.append(reader.evaluate(element))
    return ListValue(
        items, exact, isinstance(node, ast.Tuple), owner=tuple(owners) or None, node=node
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
            items[known.value] = value
        else:
            exact = False
            items[f"?{len(items)}"] = value
    return DictValue(items, exact)


_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def _binary(reader: Reader, node: ast.BinOp) -> Value:
    return binary(reader, node, reader.evaluate(node.left), reader.evaluate(node.right))


def binary(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> Value:
    """What an arithmetic expression gives."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _folded(node, left, right)
    if (
        isinstance(left, ListValue)
        and isinstance(right, ListValue)
        and isinstance(node.op, ast.Add)
    ):
        owners = (*_owners(left), *_owners(right))
        return ListValue(
            [*left.items, *right.items],
            left.exact and right.exact,
            left.fixed,
            owner=owners,
            which=left.which if left.which == right.which else "",
            node=node,
            unbuilt=(*left.unbuilt, *right.unbuilt),
        )
    if (
        isinstance(left, ListValue)
        and isinstance(right, Constant | Tensor)
        and isinstance(node.op, ast.Mult)
    ):
        if right.__class__ is Tensor and not isinstance(node.left, ast.List):
            return arithmetic.arithmetic(reader, node, left, right)
        return ListValue(list(left.items), False, left.fixed)
    if (
        isinstance(left, ListValue)
        and isinstance(node.op, ast.Add)
        and not isinstance(right, Tensor)
    ):
        return ListValue([*left.items, right], False, left.fixed, node=node)
    return arithmetic.arithmetic(reader, node, left, right)


def _owners(value: ListValue) -> tuple[object, ...]:
    if isinstance(value.owner, tuple):
        return value.owner
    return () if value.owner is None else (value.owner,)


def _folded(node: ast.BinOp, left: Constant, right: Constant) -> Value:
    function = _ARITHMETIC.get(type(node.op))
    numbers = all(isinstance(side.value, int | float) for side in (left, right))
    texts = (
        isinstance(left.value, str)
        and isinstance(right.value, str)
        and isinstance(node.op, ast.Add)
    )
    if function is not None and (numbers or texts):
        try:
            return Constant(function(left.value, right.value), node)
        except (ArithmeticError, ValueError):
            return Tensor(form="number")
    if isinstance(node.op, ast.Pow) and numbers:
        return Tensor(form="number")
    return Unknown(data=True) if not numbers else Tensor(form="number")


def _unary(reader: Reader, node: ast.UnaryOp) -> Value:
    value = reader.evaluate(node.operand)
    if isinstance(node.op, ast.Not):
        known = truth(value)
        if known is not None:
            return Constant(not known, node)
        return Tensor(form="number")
    if isinstance(value, Constant):
        if isinstance(node.op, ast.USub) and isinstance(value.value, int | float):
            return Constant(-value.value, node)
        return value
    return arithmetic.negated(reader, node, value)


def _compare(reader: Reader, node: ast.Compare) -> Value:
    left = reader.evaluate(node.left)
    rights = [reader.evaluate(right) for right in node.comparators]
    if len(rights) == 1:
        known = _compared(node.ops[0], left, rights[0])
        if known is not None:
            return Constant(known, node)
    return arithmetic.comparison(reader, node, [left, *rights])


def _compared(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    if isinstance(op, ast.Is | ast.IsNot):
        none = isinstance(right, Constant) and right.value is None
        if not none:
            return None
        if isinstance(left, Constant):
            found = left.value is None
        elif isinstance(left, Unknown):
            return None
        else:
            found = False
        return found if isinstance(op, ast.Is) else not found
    if isinstance(left, Constant) and isinstance(right, Constant):
        try:
            if isinstance(op, ast.Eq):
                return bool(left.value == right.value)
            if isinstance(op, ast.NotEq):
                return bool(left.value != right.value)
            if isinstance(op, ast.In) and isinstance(right.value, str):
                return str(left.value) in right.value
            if isinstance(left.value, int | float) and isinstance(right.value, int | float):
                if isinstance(op, ast.Gt):
                    return left.value > right.value
                if isinstance(op, ast.Lt):
                    return left.value < right.value
        except TypeError:
            return None
    return None


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
        if all(one is False for one in known):
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
    return join_values(left, right)


def _subscript(reader: Reader, node: ast.Subscript) -> Value:
    # An index into a list of variables is no use of the list as a whole.
    before, reader.indexing = reader.indexing, isinstance(node.value, ast.Name)
    value = reader.evaluate(node.value)
    reader.indexing = before
    index = Constant(None) if isinstance(node.slice, ast.Slice) else reader.evaluate(node.slice)
    if isinstance(value, ListValue):
        return _list_item(reader, value, node, index)
    if isinstance(value, DictValue):
        if isinstance(index, Constant) and index.value in value.items:
            return value.items[index.value]
        if value.items:
            items = list(value.items.values())
            return _joined(items)
        return Unknown(data=True)
    if isinstance(value, Tensor):
        return tensors.item(reader, node, value, index)
    if isinstance(value, Variable | Group):
        return tensors.plain(reader, reader.read(value, node), node)
    if isinstance(value, Unknown):
        key = f"[{index.value!r}]" if isinstance(index, Constant) else f"[{ast.dump(node.slice)}]"
        return attributes.child(reader, value, key)
    if isinstance(value, Layer):
        return Unknown(data=True)
    if isinstance(value, Constant) and isinstance(value.value, str):
        return Unknown(data=True)
    return Unknown(data=True)


def _joined(items: list[Value]) -> Value:
    value = items[0]
    for item in items[1:]:
        value = join_values(value, item)
    return value


def _list_item(reader: Reader, value: ListValue, node: ast.Subscript, index: Value) -> Value:
    if isinstance(node.slice, ast.Slice):
        return _list_slice(reader, value, node.slice)
    plain = not any(isinstance(item, Group) for item in value.items)
    if isinstance(index, Constant) and isinstance(index.value, int) and value.items:
        if plain and value.exact and -len(value.items) <= index.value < len(value.items):
            return value.items[index.value]
        if not plain:
            return value.items[0 if index.value >= 0 else -1]
    if value.items:
        if len(value.items) == 1:
            return value.items[0]
        if not plain:
            return value.items[0]
        return _joined(value.items)
    return Unknown(data=True)


def _list_slice(reader: Reader, value: ListValue, node: ast.Slice) -> Value:
    bounds: list[int | None] = []
    for part in (node.lower, node.upper, node.step):
        if part is None:
            bounds.append(None)
            continue
        known = reader.evaluate(part)
        if not isinstance(known, Constant) or not isinstance(known.value, int):
            return ListValue(list(value.items), False, value.fixed, value.owner, value.which)
        bounds.append(known.value)
    plain = not any(isinstance(item, Group) for item in value.items)
    if bounds == [None, None, None]:
        return ListValue(list(value.items), value.exact, value.fixed, value.owner, value.which)
    if not plain or not value.exact:
        return ListValue(list(value.items), False, value.fixed, value.owner, value.which)
    return ListValue(value.items[slice(*bounds)], True, value.fixed)


def _comprehension(
    reader: Reader, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Value:
    results: list[tuple[Value, Value]] = []
    scope = Scope()
    frame = reader.frame
    before = frame.scopes
    frame.scopes = (scope, *before)
    try:
        exact = _generate(reader, node, 0, results)
    finally:
        frame.scopes = before
    if isinstance(node, ast.DictComp):
        items = {
            key.value if isinstance(key, Constant) else f"?{i}": value
            for i, (key, value) in enumerate(results)
        }
        return DictValue(items, exact)
    return ListValue([value for _, value in results], exact, node=node)


def _generate(
    reader: Reader,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    depth: int,
    results: list[tuple[Value, Value]],
) -> bool:
    if depth == len(node.generators):
        if isinstance(node, ast.DictComp):
            results.append((reader.evaluate(node.key), reader.evaluate(node.value)))
        else:
            results.append((Constant(None), reader.evaluate(node.elt)))
        return True
    generator = node.generators[depth]
    iterated = reader.evaluate(generator.iter)
    found, complete = binding.elements(reader, iterated, generator.iter)
    exact = complete
    if not complete:
        found = found[:1] or [Unknown(data=True)]
    reader.frame.looping += 1
    reader.frame.long_loops += not complete
    for element in found[:64]:
        binding.bind(reader, generator.target, element, node, loop=True)
        known = [truth(reader.evaluate(test)) for test in generator.ifs]
        if any(one is False for one in known):
            continue
        if any(one is None for one in known):
            exact = False
        exact = _generate(reader, node, depth + 1, results) and exact
    if not complete:
        # A second round, so that what one round leaves meets the next.
        visits = reader.loops.get(id(node), 0)
        reader.loops[id(node)] = visits + 1
        if visits < 1:
            _generate_again(reader, node, generator, found, depth)
    reader.frame.looping -= 1
    reader.frame.long_loops -= not complete
    return exact


def _generate_again(
    reader: Reader,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    generator: ast.comprehension,
    found: list[Value],
    depth: int,
) -> None:
    for element in found[:1]:
        binding.bind(reader, generator.target, element, node, loop=True)
        _generate(reader, node, depth + 1, [])


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
    if isinstance(node, ast.YieldFrom):
        items, _ = binding.elements(reader, value, node)
        reader.frame.yielded.extend(items)
    else:
        reader.frame.yielded.append(value)
    return Unknown(data=True)


def _await(reader: Reader, node: ast.Await) -> Value:
    return reader.evaluate(node.value)


def _starred(reader: Reader, node: ast.Starred) -> Value:
    return reader.evaluate(node.value)


def _slice(reader: Reader, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            reader.evaluate(part)
    return Unknown(data=True)


def augment(reader: Reader, node: ast.AugAssign) -> None:
    """Follows `target op= value`."""
    load: ast.expr
    if isinstance(node.target, ast.Name):
        load = ast.Name(node.target.id, ast.Load())
    elif isinstance(node.target, ast.Attribute):
        load = ast.Attribute(node.target.value, node.target.attr, ast.Load())
    else:
        load = ast.Subscript(node.target.value, node.target.slice, ast.Load())
    ast.copy_location(load, node.target)
    before = reader.evaluate(load)
    added = reader.evaluate(node.value)
    if (
        (
            isinstance(before, ListValue)
            and isinstance(node.op, ast.Add)
            and isinstance(added, ListValue)
        )
        and not before.property_read
        and not before.fixed
    ):
        reader.store.set_field(before, "items", [*before.items, *added.items])
        reader.store.set_field(before, "exact", before.exact and added.exact)
        return
    operation = ast.BinOp(load, node.op, node.value)
    ast.copy_location(operation, node)
    binding.bind(reader, node.target, binary(reader, operation, before, added), node)


_HANDLERS: dict[type, Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
    ast.Subscript: _subscript,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Lambda: _lambda,
    ast.JoinedStr: _text,
    ast.NamedExpr: _named,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _await,
    ast.Starred: _starred,
    ast.Slice: _slice,
}
