"""Binds names, attributes and items; makes functions; walks over values."""

from __future__ import annotations

import ast
import builtins
from functools import reduce
from typing import TYPE_CHECKING

from .. import escaping, modules
from ..framework import arrays, parts, updates
from ..joining import join_values
from ..noticing import state, target_copies
from ..values import (
    Bound,
    Constant,
    Dataset,
    DictValue,
    Function,
    Group,
    Instance,
    Layer,
    Library,
    ListValue,
    Other,
    Partial,
    Scope,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)
from . import attribute_writes, attributes, tuples

if TYPE_CHECKING:
    from ..reader import Reader

_BUILTINS = frozenset(dir(builtins))


def look_up(reader: Reader, node: ast.Name) -> Value:
    """What a name stands for where it is read."""
    scope = _scope_of(reader, node.id)
    if scope is not None:
        value = modules.resolved(reader, scope, node.id, scope.names[node.id])
        state.state_read(reader, scope, node.id, value, node)
        return value
    if node.id == "__name__":
        return Constant("__main__", node)
    starred = modules.from_star(reader, reader.frame.scopes[-1], node.id)
    if starred is not None:
        return starred
    if node.id in _BUILTINS:
        return Library("builtins." + node.id)
    return Unknown(node.id)


def _scope_of(reader: Reader, name: str) -> Scope | None:
    scopes = reader.frame.scopes
    if name in scopes[0].globals:
        return scopes[-1] if name in scopes[-1].names else None
    for position, scope in enumerate(scopes):
        if scope.is_class and position:
            continue
        if name in scope.names and not (name in scope.nonlocals and position == 0):
            return scope
    return None


def bind(
    reader: Reader, target: ast.expr, value: Value, node: ast.AST, *, loop: bool = False
) -> None:
    """Binds a target of an assignment, a loop or a `with`."""
    if isinstance(target, ast.Name):
        bind_name(reader, target.id, value, node, target, loop=loop)
    elif isinstance(target, ast.Attribute):
        receiver = reader.evaluate(target.value)
        attribute_writes.assign(reader, receiver, target.attr, value, target, node)
    elif isinstance(target, ast.Subscript):
        _bind_item(reader, target, value, node)
    elif isinstance(target, ast.Starred):
        bind(reader, target.value, value, node)
    elif isinstance(target, ast.Tuple | ast.List):
        for part, item in zip(target.elts, unpacked(reader, value, target), strict=False):
            bind(reader, part, item, node, loop=loop)


def bind_name(
    reader: Reader,
    name: str,
    value: Value,
    node: ast.AST,
    target: ast.AST | None = None,
    *,
    loop: bool = False,
) -> None:
    """Binds a name in the scope that its declarations choose."""
    scope = reader.frame.scopes[0]
    if name in scope.globals:
        scope = reader.frame.scopes[-1]
    elif name in scope.nonlocals:
        for outer in reader.frame.scopes[1:]:
            if name in outer.names and not outer.is_class:
                scope = outer
                break
    before = scope.names.get(name)
    if not loop:
        value = updates.rebinds(reader, before, value, target or node, node)
    if isinstance(value, Variable) and not value.name:
        value.name = name
    target_copies.bound_layer(reader, value, node)
    state.state_written(reader, scope, name, before, value, target or node)
    if scope is reader.frame.scopes[0] and len(reader.frames) > 1:
        reader.store.set_local(scope.names, name, value)
    else:
        reader.store.set_item(scope.names, name, value)


def _bind_item(reader: Reader, target: ast.Subscript, value: Value, node: ast.AST) -> None:
    before, reader.indexing = reader.indexing, isinstance(target.value, ast.Name)
    container = reader.evaluate(target.value)
    reader.indexing = before
    index = reader.evaluate(target.slice)
    updates.item_written(reader, container, value, target, node)
    target_copies.bound_layer(reader, value, node)
    if isinstance(container, ListValue) and not container.property_read:
        if isinstance(index, Constant) and isinstance(index.value, int):
            items = list(parts.spread(container.items) or ())
            if -len(items) <= index.value < len(items):
                state.item_written(reader, container, index.value, value, target)
                items[index.value] = _kept_gradient(items[index.value], value)
                reader.store.set_field(container, "items", items)
                return
        state.some_entry_written(reader, container, value, target)
        # One entry changes, nobody knows which: every entry may be it.
        items = [
            join_values(item, value) if not isinstance(item, Group) else item
            for item in container.items
        ]
        reader.store.set_field(container, "items", items)
    elif isinstance(container, DictValue) and not isinstance(index, Constant):
        state.some_entry_written(reader, container, value, target)
        # There may be more entries than are known.
        reader.store.set_field(container, "exact", False)
        reader.store.set_item(container.items, f"?{id(node)}", value)
    elif isinstance(container, DictValue) and isinstance(index, Constant):
        value = updates.entry_written(reader, container.items.get(index.value), value, node)
        state.entry_written(reader, container, index.value, value, target)
        put_into(reader, container, index.value, value, node)
    elif isinstance(container, Tensor) and container.form == "array":
        arrays.item_written(reader, container, value, target)
        state.array_changed(reader, container, target)
    elif isinstance(container, Instance | Unknown):
        escaping.escape(reader, value)


