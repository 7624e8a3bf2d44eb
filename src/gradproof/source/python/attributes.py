"""Reads attributes: what `value.name` is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from .. import modules
from ..framework import api, generations, interop, ownership, tensors
from ..framework.names import respelled
from ..noticing import state, step_counters
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
    Module,
    Optimizer,
    Other,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)

if TYPE_CHECKING:
    from ..reader import Reader


def member(cls: Class, name: str) -> Value | None:
    """A member of a class of the file or of its bases in the file."""
    if name in cls.members:
        return cls.members[name]
    for base in cls.bases:
        if isinstance(base, Class):
            found = member(base, name)
            if found is not None:
                return found
    return None


def child(reader: Reader, parent: Unknown, name: str) -> Value:
    """A part of something unknown: the same each time it is asked for."""
    if name not in parent.children:
        label = f"{parent.name}{name}" if name.startswith("[") else f"{parent.name}.{name}"
        made = Unknown(label, parent.data, flow=parent.flow, parent=parent)
        reader.store.set_item(parent.children, name, made)
    return parent.children[name]


def attribute(reader: Reader, value: Value, name: str, node: ast.AST) -> Value:
    """What `value.name` is."""
    if isinstance(value, Optimizer | Tape | Layer | Other):
        generations.attribute_read(reader, value, name, node)
        generations.misspelt(reader, value, name, node)
    if isinstance(value, Library):
        if name in ("pi", "inf", "nan", "e") and value.name in ("np", "math"):
            return Tensor(form="number")
        return Library(respelled(f"{value.name}.{name}"))
    if isinstance(value, Instance):
        return _of_instance(reader, value, name, node)
    if isinstance(value, Module):
        return modules.member(reader, value, name)
    if isinstance(value, Layer):
        return _of_layer(reader, value, name, node)
    if isinstance(value, Unknown):
        return _of_unknown(reader, value, name, node)
    if isinstance(value, Tensor):
        return _of_tensor(reader, value, name, node)
    if isinstance(value, Variable | Group):
        return _of_variable(reader, value, name, node)
    if isinstance(value, Optimizer):
        return _of_optimizer(reader, value, name, node)
    if isinstance(value, Class):
        return _of_class(value, name)
    if isinstance(value, Function):
        return _of_function(value, name, node)
    if isinstance(value, Other):
        return _of_other(reader, value, name, node)
    if isinstance(value, ListValue) and name in value.fields:
        return value.items[value.fields.index(name)]
    if isinstance(value, Tape | ListValue | DictValue | Dataset | LossFunction | Zip | Constant):
        return Bound(value, name)
    return Unknown(name)


_OF_ANYTHING = frozenset(
    "apply_gradients minimize gradient assign assign_sub assign_add numpy".split()
)
"""Methods by whose names something unknown shows what it is."""


def _of_unknown(reader: Reader, value: Unknown, name: str, node: ast.AST) -> Value:
    if name in api.COLLECTIONS:
        value.called = True
        which = api.COLLECTIONS[name]
        return ListValue(
            [Group(value, which)], True, owner=value, which=which, node=node, property_read=True
        )
    return Bound(value, name) if name in _OF_ANYTHING else child(reader, value, name)


def _of_class(value: Class, name: str) -> Value:
    found = member(value, name)
    if isinstance(found, Function) and found.kind == "class":
        return Bound(value, found)
    return found if found is not None else Unknown(f"{value.name}.{name}")


def _of_function(value: Function, name: str, node: ast.AST) -> Value:
    if name == "__name__" and value.name:
        return Constant(value.name, node)
    return value.attributes[name] if name in value.attributes else Bound(value, name)


def _of_other(reader: Reader, value: Other, name: str, node: ast.AST) -> Value:
    if value.kind == "super":
        return of_super(reader, value, name, node)
    if name in value.arguments:
        return value.arguments[name]
    return ListValue([], False) if name in ("variables", "weights") else Bound(value, name)


def _of_instance(reader: Reader, value: Instance, name: str, node: ast.AST) -> Value:
    names = value.attributes.names
    if name in names:
        found = names[name]
        state.state_read(reader, value.attributes, name, found, node)
        return found
    found_member = member(value.of, name)
    if isinstance(found_member, Function):
        if found_member.kind == "property":
            return reader.call(Bound(value, found_member), [], {}, node)
        if found_member.kind == "static":
            return found_member
        if found_member.kind == "class":
            return Bound(value.of, found_member)
        return Bound(value, found_member)
    if found_member is not None:
        state.state_read(reader, value.attributes, name, found_member, node)
        return found_member
    if name == "__class__":
        return value.of
    if name == "__dict__":
        return all_of(value)
    if value.of.base in ("layer", "model", "module", "unknown") and name in api.COLLECTIONS:
        return ownership.collection(reader, value, api.COLLECTIONS[name], node)
    if value.of.base in ("layer", "model"):
        return _of_keras_instance(reader, value, name, node)
    if value.of.base == "optimizer" and value.optimizer is not None:
        return _of_optimizer(reader, value.optimizer, name, node)
    if value.of.base in ("unknown", "loss", "metric", "module"):
        unknown = Unknown(f"{value.of.name}.{name}", data=not value.real)
        reader.store.set_item(names, name, unknown)
        return Bound(value, name) if name == "assign" else unknown
    unknown = Unknown(f"{value.of.name}.{name}", data=True)
    reader.store.set_item(names, name, unknown)
    return unknown


def all_of(thing: Instance) -> DictValue:
    """`vars(thing)`: its attributes, which change with the dict."""
    return DictValue(cast("dict[object, Value]", thing.attributes.names), of=thing)


_KERAS_METHODS = frozenset(
    """add_weight compile fit train_on_batch evaluate predict predict_on_batch
    get_weights set_weights
    load_weights save_weights save summary build add_loss add_metric get_layer compute_loss
    compute_metrics compiled_loss reset_metrics compute_output_shape call add_variable""".split()
)


def _of_keras_instance(reader: Reader, value: Instance, name: str, node: ast.AST) -> Value:
    if name == "optimizer" and "optimizer" in value.compiled:
        return value.compiled.get(" scaling", value.compiled["optimizer"])
    if name == "losses":
        return tensors.regularizers(reader, value, node)
    if name == "trainable":
        return Constant(value.trainable, node)
    if name == "layers":
        parts = [p for p in value.attributes.names.values() if isinstance(p, Layer | Instance)]
        return ListValue(list(parts), True)
    if name in (
        "name",
        "dtype",
        "compute_dtype",
        "built",
        "metrics",
        "metrics_names",
        "stop_training",
        "dtype_policy",
    ):
        return Unknown(name, data=True)
    if name in _KERAS_METHODS:
        return Bound(value, name)
    if name in ("loss", "loss_fn") and "loss" in value.compiled:
        return value.compiled["loss"]
    return Unknown(f"{value.of.name}.{name}", data=not value.real)


_WEIGHTS = frozenset(
    "kernel bias embeddings gamma beta recurrent_kernel depthwise_kernel pointwise_kernel".split()
)
"""Attributes of Keras's layers that are variables."""


