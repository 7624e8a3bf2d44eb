"""What becomes of a value that goes where nothing is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dependence import Flow
from .framework import tapes
from .joining import flow_of
from .values import (
    Bound,
    DictValue,
    GradientOf,
    Group,
    Instance,
    Layer,
    ListValue,
    Partial,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)

if TYPE_CHECKING:
    from .reader import Reader


def gradients_in(flow: Flow) -> list[GradientOf]:
    """The gradients a value depends on."""
    return [thing for thing in flow if isinstance(thing, GradientOf)]


def use(entries: list[GradientOf]) -> None:
    """Notes that something happens with these gradients."""
    for entry in entries:
        owner = tapes.owner_of(entry.source)
        if owner is None:
            entry.call.escaped = True
        else:
            entry.call.used.add(id(owner))


def escape(reader: Reader, value: Value) -> None:
    """A value goes where the file can't follow: its gradients may be used."""
    if isinstance(value, Tensor) and value.form == "number" and _measures(value.flow):
        return
    use(gradients_in(flow_of(value)))
    if isinstance(value, Zip):
        for column in value.columns:
            escape(reader, column)


def _measures(flow: Flow) -> bool:
    """Says whether a number tells of several gradients at once: no variable can move by it."""
    entries = gradients_in(flow)
    return len(entries) > 1 or any(isinstance(entry.source, Group) for entry in entries)


def look(reader: Reader, value: Value) -> None:
    """A value is printed or measured, and nothing of it is kept."""
    return


def borrow(reader: Reader, value: Value) -> None:
    """A checkpoint holds an object: what it holds may come back, but is not trained by it."""
    from .framework import ownership

    if isinstance(value, Layer | Instance):
        for item in (value, *ownership.tracked(reader, value)):
            if isinstance(item, Layer):
                item.kept = item.kept or not item.borrowed
                item.borrowed = True


def touch(reader: Reader, value: Value, *, depth: int = 0) -> None:
    """An object goes where the file can't follow: anything may happen to it."""
    from .framework import ownership

    if depth > 4:
        return
    if isinstance(value, Layer | Instance):
        for item in ownership.tracked(reader, value):
            if isinstance(item, Layer | Variable | Instance):
                item.touched = True
        value.touched = True
        if isinstance(value, Instance):
            for held in list(value.attributes.names.values()):
                if isinstance(held, Layer | Variable | Group | ListValue):
                    touch(reader, held, depth=depth + 1)
    elif isinstance(value, Variable):
        value.touched = True
    elif isinstance(value, Group):
        if isinstance(value.owner, Layer | Variable | Instance):
            value.owner.touched = True
    elif isinstance(value, ListValue):
        for entry in value.items:
            touch(reader, entry, depth=depth + 1)
    elif isinstance(value, DictValue):
        for entry in value.items.values():
            touch(reader, entry, depth=depth + 1)
    elif isinstance(value, Bound):
        if not isinstance(value.receiver, Unknown):
            touch(reader, value.receiver, depth=depth + 1)
    elif isinstance(value, Partial):
        for entry in value.arguments:
            touch(reader, entry, depth=depth + 1)


def mark_updated(reader: Reader, value: Value) -> None:
    """The program moves this variable."""
    owner = tapes.owner_of(value)
    if isinstance(owner, Layer | Variable):
        owner.updated = True
    elif isinstance(owner, Instance):
        owner.touched = True