def put_into(
    reader: Reader, container: DictValue, key: object, value: Value, node: ast.AST
) -> None:
    """Writes an entry of a dict; that of an object's own keeps it from being tracked."""
    reader.store.set_item(container.items, key, named(value, key))
    if container.of is not None and isinstance(key, str):
        reader.store.set_item(container.of.past, key, node)


def named(value: Value, key: object) -> Value:
    """A variable or layer without a name is called by the key it stands under."""
    if isinstance(value, Variable | Layer) and not value.name and isinstance(key, str):
        value.name = key
    return value


def _kept_gradient(before: Value, value: Value) -> Value:
    return value


def unpacked(reader: Reader, value: Value, target: ast.Tuple | ast.List) -> list[Value]:
    """The values for each target of an unpacking."""
    count = len(target.elts)
    items, complete = elements(reader, value, target, unpacking=True)
    if isinstance(value, ListValue) and value.exact and not value.fixed:
        single = parts.spread(items)
        items, complete = (single, True) if single is not None else (items, complete)
    star = next((i for i, part in enumerate(target.elts) if isinstance(part, ast.Starred)), None)
    if complete and star is not None and len(items) >= count - 1:
        after = count - star - 1
        middle = items[star : len(items) - after]
        return [*items[:star], ListValue(middle), *items[len(items) - after :]]
    if complete and len(items) == count:
        return items
    if complete and items and any(isinstance(item, Tensor) and item.gradient for item in items):
        return [*items[:count], *(Unknown(data=True) for _ in range(count - len(items)))]
    one = items[0] if items else Unknown(data=True)
    if isinstance(value, Unknown | Tensor):
        return [one if isinstance(one, Tensor) else _piece(value) for _ in range(count)]
    return [
        ListValue(items, False) if isinstance(part, ast.Starred) else _any_of(items, one)
        for part in target.elts
    ]


def _any_of(items: list[Value], one: Value) -> Value:
    """One entry of a list of which only some entries are known: which, nobody knows."""
    if not isinstance(one, Constant | Tensor | ListValue | DictValue):
        things = (Variable, Layer, Group, Instance)
        return Unknown(either=tuple(item for item in items if isinstance(item, things)))
    same = next((kind for kind in (Tensor, ListValue) if isinstance(one, kind)), None)
    if same is not None and all(isinstance(item, same) for item in items):
        return reduce(join_values, items)
    return one


def _piece(value: Value) -> Value:
    if isinstance(value, Unknown):
        return Unknown(value.name, value.data, flow=value.flow)
    return value


def elements(
    reader: Reader, value: Value, node: ast.AST, *, unpacking: bool = False
) -> tuple[list[Value], bool]:
    """What a loop over a value meets; whether that is all, entry by entry."""
    value = tuples.listed(value)
    if isinstance(value, ListValue):
        state.list_read(reader, value, node)
        groups = [item for item in value.items if isinstance(item, Group)]
        plain = not any(map(parts.stands_for_several, groups))
        return list(value.items), value.exact and (plain or not unpacking or value.fixed)
    if isinstance(value, Zip):
        return zipped(reader, value, node)
    if isinstance(value, Dataset):
        return [value.element], unpacking and False
    if isinstance(value, DictValue):
        return [Constant(key) for key in value.items], value.exact
    if isinstance(value, Constant) and isinstance(value.value, str | tuple | range):
        letters: list[Value] = [Constant(item, value.node) for item in value.value[:64]]
        return letters, len(value.value) <= 64
    if isinstance(value, Tensor):
        shape = value.shape[1:] if value.shape else None
        flow = reader.read(value, node)
        form = value.form
        return [
            # A tape that watches each row watches the whole.
            Tensor(
                flow,
                form,
                shape,
                value.whole,
                gradient=value.gradient,
                sign=value.sign,
                tokens=value.tokens,
            )
        ], False
    if isinstance(value, Unknown):
        return [Unknown(value.name, value.data, flow=value.flow)], False
    if isinstance(value, Instance):
        made = call_method(reader, value, "__iter__", [], node)
        if made is not None and not isinstance(made, Instance):
            return elements(reader, made, node, unpacking=unpacking)
    return [Unknown(data=True)], False


