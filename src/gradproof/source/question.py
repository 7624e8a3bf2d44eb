"""One visit of a gradient call while source is read, and what was seen of it then."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .values import Asked, Layer, ListValue

if TYPE_CHECKING:
    from ..evidence.loop import Connection
    from .dependence import Path
    from .framework import ownership


@dataclass(eq=False, repr=False)
class Mode:
    """How a layer that behaves differently in training was called.

    `running`: tapes under which it was told to train; `unsaid`: calls that did
    not say, with the tapes that recorded them; `trained`: a tape that asks for
    its gradients saw it told.
    """

    layer: Layer
    running: frozenset[int] = frozenset()
    unsaid: dict[ast.AST, frozenset[int]] = field(default_factory=dict)
    trained: bool = False


@dataclass(eq=False, repr=False)
class Question:
    """One visit of a gradient call, with what was seen then."""

    asked: Asked
    zeros: bool
    earlier: ast.AST | None
    found: list[tuple[object, Connection]]
    left_out: list[tuple[object, Path]]
    untracked: list[tuple[object, ownership.Hidden, Path]]
    non_trainable: list[object]
    early: ListValue | None
    looping: bool
    speculative: bool
    unused: list[tuple[object, Path]]
    modes: list[tuple[ast.AST, Mode]]
    inner: bool = False
