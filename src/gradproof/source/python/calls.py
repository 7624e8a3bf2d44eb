"""Follows calls: of functions of the file, of objects, of libraries."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .. import escaping
from ..dependence import ANYTHING, ASIDE
from ..flow import cut, merge, origin
from ..framework import (
    assigning,
    datasets,
    layer_calls,
    layer_methods,
    layers,
    libraries,
    losses,
    metrics,
    optimizers,
    strategies,
    tapes,
    tensors,
)
from ..noticing import frozen, halves, saving, state
from ..values import (
    Bound,
    Class,
    Constant,
    Dataset,
    DictValue,
    Function,
    Group,
    Instance,
    Layer,
    Library,
    ListValue,
    LossFunction,
    Managed,
    Optimizer,
    Other,
    Partial,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)
from . import classes, containers, functions, managers

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def call(
    reader: Reader, callee: Value, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """What a call gives."""
    reader.count_step()
    if isinstance(callee, Function):
        return functions.follow(reader, callee, arguments, keywords, node, None)
    if isinstance(callee, Bound):
        return _bound(reader, callee, arguments, keywords, node)
    if isinstance(callee, Library):
        return libraries.library(reader, callee.name, arguments, keywords, node)
    if isinstance(callee, Class):
        made = classes.instantiate(reader, callee, arguments, keywords, node)
        halves.made(reader, made, keywords)
        return made
    if isinstance(callee, Instance):
        return classes.call_instance(reader, callee, arguments, keywords, node)
    if isinstance(callee, Layer):
        return layer_calls.call_layer(reader, callee, arguments, keywords, node)
    if isinstance(callee, Partial):
        return call(
            reader,
            callee.function,
            [*callee.arguments, *arguments],
            {**callee.keywords, **keywords},
            node,
        )
    if isinstance(callee, LossFunction):
        return losses.loss_called(reader, callee, arguments, keywords, node)
    if isinstance(callee, Other):
        return _other(reader, callee, arguments, keywords, node)
    if isinstance(callee, Tensor) and arguments:
        # What an operation gave may be a function: `keras.activations.get(name)`.
        return unknown_call(reader, callee, arguments, keywords, node)
    if isinstance(callee, Tensor):
        return callee
    if isinstance(callee, Variable | Group) and not arguments and not keywords:
        # `variable.value()`, where `value` is a method.
        return tensors.plain(reader, reader.read(callee, node), node)
    return unknown_call(reader, callee, arguments, keywords, node)


def unknown_call(
    reader: Reader, callee: Value, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A call of which the file does not tell what it does."""
    values = [*arguments, *keywords.values()]
    for value in values:
        escaping.escape(reader, value)
        escaping.touch(reader, value)
    read = reader.path(node)
    flow = merge(
        (
            *(reader.read(value, node) for value in values),
            origin(ASIDE if _is_loss(callee, values, node) else ANYTHING, reader.active, read),
        )
    )
    if isinstance(callee, Unknown):
        callee.called = True
        # A method of a model reads the model.
        flow = merge((flow, *(origin(one, reader.active, read) for one in callee.with_parents())))
        return Unknown(callee.name, data=callee.data, flow=flow)
    return Unknown(flow=flow)


_LOSS = re.compile(r"loss(_?(fn|func|function|object|obj))?s?$|criterion$|cross_?entropy$")
_LOSS_HELD = re.compile(r"(compiled_loss|loss_?(fn|func|function|object|obj)|criterion)$")


def _is_loss(callee: Value, values: list[Value], node: ast.AST) -> bool:
    """Says whether an unknown callee is a loss that is given all it needs.

    A method that is inherited from elsewhere may compute predictions itself.
    """
    if not isinstance(callee, Unknown) or not isinstance(node, ast.Call) or len(values) < 2:
        return False
    if any(isinstance(one, Layer | Instance | Bound | Function | Partial) for one in values):
        return False
    if isinstance(node.func, ast.Name):
        return _LOSS.search(node.func.id.lower()) is not None
    if not isinstance(node.func, ast.Attribute):
        return False
    inherited = callee.name.endswith(f".{node.func.attr}")
    pattern = _LOSS_HELD if inherited else _LOSS
    return pattern.search(node.func.attr.lower()) is not None


