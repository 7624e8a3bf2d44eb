"""Enters functions of the program: arguments bound, the body followed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from .. import modules
from ..dependence import Anything
from ..flow import cut, merge, origin
from ..framework import losses
from ..joining import join_values
from ..noticing import clips, habits, sample_weights, state, unread
from ..values import (
    Constant,
    Dataset,
    DictValue,
    Function,
    Instance,
    Layer,
    Library,
    ListValue,
    Managed,
    Module,
    Scope,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import calls, imports, iterators

if TYPE_CHECKING:
    from ..reader import Frame, Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def follow(
    reader: Reader,
    function: Function,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
    receiver: Value | None,
) -> Value:
    """What a call of a function of the program gives, entered unless it is too deep."""
    if (
        len(reader.frames) > _deepest()
        or sum(f.function is not None and f.function.node is function.node for f in reader.frames)
        > 1
        or not modules.worth_following(reader, function.node, receiver)
    ):
        return calls.unknown_call(
            reader, Unknown(function.name, data=True), arguments, keywords, node
        )
    if function.manages:
        return Managed(function, arguments, keywords, receiver, node)
    if function.gradient_free == "custom":
        return _custom_gradient(reader, function, arguments, keywords, node)
    return enter(reader, function, arguments, keywords, node, receiver)


def _deepest() -> int:
    from ..reader import DEEPEST

    return DEEPEST


def enter(
    reader: Reader,
    function: Function,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
    receiver: Value | None,
    block: Callable[[Value], None] | None = None,
) -> Value:
    """Follows the body of a function of the file; `block` is followed where it yields."""
    from ..reader import Frame

    reader.entered.add(id(function.node))
    if function.name == "build" and isinstance(receiver, Instance):
        # The first call of the layer builds nothing anew.
        reader.store.set_field(receiver, "built", True)
    scope = Scope(_bind_arguments(function, arguments, keywords))
    outer = reader.frame
    traces = function.traced is not None and not reader.runs_eagerly
    frame = Frame(
        (scope, *function.scopes),
        function,
        node,
        receiver,
        traced=outer.traced or (function if traces else None),
        training=outer.training,
        building=outer.building or function.name in ("build", "__init__"),
        guarded=outer.guarded if outer.traced is not None else 0,
        keras_call=outer.keras_call,
        block=block,
    )
    state.function_begins(reader, function, outer, arguments, node)
    clips.handed(reader, function, scope.names, node)
    reader.frames.append(frame)
    try:
        body = function.node.body
        if isinstance(body, list):
            left = reader.execute(body)
            if left is None:
                frame.returned.append(Constant(None))
        else:
            frame.returned.append(reader.evaluate(body))
    finally:
        reader.frames.pop()
    if frame.yielded:
        generator = _yielded(frame, node)
        iterators.generator_made(reader, function, generator, node)
        return generator
    result = _returned(frame.returned)
    unread.returned(reader, function, scope.names, result, node)
    sample_weights.step_called(reader, function, scope.names)
    unread.dropped(reader, scope.names, result, node)
    return result


def _yielded(frame: Frame, node: ast.AST) -> Dataset | ListValue:
    """What a generator gives: one by one where that is known."""
    if not frame.open_ended:
        return ListValue(list(frame.yielded), node=node)
    return Dataset(reduce(join_values, frame.yielded), node)


def _returned(values: list[Value]) -> Value:
    plain = [value for value in values if not (isinstance(value, Constant) and value.value is None)]
    if not plain:
        return values[0] if values else Constant(None)
    result = plain[-1]
    for value in plain[:-1]:
        result = join_values(result, value)
    return result


def _bind_arguments(
    function: Function, arguments: Arguments, keywords: Keywords
) -> dict[str, Value]:
    node = function.node.args
    names = [argument.arg for argument in (*node.posonlyargs, *node.args)]
    bound: dict[str, Value] = dict(function.defaults)
    bound.update(zip(names, arguments, strict=False))
    known = {*names, *(argument.arg for argument in node.kwonlyargs)}
    bound.update({key: value for key, value in keywords.items() if key in known})
    if node.vararg is not None:
        bound[node.vararg.arg] = ListValue(list(arguments[len(names) :]), fixed=True)
    if node.kwarg is not None:
        rest: dict[object, Value] = {
            key: value for key, value in keywords.items() if key not in known
        }
        bound[node.kwarg.arg] = DictValue(rest)
    for name in known:
        bound.setdefault(name, Unknown(name, data=True))
    if "tf" in known and not isinstance(bound["tf"], Library | Module) and _opens_tape(function):
        # Programs for several backends hand the library over.
        bound["tf"] = imports.of("tensorflow")
    return bound


def _opens_tape(function: Function) -> bool:
    """Says whether a function names `tf.GradientTape`."""
    return any(
        isinstance(one, ast.Attribute) and ast.unparse(one) == "tf.GradientTape"
        for one in ast.walk(function.node)
    )


def _custom_gradient(
    reader: Reader, function: Function, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A function with its own gradient: live, whatever its body does."""
    with state.quietly(reader):
        result = enter(reader, function, arguments, keywords, node, None)
    losses.custom_gradient(reader, function, result, node)
    given = [reader.read(value, node) for value in (*arguments, *keywords.values())]
    for number, entry in habits.zero_entries(result).items():
        if number < len(arguments):
            path = (*reader.path(node), entry)
            given[number] = cut(given[number], "nothing", function.name, path, reader.active)
    flow = merge(given)
    zeros = habits.returned_zeros(result)
    if zeros is not None:
        path = (*reader.path(node), zeros)
        flow = cut(flow, "nothing", function.name, path, reader.active)
    # Variables that the body reads: their gradients are its own business, too.
    value = result.items[0] if isinstance(result, ListValue) and result.items else None
    within = reader.read(value, node) if isinstance(value, Tensor) else {}
    inner = [
        origin(owner, reader.active, reader.path(node))
        for owner in within
        if owner not in flow and isinstance(owner, Variable | Layer | Unknown | Anything)
    ]
    used = [owner for owner in within if owner not in flow and isinstance(owner, Variable | Layer)]
    habits.takes_no_variables(reader, result, used, node)
    flow = merge((flow, *inner))
    first = arguments[0] if arguments else None
    shape = first.shape if isinstance(first, Tensor) else None
    return Tensor(flow, "tensor", shape, made=reader.path(node))
