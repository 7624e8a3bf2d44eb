"""Networks that nobody trains, and whose batch normalisation moves all the same."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import api, ownership, tapes
from ..values import Constant, Instance, Layer, ListValue
from . import habits

if TYPE_CHECKING:
    from ..dependence import Flow
    from ..reader import Reader
    from ..values import Value


def called(reader: Reader, layer: Layer, node: ast.AST) -> None:
    """A pretrained layer runs in training mode, while a tape records."""
    flag = reader.frame.training
    pretrained = layer.kind in api.NORMALIZED_APPLICATIONS or (
        layer.kind in api.WITH_MOVING_STATISTICS and layer.borrowed
    )
    running = isinstance(flag, Constant) and flag.value is True
    if pretrained and running and layer.trainable is True and reader.active and not reader.silent:
        outer = reader.outer_call
        at = outer[1] if outer is not None and reader.keras_calls else node
        reader.facts.moving.setdefault(id(layer), (layer, at, reader.active))


def copied(reader: Reader, receiver: Layer | Instance, value: Value | None) -> None:
    """`target.set_weights(online.get_weights())`: a copy of a network of this program."""
    if isinstance(value, ListValue) and value.which == "values":
        _note(reader, receiver)


def averaged(reader: Reader, layer: Layer, flow: Flow) -> None:
    """`slow.assign(0.9 * slow + 0.1 * fast)`: it follows a network of this program."""
    if any(origin is not layer for origin in flow):
        _note(reader, layer)


def _note(reader: Reader, receiver: Layer | Instance) -> None:
    facts = reader.facts
    facts.copied |= {id(one) for one in (receiver, *ownership.tracked(reader, receiver))}


def finish(reader: Reader) -> None:
    """Those that no list in the file names, while others are trained."""
    facts = reader.facts
    if facts.untold_apply or facts.fits:
        return
    asked = [one.asked for one in facts.asked]
    listed = {id(tapes.owner_of(entry)) for call in asked for entry in tapes.entries(call.sources)}
    for layer, node, active in facts.moving.values():
        trains = any(call.tape.number in active and call.applied for call in asked)
        if not trains or layer.updated or id(layer) in listed | facts.copied:
            continue
        # Loading its weights touches a layer as well; those of the library have them.
        if layer.kind in api.NORMALIZED_APPLICATIONS and layer.touched:
            continue
        name = ownership.name_of(layer)
        names = (name,) if name else ()
        habits.remark(reader, "frozen-bn-moves", reader.spot(node), f"`{layer.kind}`", names)