def _of_layer(reader: Reader, value: Layer, name: str, node: ast.AST) -> Value:
    if name in api.COLLECTIONS:
        return ownership.collection(reader, value, api.COLLECTIONS[name], node)
    if name == "losses":
        return tensors.regularizers(reader, value, node)
    if name == "layers":
        return ListValue(list(value.parts), bool(value.parts), node=node)
    if name in ("output", "outputs"):
        return value.outputs if value.outputs is not None else Unknown("output", data=True)
    if name in ("input", "inputs"):
        return value.inputs if value.inputs is not None else Tensor()
    if name in _WEIGHTS:
        return Group(value, only=f".{name}")
    if name == "cell" and value.kind in ("LSTM", "GRU", "SimpleRNN"):
        # Its variables are those of the layer.
        return value
    if name == "optimizer":
        return value.arguments.get("optimizer", Unknown("optimizer"))
    if name == "trainable":
        return Constant(value.trainable, node)
    if name in ("loss", "units", "name", "rate"):
        return value.arguments.get(name, Unknown(name, data=True))
    if name in (
        "input_shape",
        "output_shape",
        "dtype",
        "compute_dtype",
        "built",
        "metrics_names",
        "count_params",
    ):
        return Unknown(name, data=True)
    return Bound(value, name)


