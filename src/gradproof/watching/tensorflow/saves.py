"""Checkpoints and weight files: what they take along."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from ...evidence.saves import Save
from ...finding import Place
from ..patches import Patches
from ..places import Places
from .kinds import is_variable, kind_of
from .variables import Variables

MOST = 200


class Saves:
    """Everything that was saved and loaded.

    Args:
        number_of: Gives the number of an optimizer object.
        trained: Says whether an optimizer was applied before.
    """

    def __init__(
        self,
        places: Places,
        variables: Variables,
        number_of: Callable[[Any], int],
        trained: Callable[[], bool],
    ) -> None:
        self.found: list[Save] = []
        self._places = places
        self._variables = variables
        self._number_of = number_of
        self._trained = trained
        self._made: weakref.WeakKeyDictionary[Any, Place | None] = weakref.WeakKeyDictionary()

    def install(self, patches: Patches) -> None:
        """Watches TensorFlow's checkpoints."""
        from tensorflow.python.checkpoint.checkpoint import Checkpoint

        patches.around(
            Checkpoint, "__init__", after=lambda note, checkpoint, result: self._new(checkpoint)
        )
        for name, kind in (("_write", "save"), ("restore", "load"), ("read", "load")):
            patches.around(
                Checkpoint,
                name,
                before=lambda checkpoint, args, kwargs: args[0] if args else None,
                after=lambda path, checkpoint, result, kind=kind: self._note(
                    kind, path, checkpoint, list(_parts(checkpoint))
                ),
            )

    def install_model(self, patches: Patches, model: Any) -> None:
        """Watches the weight files of one Keras generation."""
        for name, kind in (("save_weights", "save"), ("load_weights", "load")):
            patches.around(
                model,
                name,
                before=lambda owner, args, kwargs: args[0] if args else kwargs.get("filepath"),
                after=lambda path, owner, result, kind=kind: self._note(
                    kind, path, owner, list(owner.variables)
                ),
            )

    def _new(self, checkpoint: Any) -> None:
        stack, _ = self._places.here(4)
        self._made[checkpoint] = stack[-1] if stack else None

    def _note(self, kind: str, path: Any, owner: Any, parts: list[Any]) -> None:
        if path is None or len(self.found) >= MOST:
            return
        stack, _ = self._places.here(4)
        here = stack[-1] if stack else None
        keys = (self._variables.key(part) for part in parts if is_variable(part))
        optimizers = (part for part in parts if kind_of(part) == "optimizer")
        self.found.append(
            Save(
                kind,
                os.fspath(path),
                self._made.get(owner, here) if kind == "load" else here,
                frozenset(key for key in keys if key is not None),
                frozenset(self._number_of(optimizer) for optimizer in optimizers),
                self._trained(),
            )
        )


def _parts(checkpoint: Any) -> Iterator[Any]:
    """Every object that a checkpoint takes along."""
    from tensorflow.python.checkpoint.graph_view import ObjectGraphView

    yield from ObjectGraphView(checkpoint).breadth_first_traversal()[0]