def _bound(
    reader: Reader, callee: Bound, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    receiver, method = callee.receiver, callee.method
    if isinstance(method, Function):
        return functions.follow(reader, method, [receiver, *arguments], keywords, node, receiver)
    if isinstance(receiver, Tape):
        return tapes.tape_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Optimizer):
        return optimizers.optimizer_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Layer) or (
        isinstance(receiver, Instance) and receiver.of.base in ("layer", "model")
    ):
        assert isinstance(receiver, Layer | Instance)
        return layer_methods.method(reader, receiver, method, arguments, keywords, node)  # type: ignore[arg-type]
    if isinstance(receiver, Variable | Group):
        return assigning.variable_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Tensor):
        if receiver.part_of is not None and method == "assign" and arguments:
            assigning.part_assigned(reader, receiver.part_of, arguments[0], node)
        return tensors.method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, ListValue | DictValue | Zip | Constant | Dataset):
        return containers.method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Unknown):
        return _of_unknown(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, Other):
        return _other_method(reader, receiver, method, arguments, keywords, node)
    if isinstance(receiver, LossFunction):
        return losses.loss_called(reader, receiver, arguments, keywords, node)
    if isinstance(receiver, Function) and method in ("get_concrete_function", "python_function"):
        return receiver
    return unknown_call(reader, receiver, arguments, keywords, node)


def _of_unknown(
    reader: Reader,
    receiver: Unknown,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    if method in ("apply_gradients", "minimize"):
        optimizers.apply(reader, receiver, method, arguments, keywords, node)
        return Unknown(data=True)
    if method == "numpy":
        return Tensor(
            cut(reader.read(receiver, node), "numpy", "numpy", reader.path(node), reader.active),
            "array",
        )
    if method in ("assign", "assign_sub", "assign_add"):
        for value in arguments:
            escaping.escape(reader, value)
        return Unknown(data=True)
    if method == "gradient":
        for value in (*arguments, *keywords.values()):
            escaping.escape(reader, value)
        return Unknown("gradients", flow=merge(reader.read(value, node) for value in arguments))
    return unknown_call(reader, receiver, arguments, keywords, node)


def _other(
    reader: Reader, callee: Other, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    if callee.kind == "tracer":
        return state.traced(reader, arguments[0], node) if arguments else callee
    if callee.kind == "metric":
        return metrics.called(reader, callee, arguments, keywords, node)
    if callee.kind in ("schedule", "regularizer"):
        for value in arguments:
            escaping.look(reader, value)
        flow = merge(reader.read(value, node) for value in arguments)
        return Tensor(flow, made=reader.path(node))
    if callee.kind == "initializer":
        return Tensor(shape=None, made=reader.path(node))
    if callee.kind == "generator":
        return Tensor(form="array")
    return unknown_call(reader, callee, arguments, keywords, node)


def _other_method(
    reader: Reader,
    receiver: Other,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    if receiver.kind == "super":
        return _super_method(reader, receiver, method, arguments, keywords, node)
    if receiver.kind == "metric":
        return metrics.method(reader, receiver, method, arguments, keywords, node)
    if receiver.kind == "generator":
        if receiver.name in ("default_rng", "RandomState") and isinstance(node, ast.Call):
            frozen.drawn(reader, ast.unparse(node.func), node)
        return datasets.random_array(reader, method, arguments, keywords, node)
    if receiver.kind == "exit stack" and method == "enter_context" and arguments:
        if isinstance(arguments[0], Tape):
            tapes.tape_method(reader, arguments[0], "__enter__", [], {}, node)
        if isinstance(arguments[0], Managed):
            return managers.entered(reader, arguments[0])
        return arguments[0]
    if receiver.kind == "strategy":
        return strategies.strategy_method(reader, receiver, method, arguments, keywords, node)
    if receiver.kind == "learning rate" and method == "assign":
        optimizer = receiver.arguments["optimizer"]
        if isinstance(optimizer, Optimizer) and arguments:
            optimizers.rate_written(reader, optimizer, arguments[0], node)
        return Constant(None)
    if receiver.kind in ("learning rate", "schedule", "initializer", "policy"):
        return Tensor(form="number")
    if receiver.kind in ("checkpoint",):
        return saving.checkpoint_method(reader, receiver, method, arguments, node)
    return unknown_call(reader, receiver, arguments, keywords, node)


def _super_method(
    reader: Reader,
    receiver: Other,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    thing = receiver.arguments["receiver"]
    if method == "__init__" and isinstance(thing, Instance):
        if thing.of.base == "model":
            layers.set_functional(reader, thing, arguments, keywords)
        if thing.of.base == "optimizer" and thing.optimizer is not None:
            thing.optimizer.arguments.update(keywords)
            if arguments:
                thing.optimizer.arguments.setdefault("learning_rate", arguments[0])
        name = keywords.get("name")
        if isinstance(name, Constant):
            thing.attributes.names.setdefault("name", name)
        return Constant(None)
    if method in ("call", "__call__") and isinstance(thing, Instance):
        functional = thing.attributes.names.get("_functional")
        if isinstance(functional, Layer):
            return layer_calls.call_layer(reader, functional, arguments, keywords, node)
        return layer_calls.opaque_call(reader, thing, arguments, keywords, node)
    if method in (
        "get_config",
        "build",
        "compile",
        "reset_states",
        "on_epoch_end",
        "__setattr__",
        "from_config",
    ):
        return DictValue({}, False) if method == "get_config" else Constant(None)
    return unknown_call(reader, receiver, arguments, keywords, node)
