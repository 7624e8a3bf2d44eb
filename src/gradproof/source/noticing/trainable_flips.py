"""Flags `trainable` that are set after something has read them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import Spot
from ..framework import api, ownership, tapes
from ..values import Asked, Constant, Frozen, Instance, Layer, ListValue, Value, Variable
from . import decided
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader


def set_trainable(reader: Reader, layer: Layer, value: Value, node: ast.AST) -> None:
    """`layer.trainable = ...` after it has been trained."""
    habits = reader.facts.habits
    within, node = node, decided.at(reader, node)
    if node is not within:
        habits.helpers[reader.spot(node)] = reader.spot(within)
    parts: list[object] = list(ownership.tracked(reader, layer))
    within_it = (layer, *parts, *layer.parts)
    for part in within_it:
        function = habits.traced_owners.get(id(part))
        read = habits.traced_flags.get((id(part), id(function)))
        if isinstance(value, Constant) and read is value.value:
            habits.flips.pop(id(part), None)  # as it was when it was read
        elif function is not None:
            habits.flips[id(part)] = (reader.spot(node), function)
    for model, members in habits.fitted.items():
        if any(member is layer for member in members):
            habits.flips[model] = (reader.spot(node), None)
    if isinstance(value, Constant) and value.value is False:
        habits.frozen[id(layer)] = reader.spot(node)
        habits.frozen_parts.update(dict.fromkeys(map(id, within_it), layer))
    fresh = id(layer) not in habits.fitted
    on = isinstance(value, Constant) and value.value is True
    if on:
        thawed(reader, layer, node)
        habits.frozen_after.pop(id(layer), None)
    if fresh and id(layer) in habits.compiled and layer.trainable is not False and not on:
        habits.frozen_after[id(layer)] = reader.spot(node)


def _tell(
    reader: Reader,
    topic: str,
    spot: Spot,
    words: str,
    names: tuple[str, ...] = (),
    others: tuple[tuple[Spot, str], ...] = (),
) -> None:
    helper = reader.facts.habits.helpers.get(spot)
    within = () if helper is None else ((helper, "in this helper"),)
    remark(reader, topic, spot, words, names, (*others, *within))


def thawed(reader: Reader, thing: Layer | Instance, node: ast.AST) -> None:
    """`thing.trainable = True`: lists that were read before do not grow by it."""
    for part in (thing, *ownership.tracked(reader, thing, frozen=True)):
        reader.facts.habits.thawed[id(part)] = reader.spot(node)


def thawed_after(reader: Reader, asked: Asked, thing: object) -> bool:
    """A list that was kept from before a part was thawed: says so, and whether it is one."""
    kept = asked.sources
    if not isinstance(kept, ListValue) or kept.node is None:
        return False
    spot = reader.facts.habits.thawed.get(id(thing))
    missing = any(isinstance(one, Frozen) and one.owner is thing for one in kept.unbuilt)
    if spot is None or not missing:
        return False
    names = (ownership.name_of(thing),) if ownership.name_of(thing) else ()
    others = ((reader.spot(kept.node), "read before"),)
    _tell(reader, "trainable-flip-ignored", spot, "list", names, others)
    return True


def frozen_after(reader: Reader, asked: Asked, part: Layer) -> None:
    """A list that was kept from before a part was frozen is asked for: the part goes on training.

    A list of the frozen layer alone is asked for because it is to be trained.
    """
    kept, habits = asked.sources, reader.facts.habits
    if not isinstance(kept, ListValue) or kept.node is None or kept.which != "trainable":
        return
    frozen = habits.frozen_parts.get(id(part))
    if frozen is None or kept.owner is frozen or reader.speculative or reader.silent:
        return
    others = ((reader.spot(kept.node), "read before"),)
    name = ownership.name_of(frozen)
    _tell(
        reader,
        "trainable-flip-ignored",
        habits.frozen[id(frozen)],
        "list",
        (name,) if name else (),
        others,
    )


def compiles(reader: Reader, thing: Layer | Instance) -> None:
    """`compile`: flags are read again from here on."""
    habits = reader.facts.habits
    habits.compiled.add(id(thing))
    habits.flips.pop(id(thing), None)
    habits.fitted.pop(id(thing), None)
    habits.flags_read.pop(id(thing), None)
    habits.train_functions.pop(id(thing), None)


def flipped_in_trace(reader: Reader, owner: object) -> bool:
    """Says whether a flag changed after the function that runs was traced: it is not seen."""
    flip = reader.facts.habits.flips.get(id(owner))
    return flip is not None and flip[1] is not None and flip[1] is reader.frame.traced


def fits(reader: Reader, thing: Layer | Instance, name: str) -> None:
    """`fit` or `train_on_batch`."""
    habits = reader.facts.habits
    frozen = habits.frozen_after.get(id(thing))
    if frozen is not None and reader.generation != "2":
        names = (ownership.name_of(thing),) if ownership.name_of(thing) else ()
        _tell(reader, "gan-shared-trainable-flag", frozen, name, names)
    members: list[object] = [thing]
    if isinstance(thing, Layer):
        members.extend(thing.parts)
        for part in thing.parts:
            if isinstance(part, Layer):
                members.extend(part.parts)
    flags = tuple(getattr(member, "trainable", None) is not False for member in members)
    read = habits.flags_read.setdefault(id(thing), flags)
    # Two networks trained in turn set the flags back to what each has read.
    if id(thing) in habits.flips and flags != read:
        spot, _ = habits.flips[id(thing)]
        _tell(reader, "trainable-flip-ignored", spot, "fit")
    habits.fitted[id(thing)] = members


def asked_frozen(reader: Reader, asked: Asked) -> None:
    """A gradient call gets the list of a network of which all is frozen, so an empty one."""
    sources = asked.sources
    owner = sources.owner if isinstance(sources, ListValue) and sources.exact else None
    if reader.generation == "2" and id(owner) in reader.facts.habits.compiled and _by_keras(asked):
        # Keras 2 goes by the flags that stood when it was compiled.
        return
    _all_frozen(reader, asked, owner)
    if not isinstance(owner, Layer) or owner.trainable is not False:
        return
    spot = reader.facts.habits.frozen.get(id(owner))
    if spot is None or tapes.entries(sources) or reader.speculative:
        return
    if any(_has_part(model, owner) for model in reader.facts.habits.models):
        names = (ownership.name_of(owner),) if ownership.name_of(owner) else ()
        others = ((reader.spot(asked.node), "asked for its empty list"),)
        _tell(reader, "gan-shared-trainable-flag", spot, "", names, others)


def _by_keras(asked: Asked) -> bool:
    """Says whether it is Keras that asks, in the training of a compiled model."""
    method = asked.node.func
    return isinstance(method, ast.Attribute) and method.attr in ("fit", "train_on_batch")


def _all_frozen(reader: Reader, asked: Asked, owner: object) -> None:
    """A model that has layers, and whose list is empty: all of them are frozen."""
    if not isinstance(owner, Layer | Instance) or tapes.entries(asked.sources):
        return
    if reader.speculative or reader.silent or (isinstance(owner, Layer) and owner.opaque):
        return
    if id(owner) in reader.facts.habits.flips or id(owner) in reader.facts.habits.frozen_after:
        # Frozen after its flags were read: that is the fault, and told as such.
        return
    frozen = reader.facts.habits.frozen
    held = tuple(ownership.tracked(reader, owner, frozen=True))
    kinds = (one.kind for one in held if isinstance(one, Layer | Variable))
    spots = [frozen[id(one)] for one in (owner, *held) if id(one) in frozen]
    of_another = isinstance(owner, Layer) and any(
        _has_part(model, owner) for model in reader.facts.habits.models
    )
    if spots and not of_another and not api.WITHOUT_VARIABLES.issuperset(kinds):
        names = tuple(dict.fromkeys(name for name in map(ownership.name_of, held) if name))
        others = ((reader.spot(asked.node), "asked for its empty list"),)
        _tell(reader, "trainable-flag-lost", spots[-1], "all", names, others)


def _has_part(model: Layer, part: Layer) -> bool:
    """Says whether a model holds another one, or all of its layers."""
    held = {id(one) for one in model.parts}
    inner = {id(one) for one in part.parts}
    return model is not part and (id(part) in held or (bool(inner) and inner <= held))


def asked_in_trace(reader: Reader, asked: Asked) -> None:
    """A traced function asks for gradients: it has read the flags."""
    function = reader.frame.traced
    if function is None or reader.silent:
        return
    habits = reader.facts.habits
    owners = [tapes.owner_of(source) for source in tapes.entries(asked.sources)]
    listed = asked.sources.owner if isinstance(asked.sources, ListValue) else None
    for holder in listed if isinstance(listed, tuple) else (listed,):
        if isinstance(holder, Layer):
            owners.extend(holder.parts)
            owners.extend(ownership.tracked(reader, holder, frozen=True))
    for owner in owners:
        if owner is None:
            continue
        flipped = habits.flips.get(id(owner))
        if flipped is not None and flipped[1] is function:
            others = ((reader.spot(asked.node), "traced before"),)
            _tell(reader, "trainable-flip-ignored", flipped[0], function.name, (), others)
        habits.traced_owners[id(owner)] = function
        if isinstance(owner, Layer):
            on = owner.trainable is not False
            habits.traced_flags.setdefault((id(owner), id(function)), on)
