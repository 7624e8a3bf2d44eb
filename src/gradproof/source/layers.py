"""Keras layers and models: what making and calling them does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import api, attributes, fitting, habits, modes, ownership, shapes, state, tapes, updates
from .flow import merge, origin
from .joining import flow_of
from .names import last
from .values import (
    ANYTHING,
    NO_FLOW,
    Bound,
    Constant,
    Flow,
    Function,
    Instance,
    Layer,
    Library,
    ListValue,
    Other,
    Tensor,
    Trail,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from .reader import Reader


def make(
    reader: Reader, kind: str, arguments: list[Value], keywords: dict[str, Value], node: ast.Call
) -> Value:
    """A layer or model of the library."""
    layer = Layer(kind, node, reader.path(node), arguments=dict(keywords))
    layer.name = _text(keywords.get("name")) or ""
    if isinstance(keywords.get("trainable"), Constant):
        layer.trainable = bool(keywords["trainable"].value)  # type: ignore[union-attr]
    if kind in ("Sequential", "Model"):
        _make_model(reader, layer, arguments, keywords)
    else:
        _make_leaf(reader, layer, arguments, keywords)
    state.created(reader, "layer", layer.kind, node, layer.name)
    return layer


def _text(value: Value | None) -> str | None:
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None


def _make_model(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value]
) -> None:
    if layer.kind == "Sequential":
        parts = arguments[0] if arguments else keywords.get("layers")
        if isinstance(parts, ListValue):
            for part in parts.items:
                add(reader, layer, part)
            if not parts.exact:
                layer.built = None
        elif parts is not None and not (isinstance(parts, Constant) and parts.value is None):
            layer.opaque, layer.built = True, None
        return
    inputs = arguments[0] if arguments else keywords.get("inputs")
    outputs = arguments[1] if len(arguments) > 1 else keywords.get("outputs")
    layer.inputs, layer.outputs, layer.built = inputs, outputs, True
    if outputs is None or inputs is None:
        layer.opaque = True
        return
    before = flow_of(inputs)
    flow = flow_of(outputs)
    if ANYTHING in flow or any(not isinstance(one, Tensor) for one in tapes.entries(outputs)):
        layer.opaque = True
    layer.parts = [
        part
        for part in flow
        if isinstance(part, Layer | Variable | Instance) and part not in before
    ]


def add(reader: Reader, model: Layer, part: Value) -> None:
    """`model.add(part)`, also for each part given at once."""
    if isinstance(part, Tensor):
        _build_parts(reader, model)
        return
    if isinstance(part, Layer) and part.kind in ("Input", "InputLayer"):
        model.built = True
        return
    first = not model.parts
    reader.store.set_field(model, "parts", [*model.parts, part])
    if isinstance(part, Layer):
        shaped = first and ("input_shape" in part.arguments or "input_dim" in part.arguments)
        if shaped or (first and part.parts and part.built):
            reader.store.set_field(model, "built", True)
        if model.built and part.built is False:
            reader.store.set_field(part, "built", True)
    elif isinstance(part, Instance):
        if model.built:
            _build_instance(reader, part, part.node)
    elif isinstance(part, Unknown):
        reader.store.set_field(model, "opaque", True)
        if model.built is False:
            reader.store.set_field(model, "built", None)


def _build_parts(reader: Reader, model: Layer) -> None:
    reader.store.set_field(model, "built", True)
    for part in model.parts:
        if isinstance(part, Layer):
            mark_built(reader, part)
        elif isinstance(part, Instance):
            _build_instance(reader, part, part.node)


def mark_built(reader: Reader, layer: Layer) -> None:
    """Notes that a layer's variables exist from now on."""
    reader.store.set_field(layer, "built", True)
    for part in layer.parts:
        if isinstance(part, Layer) and part is not layer:
            mark_built(reader, part)


