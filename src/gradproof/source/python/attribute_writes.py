"""Writes attributes: what `receiver.name = value` does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..framework import api, generations, optimizers, ownership, updates
from ..noticing import copied_rates, flags, settings, state, target_copies, trainable_flips
from ..values import (
    Bound,
    Class,
    Constant,
    DictValue,
    Function,
    Instance,
    Layer,
    ListValue,
    Module,
    Optimizer,
    Unknown,
    Value,
    Variable,
)
from .attributes import member

if TYPE_CHECKING:
    from ..reader import Reader


def assign(
    reader: Reader, receiver: Value, name: str, value: Value, target: ast.AST, node: ast.AST
) -> None:
    """Follows `receiver.name = value`."""
    if isinstance(receiver, Instance):
        _to_instance(reader, receiver, name, value, target, node)
    elif isinstance(receiver, Layer):
        if name == "trainable":
            trainable_flips.set_trainable(reader, receiver, value, node)
            flags.written(reader, receiver, value, node)
            _set_trainable(reader, receiver, value)
        settings.written(reader, receiver, name, value, target)
        if name in api.COLLECTIONS:
            updates.attribute_written(reader, receiver, value, target, node)
    elif isinstance(receiver, Optimizer):
        generations.attribute_written(reader, receiver, name, target)
        flags.option_written(reader, receiver, name, value, target)
        settings.written(reader, receiver, name, value, target)
        if name in ("learning_rate", "lr"):
            optimizers.rate_written(reader, receiver, value, target)
    elif isinstance(receiver, Unknown):
        escaping.escape(reader, value)
        copied_rates.slot_written(reader, receiver.children.get(name), target)
        reader.store.set_item(receiver.children, name, value)
    elif isinstance(receiver, Class):
        reader.store.set_item(receiver.members, name, value)
    elif isinstance(receiver, Function):
        reader.store.set_item(receiver.attributes, name, value)
    elif isinstance(receiver, Module):
        reader.store.set_item(receiver.scope.names, name, value)
    else:
        escaping.escape(reader, value)


def _to_instance(
    reader: Reader, receiver: Instance, name: str, value: Value, target: ast.AST, node: ast.AST
) -> None:
    if _is_property(receiver, name):
        updates.attribute_written(reader, receiver, value, target, node)
        return
    found = member(receiver.of, name)
    if isinstance(found, Function) and found.kind == "property":
        if found.setter is not None:
            reader.call(Bound(receiver, found.setter), [value], {}, node)
        return
    names = receiver.attributes.names
    before = names.get(name)
    value = updates.rebinds(reader, before, value, target, node)
    target_copies.bound_layer(reader, value, node)
    target_copies.replaced(reader, before, value, node)
    if isinstance(value, Layer):
        value.name = value.name or name
    entries = value.items.values() if isinstance(value, DictValue) else [value]
    for item in value.items if isinstance(value, ListValue) else entries:
        if isinstance(item, Variable):
            item.name = item.name or name
            item.held_by = item.held_by or receiver.of.base
    if name == "trainable" and isinstance(value, Constant):
        if receiver.of.base in ("layer", "model"):
            flags.written(reader, receiver, value, node)
        _set_trainable(reader, receiver, value)
    state.state_written(reader, receiver.attributes, name, before, value, target)
    reader.store.set_item(names, name, value)
    if name in receiver.past:
        reader.store.set_field(
            receiver, "past", {key: at for key, at in receiver.past.items() if key != name}
        )


def _is_property(receiver: Instance, name: str) -> bool:
    """Says whether a list of variables is the library's: a `tf.Module` has no `weights`."""
    if receiver.of.base == "module":
        return name in api.COLLECTIONS and name.endswith("variables")
    return name in api.COLLECTIONS and receiver.of.base in ("layer", "model")


def _set_trainable(reader: Reader, layer: Layer | Instance, value: Value, depth: int = 0) -> None:
    """Sets the flag of a layer and of those that it holds."""
    flag = bool(value.value) if isinstance(value, Constant) else None
    reader.store.set_field(layer, "trainable", flag)
    if isinstance(layer, Instance) and layer.of.base not in ("layer", "model"):
        return
    held = layer.parts if isinstance(layer, Layer) else list(layer.attributes.names.values())
    for part in held if depth < ownership.DEEPEST else ():
        if isinstance(part, Layer | Instance) and part is not layer:
            _set_trainable(reader, part, value, depth + 1)
