"""How values hang on what they were computed from."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Path: TypeAlias = tuple[ast.AST, ...]
"""The calls that led to an operation, outermost first, then the operation."""


class Cut(NamedTuple):
    """An operation that no gradient passes.

    `kind` as in `evidence.loop.Break`; `tapes` recorded it.
    """

    kind: str
    operation: str
    path: Path
    tapes: frozenset[int] = frozenset()


class Trail(NamedTuple):
    """How a value depends on one origin.

    Attributes:
        tapes: Tapes that recorded every operation from the origin to here.
        read: Where the origin was read.
        cut: What stops gradients on the way, if anything does.
        left: Tapes that recorded the beginning only, and the first operation
            that they did not record.
    """

    tapes: frozenset[int]
    read: Path
    cut: Cut | None = None
    left: tuple[frozenset[int], Path] | None = None


Flow: TypeAlias = Mapping[object, tuple[Trail, ...]]
"""For every origin (layer, variable, watched tensor), the ways to it."""

NO_FLOW: Flow = {}


class Anything:
    """Origin of what an unresolved call may have read."""


ASIDE = Anything()
"""Origin of what an unresolved loss may have read beside what it was given.

A loss is given predictions and computes none of its own; at most it looks at
weights, to keep them small.
"""


PENALTIES = Anything()
"""Origin of what `model.losses` holds."""

ANYTHING = Anything()