def _make_leaf(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value]
) -> None:
    kind = layer.kind
    if kind in ("TimeDistributed", "Bidirectional", "SpectralNormalization", "Wrapper"):
        inner = arguments[0] if arguments else keywords.get("layer")
        if isinstance(inner, Layer | Instance):
            layer.parts = [inner]
            layer.ended_by = inner.ended_by if isinstance(inner, Layer) else None
        return
    names = {"Dense": ("units", "activation"), "Conv2D": ("filters", "kernel_size")}.get(
        kind, ("units",)
    )
    for name, value in zip(names, arguments, strict=False):
        layer.arguments.setdefault(name, value)
    layer.ended_by = _ending(kind, layer.arguments, arguments)


def _ending(kind: str, keywords: dict[str, Value], arguments: list[Value]) -> str | None:
    if kind in api.ACTIVATION_LAYERS:
        return api.ACTIVATION_LAYERS[kind]
    if kind == "Activation":
        return activation_name(arguments[0] if arguments else keywords.get("activation"))
    if kind in api.LINEAR_LAYERS:
        return activation_name(keywords.get("activation"))
    return None


def activation_name(value: Value | None) -> str | None:
    """`linear`, `softmax` and so on; `None` if the file does not tell."""
    if value is None or (isinstance(value, Constant) and value.value is None):
        return "linear"
    if isinstance(value, Constant) and isinstance(value.value, str):
        return value.value.lower()
    if isinstance(value, Library):
        return last(value.name).lower()
    return None


def set_functional(
    reader: Reader, instance: Instance, arguments: list[Value], keywords: dict[str, Value]
) -> None:
    """`super().__init__(inputs, outputs)` of a functional model's subclass."""
    outputs = arguments[1] if len(arguments) > 1 else keywords.get("outputs")
    inputs = arguments[0] if arguments else keywords.get("inputs")
    if outputs is None or inputs is None:
        return
    node = instance.node
    inner = Layer("Model", node, instance.path)  # type: ignore[arg-type]
    _make_model(reader, inner, [inputs, outputs], {})
    reader.store.set_item(instance.attributes.names, "_functional", inner)


