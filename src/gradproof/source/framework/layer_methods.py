"""Methods that layers and models have from Keras."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..flow import cut, merge
from ..joining import flow_of
from ..noticing import (
    blends,
    habits,
    halves,
    saving,
    state,
    statistics,
    target_copies,
    trainable_flips,
    written_weights,
)
from ..python import attributes
from ..values import (
    Constant,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Other,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import fitting, generations, layer_calls, layers, optimizers, ownership, shapes

if TYPE_CHECKING:
    from ..reader import Reader


def method(
    reader: Reader,
    receiver: Layer | Instance,
    name: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
) -> Value:
    """Follows a method that Keras gives a layer or model."""
    for group in (_assembled, _trained, _used):
        found = group(reader, receiver, name, arguments, keywords, node)
        if found is not None:
            return found
    found = _weights(reader, receiver, name, arguments, node)
    return Unknown(name, data=True) if found is None else found


def _assembled(
    reader: Reader,
    receiver: Layer | Instance,
    name: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
) -> Value | None:
    """Methods that say what it consists of."""
    if name == "add" and isinstance(receiver, Layer) and arguments:
        layers.add(reader, receiver, arguments[0])
        return Constant(None)
    if name == "pop" and isinstance(receiver, Layer):
        return Constant(None)
    if name in ("add_weight", "add_variable") and isinstance(receiver, Instance):
        return add_weight(reader, receiver, arguments, keywords, node)
    if name == "build":
        _build(reader, receiver, node)
        return Constant(None)
    if name == "get_layer":
        return _found_layer(receiver, arguments, keywords)
    return None


def _trained(
    reader: Reader,
    receiver: Layer | Instance,
    name: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
) -> Value | None:
    """Methods that train it, or say how."""
    if name == "compile":
        _compile(node, reader, receiver, arguments, keywords)
        return Constant(None)
    if name in ("fit", "train_on_batch", "fit_generator"):
        return fitting.fit(reader, receiver, name, arguments, keywords, node)
    if name == "add_loss":
        habits.loss_added(reader, receiver)
    if name in ("add_loss", "add_metric"):
        return Constant(None)
    if name in ("compute_loss", "compiled_loss"):
        flow = merge(reader.read(value, node) for value in (*arguments, *keywords.values()))
        reader.facts.losses_read = True
        return Tensor(flow, loss=1, made=reader.path(node))
    return None


def _used(
    reader: Reader,
    receiver: Layer | Instance,
    name: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
) -> Value | None:
    """Methods that run it forwards."""
    if name in ("predict", "predict_on_batch"):
        return _predicted(reader, receiver, arguments, node)
    if name == "call":
        return reader.call(receiver, arguments, keywords, node)
    if name in ("evaluate", "test_on_batch"):
        return _measured(reader, receiver, name, arguments, node)
    return None


def _weights(
    reader: Reader, receiver: Layer | Instance, name: str, arguments: list[Value], node: ast.Call
) -> Value | None:
    """Methods that take its weights from elsewhere, or give them away."""
    if name == "set_weights":
        given = arguments[0] if arguments else None
        target_copies.weights_set(reader, receiver, given, node)
        blends.weights_given(reader, receiver, given, node)
        statistics.copied(reader, receiver, given)
        written_weights.given(reader, receiver, given, node)
    if name in ("set_weights", "load_weights", "from_pretrained", "load_model"):
        _borrow(reader, receiver)
        if name == "load_weights":
            saving.weights(reader, "load", receiver, arguments, node)
        return Constant(None)
    if name == "save_weights":
        saving.weights(reader, "save", receiver, arguments, node)
    if name == "get_weights":
        return blends.arrays_of(reader, receiver, node)
    return None


def _build(reader: Reader, receiver: Layer | Instance, node: ast.Call) -> None:
    if isinstance(receiver, Layer):
        layers.mark_built(reader, receiver)
        return
    layer_calls.build_instance(reader, receiver, node)
    if reader.generation == "2" or not attributes.member(receiver.of, "call"):
        _mark_all_built(reader, receiver)


def _predicted(
    reader: Reader, receiver: Layer | Instance, arguments: list[Value], node: ast.Call
) -> Value:
    with state.quietly(reader):
        inner = reader.call(receiver, arguments[:1], {}, node)
    flow = cut(flow_of(inner), "numpy", "predict", reader.path(node), reader.active)
    if isinstance(inner, Tensor):
        return Tensor(flow, "array", inner.shape, ending=inner.ending, ender=inner.ender)
    if isinstance(inner, ListValue):
        return ListValue([Tensor(flow, "array") for _ in inner.items], inner.exact)
    return Tensor(flow, "array")


def _measured(
    reader: Reader, receiver: Layer | Instance, name: str, arguments: list[Value], node: ast.Call
) -> Value:
    """What `evaluate` gives: Python numbers, through which no gradient comes."""
    if not reader.active:
        return Tensor(form="number")
    with state.quietly(reader):
        inner = reader.call(receiver, arguments[:1], {}, node)
    flow = cut(reader.read(inner, node), "numpy", name, reader.path(node), reader.active)
    return Tensor(flow, "number", made=reader.path(node))


def _compile(
    node: ast.Call,
    reader: Reader,
    receiver: Layer | Instance,
    arguments: list[Value],
    keywords: dict[str, Value],
) -> None:
    given = dict(zip(("optimizer", "loss", "metrics"), arguments, strict=False)) | keywords
    named = given.get("optimizer")
    if isinstance(named, Constant) and isinstance(named.value, str):
        given["optimizer"] = optimizers.make_optimizer(reader, named.value, [], {}, node)
    if isinstance(receiver, Instance):
        if _is_wrapped(reader, given):
            inner = {"inner_optimizer": given["optimizer"]}
            wrapped = Optimizer("LossScaleOptimizer", node, reader.path(node), inner, scales=True)
            given[" scaling"] = wrapped
        reader.store.set_field(receiver, "compiled", given)
    else:
        for name, value in given.items():
            reader.store.set_item(receiver.arguments, name, value)
    trainable_flips.compiles(reader, receiver)


def _is_wrapped(reader: Reader, given: dict[str, Value]) -> bool:
    """Says whether Keras puts its own loss scaling around a compiled optimizer."""
    optimizer, scales = given.get("optimizer"), given.get("auto_scale_loss")
    return (
        reader.generation is not None
        and halves.is_mixed(reader.facts.half)
        and isinstance(optimizer, Optimizer)
        and not optimizer.scales
        and (scales is None or (isinstance(scales, Constant) and scales.value is True))
    )


def _borrow(reader: Reader, receiver: Layer | Instance) -> None:
    for item in ownership.tracked(reader, receiver):
        if isinstance(item, Layer):
            reader.store.set_field(item, "borrowed", True)
            reader.store.set_field(item, "touched", True)
        elif isinstance(item, Variable):
            reader.store.set_field(item, "assigned", True)
            reader.store.set_field(item, "touched", True)


def _mark_all_built(reader: Reader, receiver: Instance) -> None:
    for item in ownership.tracked(reader, receiver):
        if isinstance(item, Layer):
            layers.mark_built(reader, item)


def _found_layer(
    receiver: Layer | Instance, arguments: list[Value], keywords: dict[str, Value]
) -> Value:
    wanted = arguments[0] if arguments else keywords.get("name")
    if isinstance(receiver, Layer) and isinstance(wanted, Constant):
        for part in receiver.parts:
            if isinstance(part, Layer) and part.name and part.name == wanted.value:
                return part
    return Unknown("layer")


def _initial(value: Value | None) -> Value | None:
    """The number that an initializer gives, if it gives one."""
    if isinstance(value, Constant) and value.value in ("zeros", "ones"):
        return Constant(float(value.value == "ones"))
    if isinstance(value, Other) and value.name == "Constant":
        return value.arguments.get("value")
    return None


def add_weight(
    reader: Reader,
    receiver: Instance,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
) -> Value:
    """`self.add_weight(...)`."""
    variable = Variable("add_weight", node, reader.path(node))
    name = layers.text(arguments[0]) if arguments else None
    if name is not None:
        # As Keras 2 has it: the name comes first, then the shape.
        arguments = arguments[1:]
        generations.name_first(reader, node)
    variable.name = layers.text(keywords.get("name")) or name or ""
    given = keywords.get("trainable")
    if given is not None:
        variable.trainable = bool(given.value) if isinstance(given, Constant) else None
    variable.whole = shapes.is_whole(keywords.get("dtype"))
    variable.initial = _initial(keywords.get("initializer"))
    shape = keywords.get("shape", arguments[0] if arguments else None)
    variable.shape = shapes.from_value(shape)
    variable.held_by = receiver.of.base
    reader.store.set_field(receiver, "weights", [*receiver.weights, variable])
    return variable
