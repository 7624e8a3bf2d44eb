"""Which generation of Keras a module belongs to.

Keras 2 is called `tf_keras`; up to TensorFlow 2.15 it came as `keras` itself.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache

KERAS = ("keras.", "tf_keras.")
"""What the names of Keras's modules begin with."""


def of_keras_2(module: str) -> bool:
    """Says whether a module is one of Keras 2."""
    if module.startswith("tf_keras"):
        return True
    return module.startswith("keras.") and "keras" in sys.modules and _built_in()


@cache
def _built_in() -> bool:
    """`keras` is Keras 2, as TensorFlow 2.15 and older have it."""
    try:
        return importlib.util.find_spec("keras.src.engine") is not None
    except (ImportError, ValueError):
        return False
