"""Tapes and gradient calls while their tensors live, and words for tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...evidence.gradients import GradientCall, Tape
from ...finding import Place
from ..places import Stack
from .eager import EagerOperations
from .graphs import TracedOperations

Operations = EagerOperations | TracedOperations


@dataclass
class TapeNote:
    """A tape while it lives."""

    key: int
    operations: Operations
    stack: Stack
    opened: int
    persistent: bool
    automatic: bool
    outer: tuple[int, ...]
    gaps: int
    closed: int | None = None
    watched: frozenset[int] = frozenset()
    watches: list[tuple[Any, Place | None]] = field(default_factory=list)
    plain: Tape | None = None


@dataclass
class CallNote:
    """A gradient call while its tensors live."""

    key: int
    tape: TapeNote
    stack: Stack
    at: int
    end: int
    targets: list[Any]
    sources: list[Any]
    results: list[Any] | None
    method: str
    traced: bool
    zeros: bool
    inner: bool
    step: int
    asked: int = 0
    before: int = 0
    error: str | None = None
    settled: bool = False
    plain: GradientCall | None = None


def identity(tensor: Any) -> Any:
    """The number that TensorFlow gives each tensor, eager or not."""
    tensor = getattr(tensor, "values", tensor)
    return getattr(tensor, "_id", None) or id(tensor)


def flat(thing: Any) -> list[Any]:
    """The entries of nested lists, tuples and dicts; `None` stays one."""
    if thing is None:
        return []
    if isinstance(thing, list | tuple | dict):
        found: list[Any] = []
        for part in thing.values() if isinstance(thing, dict) else thing:
            found.extend(flat(part) if part is not None else [None])
        return found
    return [thing]


def shape_of_tensor(tensor: Any) -> tuple[int | None, ...] | None:
    """Lengths of the axes; `None` if even their number is unknown."""
    shape = getattr(tensor, "shape", None)
    if shape is None:
        return ()
    try:
        return tuple(shape.as_list()) if shape.rank is not None else None
    except AttributeError:
        return tuple(shape)


def dtype_of(tensor: Any) -> str:
    """Name of the type, such as `"float32"`."""
    dtype = getattr(tensor, "dtype", "")
    return str(getattr(dtype, "name", dtype)).removesuffix("_ref")