def chained(reader: Reader, parts: Value, node: ast.AST) -> ListValue | None:
    """Known lists one after the other, as `itertools.chain` gives them."""
    lists, exact = elements(reader, parts, node)
    if not lists or not all(isinstance(one, ListValue) for one in lists):
        return None
    joined = ListValue([], exact, node=node)
    owners: tuple[object, ...] = ()
    for one in lists:
        assert isinstance(one, ListValue)
        joined.items.extend(one.items)
        joined.exact = joined.exact and one.exact
        owners += one.owner if isinstance(one.owner, tuple) else (one.owner,)
    joined.owner = tuple(owner for owner in owners if owner is not None)
    return joined


def zipped(reader: Reader, value: Zip, node: ast.AST) -> tuple[list[Value], bool]:
    """The tuples of a `zip`, which this uses up."""
    if value.spent is None:
        reader.store.set_field(value, "spent", node)
    columns = parts.level([elements(reader, column, node) for column in value.columns])
    if not columns:
        return [], True
    if all(complete for _, complete in columns):
        count = min(len(items) for items, _ in columns)
        return [
            ListValue([items[i] for items, _ in columns], fixed=True) for i in range(count)
        ], True
    lengths = [len(items) for items, complete in columns if complete]
    count = min(lengths or [max(len(items) for items, _ in columns)])
    rows: list[Value] = []
    for i in range(count):
        row = [
            (items[min(i, len(items) - 1)] if items else Unknown(data=True)) for items, _ in columns
        ]
        rows.append(ListValue(row, fixed=True))
    # Of a part of a list nobody knows which entry meets which.
    apart = any(len(items) > 1 for items, complete in columns if not complete)
    return rows, bool(lengths) and not apart


def make_function(
    reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
) -> Function:
    """A function with the scopes it can see and its evaluated defaults."""
    scopes = reader.frame.scopes
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: dict[str, Value] = {}
    for argument, default in zip(
        positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=False
    ):
        defaults[argument.arg] = reader.evaluate(default)
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False):
        if keyword_default is not None:
            defaults[argument.arg] = reader.evaluate(keyword_default)
    name = "" if isinstance(node, ast.Lambda) else node.name
    return Function(node, scopes, defaults=defaults, name=name)


_PROPERTIES = frozenset({"builtins.property", "functools.cached_property"})
_TRANSPARENT = frozenset(
    """functools.wraps functools.lru_cache functools.cache abc.abstractmethod typing.override
    builtins.classmethod tf.recompute_grad tf.Module.with_name_scope
    tf.autograph.experimental.do_not_convert tf.function builtins.staticmethod""".split()
)


def decorate(reader: Reader, decorator: ast.expr, value: Value, node: ast.AST) -> Value:
    """What a decorated function is."""
    if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "getter", "deleter"):
        return _of_property(reader, decorator, value)
    maker = reader.evaluate(decorator)
    if isinstance(value, Function):
        if isinstance(maker, Library):
            return _marked(value, maker.name, decorator)
        if isinstance(maker, Other) and maker.kind == "tracer":
            value.traced = decorator
            return value
        if isinstance(maker, Function) and not reader.speculative:
            wrapped = reader.call(maker, [value], {}, node)
            if isinstance(wrapped, Function | Partial | Bound):
                return wrapped
        value.wrapped = True
    return value


def _of_property(reader: Reader, decorator: ast.Attribute, value: Value) -> Value:
    """The property that a function belongs to, where both are of this class."""
    known = reader.evaluate(decorator.value)
    if not (isinstance(known, Function) and isinstance(value, Function)):
        return value
    if decorator.attr == "getter":
        value.kind, value.setter = "property", known.setter
        return value
    if decorator.attr == "setter":
        known.setter = value
    return known


def _marked(function: Function, name: str, decorator: ast.expr) -> Function:
    if name in _PROPERTIES:
        function.kind = "property"
    elif name == "builtins.staticmethod":
        function.kind = "static"
    elif name == "builtins.classmethod":
        function.kind = "class"
    elif name in ("contextlib.contextmanager", "contextlib.asynccontextmanager"):
        function.manages = True
    elif name == "tf.function":
        function.traced = decorator
    elif name == "tf.custom_gradient":
        function.gradient_free = "custom"
    elif name not in _TRANSPARENT:
        function.wrapped = True
    return function


def unknown_arguments(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, receiver: Value | None
) -> tuple[list[Value], dict[str, Value]]:
    """Unknown arguments for a function that nobody calls."""
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    if receiver is not None:
        names = names[1:]
    positional: list[Value] = [Unknown(name, data=True) for name in names]
    keywords: dict[str, Value] = {
        argument.arg: Unknown(argument.arg, data=True) for argument in node.args.kwonlyargs
    }
    return positional, keywords


def call_method(
    reader: Reader, receiver: Instance, name: str, arguments: list[Value], node: ast.AST
) -> Value | None:
    """Calls a method of a class of the file, if there is one."""
    method = attributes.member(receiver.of, name)
    if isinstance(method, Function):
        return reader.call(Bound(receiver, method), arguments, {}, node)
    return None
