"""What a function needs that may not be installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

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
