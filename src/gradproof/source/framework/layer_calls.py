"""Calls of layers and models: what they give, and what they make first."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..dependence import ANYTHING, NO_FLOW, Anything, Flow, Trail
from ..flow import cut, merge, origin
from ..joining import flow_of
from ..noticing import modes, settings, target_copies, written_weights
from ..python import attributes
from ..values import (
    Bound,
    Constant,
    DictValue,
    Function,
    Instance,
    Layer,
    Library,
    ListValue,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import api, shapes, submodels

if TYPE_CHECKING:
    from ..reader import Reader


def call_layer(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """Follows the call of a layer or model of the library."""
    modes.entered_keras(reader, layer, keywords, node)
    before = reader.frame.training
    reader.frame.training = modes.flag_in_force(reader, keywords)
    try:
        value = _called(reader, layer, arguments, keywords, node)
    finally:
        reader.frame.training = before
        modes.left_keras(reader, layer)
    value = written_weights.used(reader, layer, value)
    return submodels.computed(reader, layer, value, node)


def _called(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    reader.store.set_field(layer, "called", True)
    reader.facts.called(layer)
    target_copies.called(reader, layer, node)
    settings.used(reader, layer, node)
    inputs = arguments[0] if arguments else keywords.get("inputs", Unknown("inputs", data=True))
    if layer.kind == "Sequential" and not layer.opaque:
        value = inputs
        for part in layer.parts:
            value = reader.call(part, [value], {}, node)
        reader.store.set_field(layer, "built", True)
        return _as_declared(layer, value) if layer.parts else Tensor(reader.read(inputs, node))
    if layer.outputs is not None:
        return _call_functional(reader, layer, inputs, node)
    reader.store.set_field(layer, "built", True)
    if layer.kind == "Lambda":
        function = layer.node.args[0] if layer.node.args else None
        if function is not None:
            inner = reader.evaluate(function)
            if isinstance(inner, Function | Library | Bound):
                return reader.call(inner, [inputs], {}, node)
    if layer.parts:
        value = reader.call(layer.parts[0], [inputs], {}, node)
        return Tensor(flow_of(value), shape=None, ending=layer.ended_by, ender=layer)
    return _leaf_result(reader, layer, arguments, keywords, node)


def _as_declared(layer: Layer, value: Value) -> Value:
    """What a `Sequential` gives, with the shape that its declared input leads to."""
    if not isinstance(value, Tensor) or value.shape is not None:
        return value
    declared = layer.inputs if layer.inputs is not None else layer.parts[0]
    passed: Value = Tensor(shape=shapes.declared(declared))
    for part in layer.parts:
        shape = shapes.of_layer(part, passed) if isinstance(part, Layer) else None
        passed = Tensor(shape=shape)
    return replace(value, shape=shapes.of(passed))


def _leaf_result(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    values = [*arguments, *(v for k, v in keywords.items() if k not in ("training", "mask"))]
    flow = merge(reader.read(value, node) for value in values)
    if layer.kind == "Embedding":
        # It looks up rows: no gradient passes to the places.
        path = reader.path(node)
        flow = cut(flow, "nondifferentiable", "Embedding", path, reader.active)
    if layer.kind not in api.WITHOUT_VARIABLES or layer.kind in api.BEHAVES_DIFFERENTLY:
        flow = merge(
            (flow, origin(layer, reader.watching(layer, layer.trainable), reader.path(node)))
        )
    modes.layer_called(reader, layer, node)
    said = keywords.get("training")
    if isinstance(said, Constant) and said.value is not None and not reader.active:
        # A functional model keeps the flag with which its layers were called.
        reader.store.set_field(layer, "decided", True)
    if values:
        reader.facts.entered(layer, reader.read(values[0], node))
    first = values[0] if values else None
    ending, ender = layer.ended_by, layer
    if layer.kind in api.PRESERVES_ENDING_LAYERS and isinstance(first, Tensor):
        return Tensor(
            flow,
            "tensor",
            shapes.of_layer(layer, first),
            ending=first.ending,
            ender=first.ender,
            made=reader.path(node),
        )
    return Tensor(
        flow,
        "tensor",
        shapes.of_layer(layer, first),
        ending=ending,
        ender=ender,
        made=reader.path(node),
    )


def _call_functional(reader: Reader, layer: Layer, inputs: Value, node: ast.AST) -> Value:
    given = reader.read(inputs, node)
    before = flow_of(layer.inputs) if layer.inputs is not None else NO_FLOW
    for part in layer.parts:
        if isinstance(part, Layer):
            reader.facts.entered(part, given)
        composite = ("Sequential", "Model")
        if isinstance(part, Layer) and part.kind not in composite and not part.decided:
            modes.layer_called(reader, part, node)
    return symbolic_output(reader, layer, layer.outputs, given, before, node)


def symbolic_output(
    reader: Reader, layer: Layer, result: Value | None, given: Flow, before: Flow, node: ast.AST
) -> Value:
    """What a functional model gives for its inputs, part by part."""
    if isinstance(result, ListValue):
        items = [symbolic_output(reader, layer, item, given, before, node) for item in result.items]
        return ListValue(items, result.exact, result.fixed)
    if isinstance(result, DictValue):
        named = {
            key: symbolic_output(reader, layer, item, given, before, node)
            for key, item in result.items.items()
        }
        return DictValue(named, result.exact)
    if isinstance(result, Tensor):
        flow: dict[object, tuple[Trail, ...]] = {}
        for thing, trails in result.flow.items():
            # What is only unknown before the inputs may have weights of its own after them.
            if thing in before and not isinstance(thing, Anything):
                continue
            trainable = thing.trainable if isinstance(thing, Layer | Variable) else None
            known = not isinstance(thing, Anything)
            watching = reader.watching(thing, trainable) if known else reader.active
            read = reader.path(node)
            flow[thing] = tuple(
                Trail(watching if trail.cut is None else frozenset(), read, trail.cut)
                for trail in trails
            )
        return Tensor(
            merge((given, flow)),
            "tensor",
            result.shape,
            ending=result.ending,
            ender=result.ender,
            made=reader.path(node),
        )
    # Of an output that nobody knows, any layer may be a part.
    read = reader.path(node)
    return Tensor(
        merge((given, origin(layer, reader.active, read), origin(ANYTHING, reader.active, read)))
    )


def build_instance(reader: Reader, instance: Instance, node: ast.AST) -> None:
    """Makes the variables of an object whose model is built."""
    if instance.built:
        return
    reader.store.set_field(instance, "built", True)
    build = attributes.member(instance.of, "build")
    if isinstance(build, Function):
        frame = reader.frame
        before, frame.building = frame.building, True
        reader.call(Bound(instance, build), [Unknown("input_shape", data=True)], {}, node)
        frame.building = before


def call_keras_instance(
    reader: Reader,
    instance: Instance,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    """Follows the call of a layer or model whose class stands in the file."""
    build_instance(reader, instance, node)
    call = attributes.member(instance.of, "call")
    if not isinstance(call, Function):
        override = attributes.member(instance.of, "__call__")
        if isinstance(override, Function):
            return reader.call(Bound(instance, override), arguments, keywords, node)
        functional = instance.attributes.names.get("_functional")
        if isinstance(functional, Layer):
            return call_layer(reader, functional, arguments, keywords, node)
        return opaque_call(reader, instance, arguments, keywords, node)
    modes.entered_keras(reader, instance, keywords, node)
    frame = reader.frame
    before = frame.training
    flag = modes.flag_in_force(reader, keywords)
    default = _default_flag(call)
    if default is not None:
        reader.default_flags.add(id(default))
    frame.training = flag if flag is not None else default
    names = {argument.arg for argument in (*call.node.args.args, *call.node.args.kwonlyargs)}
    if (
        "training" in names
        and "training" not in keywords
        and flag is not None
        and len(arguments) < 2
    ):
        keywords = {
            **keywords,
            "training": flag
            if isinstance(flag, Constant | Unknown)
            else Unknown("training", data=True),
        }
    if call.node.args.kwarg is None:
        keywords = {key: value for key, value in keywords.items() if key in names}
    try:
        value = reader.call(Bound(instance, call), arguments, keywords, node)
    finally:
        frame.training = before
        modes.left_keras(reader, instance)
    return submodels.computed(reader, instance, value, node)


def _default_flag(call: Function) -> Value | None:
    default = call.defaults.get("training")
    return default if isinstance(default, Constant) and default.value is not None else None


def opaque_call(
    reader: Reader,
    thing: Layer | Instance,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    """The call of something whose code is elsewhere."""
    flow = merge(reader.read(value, node) for value in (*arguments, *keywords.values()))
    read = reader.path(node)
    return Tensor(
        merge((flow, origin(thing, reader.active, read), origin(ANYTHING, reader.active, read))),
        form="unknown",
    )
