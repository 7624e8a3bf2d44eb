"""Flags: `trainable` that another assignment overrules, and options nobody reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..framework import api, ownership
from ..values import Asked, Constant, Instance, Layer, ListValue, Optimizer, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


_Flagged = Layer | Instance
"""A layer of Keras, or an object of a class of layers of the file."""


@dataclass(eq=False, repr=False)
class Flags:
    """Assignments to `trainable`, by layer, and those that may have come to nothing.

    `written`: the last value, its place and when; `moment`: how often flags were read so
    far; `doubtful`: an outer layer that was set after parts of it, to be looked at when
    the flags are read next.
    """

    written: dict[int, tuple[_Flagged, object, ast.AST, int]] = field(default_factory=dict)
    moment: int = 0
    doubtful: list[tuple[_Flagged, ast.AST, list[_Flagged]]] = field(default_factory=list)


def written(reader: Reader, layer: _Flagged, value: Value, node: ast.AST) -> None:
    """`layer.trainable = value`, before it takes effect."""
    flags = reader.facts.flags
    known = value.value if isinstance(value, Constant) else None
    if known is True and _parts(layer) and reader.generation and not reader.frame.unsure:
        frozen = [
            part
            for part in _inside(layer)
            if id(part) in flags.written and flags.written[id(part)][1] is False
        ]
        if frozen and (_resets(reader, layer, frozen) or _keeps(reader, layer, frozen)):
            flags.doubtful.append((layer, node, frozen))
    # A later assignment is the last word.
    flags.doubtful = [
        (outer, at, rest)
        for outer, at, parts in flags.doubtful
        if outer is not layer or at is node
        for rest in ([part for part in parts if part is not layer],)
        if rest
    ]
    flags.written[id(layer)] = (layer, known, node, flags.moment)


def _resets(reader: Reader, layer: _Flagged, frozen: list[_Flagged]) -> bool:
    """Keras 2: the outer flag overwrites some of those inside, which nobody has read yet."""
    flags = reader.facts.flags
    unread = any(flags.written[id(part)][3] == flags.moment for part in frozen)
    # All frozen and all thawed again is a change of mind.
    return reader.generation == "2" and unread and not _all_frozen(layer, frozen)


def _keeps(reader: Reader, layer: _Flagged, frozen: list[_Flagged]) -> bool:
    """Keras 3: a flag that is true already changes nothing inside."""
    untouched = id(layer) not in reader.facts.flags.written and layer.trainable is True
    return reader.generation == "3" and untouched and _all_frozen(layer, frozen)


def _all_frozen(layer: _Flagged, frozen: list[_Flagged]) -> bool:
    """Says whether all parts that have variables are among the frozen ones."""
    held = {id(part) for one in frozen for part in (one, *_inside(one))}
    parts = [part for part in _inside(layer) if not _parts(part)]
    kinds = ((part, part.kind if isinstance(part, Layer) else "") for part in parts)
    bearing = [part for part, kind in kinds if kind not in api.WITHOUT_VARIABLES]
    whole = not layer.opaque if isinstance(layer, Layer) else not layer.weights
    return whole and all(id(part) in held for part in bearing)


def _inside(layer: _Flagged, depth: int = 0) -> Iterator[_Flagged]:
    for part in _parts(layer) if depth < ownership.DEEPEST else ():
        if part is not layer:
            yield part
            yield from _inside(part, depth + 1)


def _parts(layer: _Flagged) -> list[_Flagged]:
    """The layers of which a layer is made."""
    parts = layer.parts if isinstance(layer, Layer) else ownership.held(layer)
    keras = ("layer", "model")
    return [
        part
        for part in parts
        if isinstance(part, Layer) or (isinstance(part, Instance) and part.of.base in keras)
    ]


def read_now(reader: Reader) -> None:
    """Something that depends on the flags happens: a gradient is asked for, `fit` runs."""
    if reader.silent:
        return
    flags = reader.facts.flags
    for _, node, frozen in flags.doubtful:
        names = tuple(name for name in map(ownership.name_of, frozen) if name)
        other = reader.spot(flags.written[id(frozen[0])][2])
        words = "reset" if reader.generation == "2" else "kept"
        others = ((other, "frozen here"),)
        habits.remark(reader, "trainable-flag-lost", reader.spot(node), words, names, others)
    flags.doubtful = []
    flags.moment += 1


def hub_asked(reader: Reader, asked: Asked) -> None:
    """The trainable variables of a hub layer are asked for, of which it offers none."""
    sources = asked.sources
    owner = sources.owner if isinstance(sources, ListValue) else None
    for thing in owner if isinstance(owner, tuple) else (owner,):
        frozen = isinstance(thing, Layer) and thing.kind == "KerasLayer" and not thing.trainable
        if not isinstance(thing, Layer) or not frozen or id(thing) in reader.facts.flags.written:
            continue
        if "trainable" not in thing.arguments and thing.trainable is False:
            others = ((reader.spot(asked.node), "asked for here"),)
            spot = reader.spot(thing.node)
            habits.remark(reader, "trainable-flag-lost", spot, "hub", (thing.name,), others)


_NESTED = frozenset({"Model", "Sequential"})


def held_off(reader: Reader, asked: Asked) -> None:
    """Keras 2: layers that were switched on, inside of one that is off, are in no list."""
    if reader.generation != "2":
        return
    owner = asked.sources.owner if isinstance(asked.sources, ListValue) else None
    written = reader.facts.flags.written
    whole = [(layer, node) for layer, known, node, _ in written.values() if known is False]
    for thing in (owner if isinstance(owner, tuple) else (owner,)) if whole else ():
        if not isinstance(thing, Layer | Instance):
            continue
        held = {id(one) for one in ownership.tracked(reader, thing, frozen=True)}
        listed = {id(one) for one in ownership.tracked(reader, thing)}
        for layer, known, node, _ in written.values():
            reached = {id(one) for one in (layer, *_inside(layer))}
            on = known is True and layer.trainable is True
            if not on or layer is thing or not reached & held:
                continue
            for outer, frozen in whole:
                # What is called inside of another model is one layer of that.
                nested = isinstance(outer, Layer) and outer.called and outer.kind in _NESTED
                apart = not reached & listed or nested
                if outer is thing or not apart or all(one is not layer for one in _inside(outer)):
                    continue
                others = ((reader.spot(frozen), "frozen as a whole here"),)
                names = (ownership.name_of(layer),) if ownership.name_of(layer) else ()
                spot = reader.spot(node)
                habits.remark(reader, "trainable-flag-lost", spot, "held", names, others)


def option_written(
    reader: Reader, optimizer: Optimizer, name: str, value: Value, node: ast.AST
) -> None:
    """`scaled.clipnorm = 1.0`: a wrapper leaves that to the optimizer inside; a trace is over."""
    off = isinstance(value, Constant) and value.value is None
    if name not in api.CLIP_OPTIONS or optimizer.custom is not None or off:
        return
    spot = reader.spot(node)
    if optimizer.scales:
        habits.remark(reader, "clip-option-ignored", spot, f"`{name}`")
        return
    applied = [one for one in reader.facts.rounds.applied if one.optimizer is optimizer]
    if applied and all(one.traced for one in applied) and reader.frame.traced is None:
        others = ((reader.spot(applied[0].node), "traced without it"),)
        habits.remark(reader, "clip-option-ignored", spot, f"`{name}`", ("traced",), others)