def call_layer(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """Follows the call of a layer or model of the library."""
    modes.entered_keras(reader, layer, keywords, node)
    before = reader.frame.training
    reader.frame.training = modes.flag_in_force(reader, keywords)
    try:
        return _called(reader, layer, arguments, keywords, node)
    finally:
        reader.frame.training = before
        modes.left_keras(reader, layer)


def _called(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    reader.store.set_field(layer, "called", True)
    inputs = arguments[0] if arguments else keywords.get("inputs", Unknown("inputs", data=True))
    if layer.kind == "Sequential" and not layer.opaque:
        value = inputs
        for part in layer.parts:
            value = reader.call(part, [value], {}, node)
        reader.store.set_field(layer, "built", True)
        return value if layer.parts else Tensor(reader.read(inputs, node))
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


def _leaf_result(
    reader: Reader, layer: Layer, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    values = [*arguments, *(v for k, v in keywords.items() if k not in ("training", "mask"))]
    flow = merge(reader.read(value, node) for value in values)
    if layer.kind == "Embedding":
        flow = NO_FLOW
    if layer.kind not in api.WITHOUT_VARIABLES or layer.kind in api.BEHAVES_DIFFERENTLY:
        flow = merge(
            (flow, origin(layer, reader.watching(layer, layer.trainable), reader.path(node)))
        )
    modes.layer_called(reader, layer, node)
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
        if isinstance(part, Layer) and part.kind not in ("Sequential", "Model"):
            modes.layer_called(reader, part, node)
    return _output(reader, layer, layer.outputs, given, before, node)


def _output(
    reader: Reader, layer: Layer, output: Value | None, given: Flow, before: Flow, node: ast.AST
) -> Value:
    if isinstance(output, ListValue):
        items = [_output(reader, layer, item, given, before, node) for item in output.items]
        return ListValue(items, output.exact, output.fixed)
    if isinstance(output, Tensor):
        flow: dict[object, tuple[Trail, ...]] = {}
        for thing, trails in output.flow.items():
            if thing in before:
                continue
            trainable = thing.trainable if isinstance(thing, Layer | Variable) else None
            watching = reader.watching(thing, trainable) if thing is not ANYTHING else reader.active
            read = reader.path(node)
            flow[thing] = tuple(
                Trail(watching if trail.cut is None else frozenset(), read, trail.cut)
                for trail in trails
            )
        return Tensor(
            merge((given, flow)),
            "tensor",
            output.shape,
            ending=output.ending,
            ender=output.ender,
            made=reader.path(node),
        )
    return Tensor(merge((given, origin(layer, reader.active, reader.path(node)))))


def _build_instance(reader: Reader, instance: Instance, node: ast.AST) -> None:
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
    _build_instance(reader, instance, node)
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
        return reader.call(Bound(instance, call), arguments, keywords, node)
    finally:
        frame.training = before
        modes.left_keras(reader, instance)


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


def method(
    reader: Reader,
    receiver: Layer | Instance,
    name: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
) -> Value:
    """Follows a method that Keras gives a layer or model."""
    if name in ("predict", "predict_on_batch"):
        return _predicted(reader, receiver, arguments, node)
    if name == "add" and isinstance(receiver, Layer) and arguments:
        add(reader, receiver, arguments[0])
        return Constant(None)
    if name == "pop" and isinstance(receiver, Layer):
        return Constant(None)
    if name in ("add_weight", "add_variable") and isinstance(receiver, Instance):
        return add_weight(reader, receiver, arguments, keywords, node)
    if name == "compile":
        _compile(node, reader, receiver, arguments, keywords)
        return Constant(None)
    if name in ("fit", "train_on_batch", "fit_generator"):
        return fitting.fit(reader, receiver, name, arguments, keywords, node)
    if name == "build":
        if isinstance(receiver, Layer):
            mark_built(reader, receiver)
        else:
            _build_instance(reader, receiver, node)
            if reader.generation == "2" or not attributes.member(receiver.of, "call"):
                _mark_all_built(reader, receiver)
        return Constant(None)
    if name == "set_weights":
        habits.weights_set(reader, receiver, arguments[0] if arguments else None, node)
    if name in ("set_weights", "load_weights", "from_pretrained", "load_model"):
        _borrow(reader, receiver)
        return Constant(None)
    if name == "get_weights":
        return ListValue([Tensor(form="array")], False, owner=receiver, which="values")
    if name == "get_layer":
        return _found_layer(receiver, arguments, keywords)
    if name == "call":
        return reader.call(receiver, arguments, keywords, node)
    if name in (
        "summary",
        "save",
        "save_weights",
        "export",
        "get_config",
        "count_params",
        "reset_states",
        "reset_metrics",
    ):
        return Unknown(name, data=True)
    if name in ("evaluate", "test_on_batch"):
        return Tensor(form="number")
    if name == "compute_loss":
        values = [*arguments, *keywords.values()]
        flow = merge(reader.read(value, node) for value in values)
        reader.facts.losses_read = True
        return Tensor(flow, loss=1, made=reader.path(node))
    if name == "add_loss" or name == "add_metric":
        return Constant(None)
    return Unknown(name, data=True)


def _predicted(
    reader: Reader, receiver: Layer | Instance, arguments: list[Value], node: ast.Call
) -> Value:
    from .flow import cut

    with state.quietly(reader):
        inner = reader.call(receiver, arguments[:1], {}, node)
    flow = cut(flow_of(inner), "numpy", "predict", reader.path(node), reader.active)
    if isinstance(inner, Tensor):
        return Tensor(flow, "array", inner.shape, ending=inner.ending, ender=inner.ender)
    if isinstance(inner, ListValue):
        return ListValue([Tensor(flow, "array") for _ in inner.items], inner.exact)
    return Tensor(flow, "array")


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
        given["optimizer"] = updates.make_optimizer(reader, named.value, [], {}, node)
    if isinstance(receiver, Instance):
        reader.store.set_field(receiver, "compiled", given)
    else:
        for name, value in given.items():
            reader.store.set_item(receiver.arguments, name, value)
    habits.compiles(reader, receiver)


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
            mark_built(reader, item)


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
    variable.name = _text(keywords.get("name")) or ""
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