def _of_tensor(reader: Reader, value: Tensor, name: str, node: ast.AST) -> Value:
    if name == "shape":
        if value.shape is not None:
            items: list[Value] = [
                Constant(length, node) if length is not None else Tensor(form="number")
                for length in value.shape
            ]
            return ListValue(items, True, True)
        return Unknown("shape", data=True)
    if name in ("dtype", "size", "ndim", "name", "device", "op", "graph", "indices"):
        return Unknown(name, data=True)
    if name in ("T", "values", "value", "flat", "real", "imag"):
        plain = tensors.plain(reader, reader.read(value, node), node, form=value.form)
        if name == "values":  # of the gradient of a table
            plain.gradient, plain.sign = value.gradient, value.sign
        return plain
    return Bound(value, name)


def _of_variable(reader: Reader, value: Variable | Group, name: str, node: ast.AST) -> Value:
    interop.attribute_read(reader, value, name, node)
    if name in ("shape", "dtype", "name", "path", "ndim", "device"):
        return Unknown(name, data=True)
    if name == "value":
        own = isinstance(value, Group) or value.kind != "tf.Variable"
        if own and reader.generation != "2":
            # What a variable of Keras 3 holds is a `tf.Variable`, and tapes watch it.
            return value
        return tensors.plain(reader, reader.read(value, node), node)
    if name == "trainable":
        return (
            Constant(value.trainable, node)
            if isinstance(value, Variable)
            else Unknown(name, data=True)
        )
    return Bound(value, name)


def _of_optimizer(reader: Reader, value: Optimizer, name: str, node: ast.AST) -> Value:
    if name in ("learning_rate", "lr"):
        return Other("learning rate", "learning_rate", node, {"optimizer": value})
    if name in ("iterations",):
        step_counters.read(reader, value, node)
        return Tensor(form="tensor")
    if name in ("variables", "weights"):
        value.opened = True
        return ListValue([], False)
    if name in ("scale_loss", "get_scaled_loss"):
        # Whatever calls it then, the loss is scaled.
        value.used = True
    if name == "inner_optimizer":
        return value.arguments.get("inner_optimizer", Unknown("inner_optimizer"))
    return Bound(value, name)


def super_of(reader: Reader) -> Value:
    """What `super()` gives: the rest of the classes behind the method's own."""
    frame = reader.frame
    receiver = frame.receiver
    for inner in reversed(reader.frames):
        if inner.receiver is not None:
            receiver, frame = inner.receiver, inner
            break
    if not isinstance(receiver, Instance):
        return Unknown("super", data=True)
    owner = frame.function.owner if frame.function is not None else None
    bases = owner.bases if owner is not None else []
    return Other("super", "super", None, {"receiver": receiver, "bases": ListValue(list(bases))})


def of_super(reader: Reader, value: Other, name: str, node: ast.AST) -> Value:
    """What `super().name` is."""
    receiver, bases = value.arguments["receiver"], value.arguments["bases"]
    if isinstance(bases, ListValue):
        for base in bases.items:
            if isinstance(base, Class):
                found = member(base, name)
                if isinstance(found, Function):
                    if found.kind == "property":
                        return reader.call(Bound(receiver, found), [], {}, node)
                    return Bound(receiver, found)
    if isinstance(receiver, Instance):
        if name == "__init__":
            return Bound(value, "__init__")
        if name in api.COLLECTIONS:
            return ownership.collection(reader, receiver, api.COLLECTIONS[name], node)
        if receiver.of.base == "optimizer" and receiver.optimizer is not None:
            return Bound(receiver.optimizer, name)
        if receiver.of.base in ("layer", "model"):
            if name in ("build", "compile", "fit", "add_weight"):
                return Bound(receiver, name)
            return Bound(value, name)
    return Bound(value, name)
