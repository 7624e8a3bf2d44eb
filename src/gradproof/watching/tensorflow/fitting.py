"""What models of Keras 2 keep of a `fit` that was made to run eagerly."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from ..patches import Patches

MODULES = ("tf_keras.src.engine.training", "keras.src.engine.training")
"""Where `Model` is; Keras 3 has no such module, TensorFlow 2.15 may have both."""

KEPT = ("train_function", "train_tf_function")


@contextlib.contextmanager
def forgetting() -> Iterator[None]:
    """Lets models forget the training functions that they make while the block lasts.

    One that was made while functions run eagerly would stay eager ever after.
    """
    made: list[tuple[Any, dict[str, Any]]] = []

    def note(model: Any, args: Any, kwargs: Any) -> None:
        made.append((model, {name: getattr(model, name, None) for name in KEPT}))

    patches = Patches(lambda problem: None)
    for module in (sys.modules[name] for name in MODULES if name in sys.modules):
        patches.around(module.Model, "make_train_function", before=note)
    try:
        yield
    finally:
        patches.restore()
        for model, before in reversed(made):
            for name, value in before.items():
                setattr(model, name, value)
