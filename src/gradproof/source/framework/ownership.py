"""Which variables an object offers for training, and which it only uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..values import (
    Class,
    DictValue,
    Frozen,
    Function,
    Group,
    Instance,
    Layer,
    ListValue,
    Partial,
    Unknown,
    Value,
    Variable,
)
from . import api

if TYPE_CHECKING:
    from ..reader import Reader

DEEPEST = 6
"""Objects within objects that are searched."""


def collection(reader: Reader, thing: Value, which: str, node: ast.AST) -> ListValue:
    """The list that `thing.trainable_variables` and its like give."""
    items: list[Value] = []
    unbuilt: list[object] = []
    for item in tracked(reader, thing, frozen=which != "trainable"):
        if isinstance(item, Layer):
            if item.kind in api.WITHOUT_VARIABLES:
                continue
            if which == "trainable" and item.trainable is False:
                continue
            if which == "other" and item.kind not in api.WITH_MOVING_STATISTICS:
                continue
            items.append(Group(item, which, node))
            if item.built is False:
                unbuilt.append(item)
        elif isinstance(item, Variable):
            if which == "trainable" and item.trainable is False:
                continue
            if which == "other" and item.trainable is not False:
                continue
            items.append(item)
        else:
            items.append(Group(item, which))
    if isinstance(thing, Instance) and not thing.built and _makes_in_build(thing.of):
        unbuilt.append(thing)
    if which == "trainable" and reader.facts.habits.frozen:
        listed = {id(item.owner) for item in items if isinstance(item, Group)}
        unbuilt += (
            Frozen(item)
            for item in tracked(reader, thing, frozen=True)
            if isinstance(item, Layer) and item.trainable is False and id(item) not in listed
        )
    exact = not (isinstance(thing, Instance) and thing.of.base == "unknown")
    return ListValue(
        items,
        exact,
        owner=thing,
        which=which,
        node=node,
        unbuilt=tuple(unbuilt),
        property_read=True,
    )


def _makes_in_build(cls: Class) -> bool:
    return "build" in cls.members


def tracked(
    reader: Reader, thing: object, depth: int = 0, *, frozen: bool = False
) -> Iterator[Layer | Variable | Unknown | Instance]:
    """Layers, variables and opaque parts that the object tracks, in order.

    `frozen`: those that are switched off, too.
    """
    seen: set[int] = set()
    for item in _tracked(reader, thing, depth, frozen):
        if id(item) not in seen:
            seen.add(id(item))
            yield item


def _tracked(
    reader: Reader, thing: object, depth: int, frozen: bool
) -> Iterator[Layer | Variable | Unknown | Instance]:
    if depth > DEEPEST:
        return
    if isinstance(thing, Layer):
        # In Keras 3 the flag of what is asked counts, and then those of the variables.
        inner = depth > 0 and reader.generation == "3"
        off = thing.trainable is False and not frozen and not inner
        if off and (thing.parts or thing.outputs is not None):
            return
        if thing.kind in ("Sequential", "Model") or thing.parts:
            for part in thing.parts:
                # A functional model knows the weights of a layer of the file's own.
                if isinstance(part, Variable) and _is_tracked_variable(reader, part, "layer"):
                    yield part
                yield from _tracked(reader, part, depth + 1, frozen)
            if thing.opaque:
                yield thing
        else:
            yield thing
    elif isinstance(thing, Instance):
        yield from _tracked_by(reader, thing, depth, frozen)
    elif isinstance(thing, ListValue) and not thing.property_read:
        for item in thing.items:
            yield from _tracked(reader, item, depth, frozen)
    elif isinstance(thing, DictValue):
        for item in thing.items.values():
            yield from _tracked(reader, item, depth, frozen)
    elif isinstance(thing, Unknown) and thing.called:
        yield thing


def _tracked_by(
    reader: Reader, thing: Instance, depth: int, frozen: bool
) -> Iterator[Layer | Variable | Unknown | Instance]:
    base = thing.of.base
    if thing.trainable is False and not frozen:
        return
    if base == "unknown":
        yield thing
        return
    if base not in ("layer", "model", "module") and depth:
        return
    if thing.of.bases and base == "layer" and any(_is_leaf(b) for b in thing.of.bases):
        yield thing
    yield from (weight for weight in thing.weights if isinstance(weight, Variable))
    past = thing.past if base != "module" else {}
    for value in [one for name, one in thing.attributes.names.items() if name not in past]:
        for item in _held(value):
            if isinstance(item, Variable):
                if _is_tracked_variable(reader, item, base):
                    yield item
            elif isinstance(item, Layer):
                if base != "module" or reader.generation == "2":
                    yield from _tracked(reader, item, depth + 1, frozen)
            elif isinstance(item, Instance):
                inner = item.of.base
                if inner == "unknown":
                    yield item
                elif inner in ("layer", "model"):
                    if base != "module" or reader.generation == "2":
                        yield from _tracked(reader, item, depth + 1, frozen)
                elif inner == "module" and (base == "module" or reader.generation == "2"):
                    yield from _tracked(reader, item, depth + 1, frozen)
            elif isinstance(item, Unknown) and item.called:
                yield item


def _is_leaf(base: object) -> bool:
    from ..values import Library

    return isinstance(base, Library) and base.name not in (
        "keras.layers.Layer",
        "keras.Layer",
        "keras.Model",
        "keras.Sequential",
        "keras.layers.Wrapper",
        "keras.models.Model",
    )


def _is_tracked_variable(reader: Reader, variable: Variable, base: str) -> bool:
    if variable.kind == "add_weight":
        return True
    if base == "module":
        return variable.kind == "tf.Variable" or reader.generation == "2"
    return variable.kind == "keras.Variable" or reader.generation == "2"


def _held(value: Value, depth: int = 0) -> Iterator[Value]:
    """The objects in an attribute, also those in its lists and dicts."""
    if depth > DEEPEST:
        return
    if isinstance(value, ListValue):
        if not value.property_read:
            for item in value.items:
                yield from _held(item, depth + 1)
    elif isinstance(value, DictValue):
        for item in value.items.values():
            yield from _held(item, depth + 1)
    else:
        yield value


def held(thing: Instance) -> list[Value]:
    """What hangs from the attributes of an object, also in their lists and dicts."""
    return [item for value in list(thing.attributes.names.values()) for item in _held(value)]


class Hidden(NamedTuple):
    """Why a layer or variable is in no list of the object it hangs from.

    Attributes:
        reason: `raw` (a bare `tf.Variable` in a Keras 3 object), `plain` (inside
            a plain object), `module` (a Keras layer in a `tf.Module`), `module in
            layer`, `closure` (a function has it), `class` (the class has it, not the
            object), `dict` (it came in by `__dict__`); empty if it is in the list.
        beyond: Where the looking ends: what made the object that holds the thing, say.
    """

    reason: str = ""
    beyond: ast.AST | None = None


def untracked(reader: Reader, thing: object) -> dict[object, Hidden]:
    """Layers and variables that hang from an object outside its lists."""
    found: dict[object, Hidden] = {}
    known = {id(item) for item in tracked(reader, thing)}
    for item, hidden in _reached(reader, thing, Hidden(), 0, set()):
        if id(item) not in known and hidden.reason:
            found.setdefault(item, hidden)
    return found


def _reached(
    reader: Reader, thing: object, hidden: Hidden, depth: int, seen: set[int]
) -> Iterator[tuple[Layer | Variable, Hidden]]:
    if depth > DEEPEST or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Variable):
        yield thing, hidden
    elif isinstance(thing, Layer):
        if thing.parts:
            for part in thing.parts:
                raw = not hidden.reason and _is_raw(reader, part)
                why = Hidden("raw") if raw else hidden
                yield from _reached(reader, part, why, depth + 1, seen)
        elif thing.kind not in api.WITHOUT_VARIABLES:
            yield thing, hidden
    elif isinstance(thing, Instance):
        for name, value in list(thing.attributes.names.items()):
            for item in _held(value):
                why = hidden if hidden.reason else _hiding(reader, thing, name, item, depth)
                yield from _reached(reader, item, why, depth + 1, seen)
        for item in _of_class(thing.of):
            yield from _reached(
                reader, item, hidden if hidden.reason else Hidden("class"), depth + 1, seen
            )
    elif isinstance(thing, Function | Partial):
        for item in _closed_over(thing):
            yield from _reached(reader, item, hidden, depth + 1, seen)


def _hiding(reader: Reader, thing: Instance, name: str, item: Value, depth: int) -> Hidden:
    """Why what an attribute holds is in no list of its object, if it is not."""
    if name in thing.past and thing.of.base in ("layer", "model"):
        return Hidden("dict", thing.past[name])
    reason = _reason(reader, thing.of.base, item)
    edge = {"plain": thing if depth else None, "module in layer": item}.get(reason)
    return Hidden(reason, edge.node if isinstance(edge, Instance) else None)


def _of_class(cls: Class) -> Iterator[Value]:
    """Layers and variables that a class has for all its objects, its bases in the file included."""
    for base in cls.bases:
        if isinstance(base, Class):
            yield from _of_class(base)
    for value in cls.members.values():
        yield from (one for one in _held(value) if isinstance(one, Layer | Variable))


def _closed_over(function: Function | Partial) -> Iterator[Value]:
    """What a function uses of the function that it stands in, or was given once and for all."""
    if isinstance(function, Partial):
        for given in (*function.arguments, *function.keywords.values()):
            yield from (one for one in _held(given) if isinstance(one, Layer | Variable))
        return
    inner = function.scopes[:-1]
    for node in ast.walk(function.node):
        if isinstance(node, ast.Name):
            scope = next((one for one in inner if node.id in one.names), None)
            held = _held(scope.names[node.id]) if scope is not None else ()
            yield from (one for one in held if isinstance(one, Layer | Variable))


def _is_raw(reader: Reader, part: Value) -> bool:
    """Says whether a part of a functional model is a bare variable of one of its layers."""
    if not isinstance(part, Variable) or part.held_by not in ("layer", "model"):
        return False
    return not _is_tracked_variable(reader, part, "layer")


def _reason(reader: Reader, base: str, item: Value) -> str:
    if base not in ("layer", "model", "module"):
        return "plain"
    if isinstance(item, Function | Partial):
        return "closure"
    if base == "module":
        keras = isinstance(item, Layer) or (
            isinstance(item, Instance) and item.of.base in ("layer", "model")
        )
        return "module" if keras and reader.generation != "2" else ""
    if isinstance(item, Variable) and item.kind == "tf.Variable" and reader.generation != "2":
        return "raw"
    if isinstance(item, Instance) and item.of.base == "module" and reader.generation != "2":
        return "module in layer"
    return ""


def name_of(thing: object) -> str:
    """A name for a layer or variable, as far as the source tells one."""
    if isinstance(thing, Layer | Variable):
        return thing.name
    if isinstance(thing, Unknown):
        return thing.name
    if isinstance(thing, Instance):
        known = thing.attributes.names.get("name")
        value = getattr(known, "value", None)
        return value if isinstance(value, str) else thing.of.name
    if isinstance(thing, Group):
        return name_of(thing.owner)
    return ""
