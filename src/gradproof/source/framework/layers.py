"""Keras layers and models: what making and calling them does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..dependence import ANYTHING, ASIDE
from ..joining import flow_of
from ..noticing import made_anew, state, weighing
from ..values import (
    Constant,
    Instance,
    Layer,
    Library,
    ListValue,
    Other,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import api, layer_calls, scopes, shapes, tapes
from .names import last

if TYPE_CHECKING:
    from ..reader import Reader


def make(
    reader: Reader, kind: str, arguments: list[Value], keywords: dict[str, Value], node: ast.Call
) -> Value:
    """A layer or model of the library."""
    layer = Layer(kind, node, reader.path(node), arguments=dict(keywords))
    layer.name = text(keywords.get("name")) or ""
    if isinstance(keywords.get("trainable"), Constant):
        layer.trainable = bool(keywords["trainable"].value)  # type: ignore[union-attr]
    if kind in ("Sequential", "Model"):
        _make_model(reader, layer, arguments, keywords)
        reader.facts.habits.models.append(layer)
    else:
        _make_leaf(reader, layer, arguments, keywords)
        layer.borrowed = _begins_with_arrays(keywords)
    state.created(reader, "layer", layer.kind, node, layer.name)
    if not _is_made_once(reader):
        layer.made_under = reader.active
    weighing.layer_made(reader, layer)
    scopes.made(reader, layer)
    return layer


def _is_made_once(reader: Reader) -> bool:
    """Says whether what is made here is not made anew at each turn of what tapes record."""
    inside = min((tape.depth for tape in reader.tapes), default=0)
    frames = reader.frames[inside:]
    kept = any(f.function is not None and made_anew.may_run_once(f.function) for f in frames)
    guarded = any(frame.guarded for frame in (reader.frame, *frames))
    return kept or guarded or reader.frame.building


def text(value: Value | None) -> str | None:
    """The text of a constant."""
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
    vague = ANYTHING in flow or ASIDE in flow
    if vague or any(not isinstance(one, Tensor) for one in tapes.entries(outputs)):
        layer.opaque = True
    layer.parts = [
        part
        for part in flow
        if isinstance(part, Layer | Variable | Instance) and part not in before
    ]


def add(reader: Reader, model: Layer, part: Value) -> None:
    """`model.add(part)`, also for each part given at once."""
    if isinstance(part, Tensor):
        model.inputs = part
        build_parts(reader, model)
        return
    if isinstance(part, Layer) and part.kind in ("Input", "InputLayer"):
        model.inputs = Tensor(shape=shapes.declared(part))
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
            layer_calls.build_instance(reader, part, part.node)
    elif isinstance(part, Unknown):
        reader.store.set_field(model, "opaque", True)
        if model.built is False:
            reader.store.set_field(model, "built", None)


def build_parts(reader: Reader, model: Layer) -> None:
    """Makes the variables of all layers of a model."""
    reader.store.set_field(model, "built", True)
    for part in model.parts:
        if isinstance(part, Layer):
            mark_built(reader, part)
        elif isinstance(part, Instance):
            layer_calls.build_instance(reader, part, part.node)


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
    names: tuple[str, ...] = ("units", "activation") if kind == "Dense" else ("units",)
    if kind in api.CONVOLUTIONS:
        names = ("filters", "kernel_size", "strides", "padding")
    elif kind in api.DRAWS:
        names = ("stddev",) if kind == "GaussianNoise" else ("rate",)
    for name, value in zip(names, arguments, strict=False):
        layer.arguments.setdefault(name, value)
    layer.ended_by = ending_of(kind, layer.arguments, arguments)


def _begins_with_arrays(keywords: dict[str, Value]) -> bool:
    """Says whether weights that exist already are given: `initializers.Constant(matrix)`."""
    if isinstance(keywords.get("weights"), ListValue):
        return True
    given = [value for name, value in keywords.items() if name.endswith("_initializer")]
    constants = [one for one in given if isinstance(one, Other) and one.kind == "initializer"]
    return any(
        last(one.name).lower() in ("constant", "constant_initializer")
        and not isinstance(one.arguments.get("value"), Constant | None)
        for one in constants
    )


def ending_of(kind: str, keywords: dict[str, Value], arguments: list[Value]) -> str | None:
    """The last activation of a layer of this kind."""
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


def from_hub(reader: Reader, keywords: dict[str, Value], node: ast.Call) -> Layer:
    """`hub.KerasLayer(...)`: not trainable unless it is told to be."""
    layer = Layer("KerasLayer", node, reader.path(node), arguments=dict(keywords), built=True)
    layer.name, layer.opaque, layer.borrowed = text(keywords.get("name")) or "", True, True
    given = keywords.get("trainable", Constant(False))
    layer.trainable = bool(given.value) if isinstance(given, Constant) else None
    return layer
