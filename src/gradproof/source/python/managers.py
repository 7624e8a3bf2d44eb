"""Context managers that are written as generators: their bodies run around a block."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..values import Constant, Managed, Unknown, Value
from . import functions

if TYPE_CHECKING:
    from ..reader import Reader


def around(reader: Reader, managed: Managed, block: Callable[[Value], None]) -> None:
    """Follows the body, and where it yields, the block, which is given what is yielded."""
    reached: list[Value] = []

    def inner(value: Value) -> None:
        reached.append(value)
        block(value)

    functions.enter(
        reader,
        managed.function,
        managed.arguments,
        managed.keywords,
        managed.node,
        managed.receiver,
        inner,
    )
    if not reached:
        block(Unknown(data=True))


def yielded(reader: Reader, block: Callable[[Value], None], value: Value) -> Value:
    """Follows the block in the frame of its `with`, while the body waits."""
    waiting = reader.frames.pop()
    try:
        block(value)
    finally:
        reader.frames.append(waiting)
    return Constant(None)


def entered(reader: Reader, managed: Managed) -> Value:
    """Enters one for an `ExitStack`: tapes that record where it yields go on recording."""
    kept: list[Value] = []
    tapes = reader.tapes, reader.active

    def block(value: Value) -> None:
        nonlocal tapes
        kept.append(value)
        tapes = reader.tapes, reader.active

    around(reader, managed, block)
    reader.tapes, reader.active = tapes
    return kept[0]
