"""What a function needs that may not be installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

TO_RUN = (
    "TensorFlow is not installed here, so {nothing}: install it "
    '(pip install "gradproof[tensorflow]"), or read the program with `gradproof check`'
)


def absent() -> bool:
    """Whether TensorFlow is missing; it is not imported to know that."""
    return "tensorflow" not in sys.modules and find_spec("tensorflow") is None


def tensorflow(name: str) -> None:
    """Says in a sentence of our own that TensorFlow is missing.

    Args:
        name: Of the public function that needs it.

    Raises:
        ImportError: TensorFlow is not installed.
    """
    if absent():
        raise ImportError(
            f"`gradproof.{name}` runs TensorFlow code, and TensorFlow is not installed here: "
            'pip install "gradproof[tensorflow]"'
        )


def variables(given: Any) -> None:
    """Refuses what is no list of variables, before it fails somewhere inside.

    Args:
        given: The argument `variables` of a public function; `None` is none given.

    Raises:
        TypeError: It is no list, or holds something else.
        ValueError: It is empty.
    """
    if given is None:
        return
    if not isinstance(given, list | tuple):
        raise TypeError(f"`variables` must be a list of variables, got {type(given).__name__}")
    for one in given:
        if not hasattr(one, "assign"):
            raise TypeError(f"`variables` must hold variables, got {type(one).__name__}")
    if not given:
        raise ValueError("`variables` is empty: was it read before the model was built?")
