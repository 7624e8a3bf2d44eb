"""Whole models that are given weights: whose, and do they change anything."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from ...evidence.copies import Copy
from ..patches import Patches
from ..places import Places, Stack

MOST = 50


@dataclass
class _Note:
    name: str
    times: int = 0
    own: int = 0


class Copies:
    """What `get_weights` and `set_weights` were called on."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._notes: dict[Any, _Note] = {}
        self._read: tuple[weakref.ref[Any], Stack] | None = None

    def install_layer(self, patches: Patches, layer: Any) -> None:
        """Watches layers and models."""
        patches.around(layer, "get_weights", before=lambda owner, args, kwargs: self._gets(owner))
        patches.around(layer, "set_weights", before=lambda owner, args, kwargs: self._sets(owner))

    def _gets(self, layer: Any) -> None:
        self._read = (weakref.ref(layer), self._places.here(4)[0])

    def _sets(self, layer: Any) -> None:
        stack, _ = self._places.here(4)
        key = (stack, id(layer))
        note = self._notes.get(key)
        if note is None:
            if len(self._notes) >= MOST:
                return
            note = self._notes[key] = _Note(str(getattr(layer, "name", type(layer).__name__)))
        note.times += 1
        read, self._read = self._read, None
        if read is not None and read[0]() is layer and read[1] == stack:
            note.own += 1

    def record(self) -> tuple[Copy, ...]:
        """All copies as plain data."""
        return tuple(
            Copy(note.name, key[0][-1], note.times, note.own)
            for key, note in self._notes.items()
            if key[0]
        )
