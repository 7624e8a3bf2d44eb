"""Whole models that are given weights: whose, and do they change anything."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...evidence.copies import Copy
from ..patches import Patches
from ..places import Places, Stack
from .variables import Variables

MOST = 50


@dataclass
class _Note:
    name: str
    times: int = 0
    own: int = 0
    variables: tuple[int, ...] = ()
    source: tuple[int, ...] = ()


@dataclass
class _Read:
    """What `get_weights` gave; nothing of it is kept alive."""

    layer: weakref.ref[Any]
    stack: Stack
    values: list[Callable[[], Any]]

    def is_in(self, given: Any) -> bool:
        """Says whether these very arrays are given, not something made of them."""
        return len(given) == len(self.values) and all(
            mine() is other for mine, other in zip(self.values, given, strict=True)
        )


class Copies:
    """What `get_weights` and `set_weights` were called on."""

    def __init__(self, places: Places, variables: Variables) -> None:
        self._places = places
        self._variables = variables
        self._notes: dict[Any, _Note] = {}
        self._read: _Read | None = None

    def install_layer(self, patches: Patches, layer: Any) -> None:
        """Watches layers and models."""
        patches.around(layer, "get_weights", after=lambda note, owner, got: self._gets(owner, got))
        patches.around(
            layer,
            "set_weights",
            before=lambda owner, args, kwargs: self._sets(owner, [*args, *kwargs.values()]),
        )

    def _gets(self, layer: Any, values: list[Any]) -> None:
        stack, _ = self._places.here(4)
        self._read = _Read(weakref.ref(layer), stack, [_weak(value) for value in values])

    def _sets(self, layer: Any, given: list[Any]) -> None:
        stack, _ = self._places.here(4)
        key = (stack, id(layer))
        note = self._notes.get(key)
        if note is None:
            if len(self._notes) >= MOST:
                return
            note = self._notes[key] = _Note(str(getattr(layer, "name", type(layer).__name__)))
        note.times += 1
        read, self._read = self._read, None
        giver = read.layer() if read is not None and read.stack == stack else None
        if giver is layer and read is not None:
            note.own += bool(given) and read.is_in(given[0])
        elif giver is not None:
            note.variables, note.source = self._keys(layer), self._keys(giver)

    def _keys(self, layer: Any) -> tuple[int, ...]:
        keys = (self._variables.key(weight) for weight in getattr(layer, "weights", ()))
        return tuple(key for key in keys if key is not None)

    def record(self) -> tuple[Copy, ...]:
        """All copies as plain data."""
        return tuple(
            Copy(note.name, key[0][-1], note.times, note.own, note.variables, note.source)
            for key, note in self._notes.items()
            if key[0]
        )


def _weak(value: Any) -> Callable[[], Any]:
    """A reference to an array; a number can't be referred to weakly, and is small."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value
