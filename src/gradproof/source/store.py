"""Changes that a branch makes, so that two branches can be joined.

Every write to a scope, a list, a dict or a field of a value goes through the
store. Within a branch it keeps what stood there before; afterwards the branch
is taken back and both outcomes are joined.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TypeAlias, TypeVar, cast

Key: TypeAlias = tuple[int, object]
AnyKey = TypeVar("AnyKey")
AnyValue = TypeVar("AnyValue")
Written: TypeAlias = dict[Key, tuple[Callable[[object], None], object, object]]
"""Per place: how to write it, what stood there before, what stands there now."""


class Field(str):
    """Key of a field of a value, as of the items of a list; others are entries of dicts."""

    __slots__ = ()


MISSING = object()
"""Stands for a name that a scope does not have."""


class Store:
    """Writes values, and takes the writes of a branch back.

    `writes` counts those that outlast the call that makes them.
    """

    def __init__(self) -> None:
        self.writes = 0
        self._open: list[Written] = []

    def set_item(
        self, mapping: MutableMapping[AnyKey, AnyValue], key: AnyKey, value: AnyValue
    ) -> None:
        """Writes an entry of a dict that lasts."""
        self.writes += 1
        self.set_local(mapping, key, value)

    def set_local(
        self, mapping: MutableMapping[AnyKey, AnyValue], key: AnyKey, value: AnyValue
    ) -> None:
        """Writes an entry of a dict that goes with the call."""
        table = cast("dict[object, object]", mapping)
        before = table.get(key, MISSING)

        def write(new: object) -> None:
            if new is MISSING:
                table.pop(key, None)
            else:
                table[key] = new

        self._note((id(mapping), key), write, before, value)
        write(value)

    def set_field(self, thing: object, name: str, value: object) -> None:
        """Writes a field of a value."""
        before = getattr(thing, name)
        if before is value:
            return
        self.writes += 1

        def write(new: object) -> None:
            setattr(thing, name, new)

        self._note((id(thing), Field(name)), write, before, value)
        write(value)

    def _note(
        self, key: Key, write: Callable[[object], None], before: object, value: object
    ) -> None:
        if self._open:
            known = self._open[-1].get(key)
            first = before if known is None else known[1]
            self._open[-1][key] = (write, first, value)

    @property
    def branches(self) -> int:
        """Number of branches that are open."""
        return len(self._open)

    def begin(self) -> None:
        """Opens a branch."""
        self._open.append({})

    def take_back(self) -> Written:
        """Closes a branch and undoes it; returns what it wrote."""
        written = self._open.pop()
        for write, before, _ in reversed(written.values()):
            write(before)
        return written

    def redo(self, written: Written) -> None:
        """Writes again what a branch wrote, as part of the branch around it."""
        for key, (write, before, value) in written.items():
            self._note(key, write, before, value)
            write(value)

    def redo_joined(
        self, left: Written, right: Written, join: Callable[[object, object], object]
    ) -> None:
        """Writes what two branches wrote, joined where they differ.

        What a list holds comes before the names that stand for it: names are joined by it.
        """
        for key in sorted({**left, **right}, key=lambda key: not isinstance(key[1], Field)):
            write, before, _ = left.get(key) or right[key]
            first = left[key][2] if key in left else before
            second = right[key][2] if key in right else before
            value = first if first is second else join(first, second)
            if key[1] == "exact" and isinstance(key[1], Field):
                value = first and second
            self._note(key, write, before, value)
            write(value)
