"""What a function needs that may not be installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def tensorflow(name: str) -> None:
    """Says in a sentence of our own that TensorFlow is missing.

    Args:
        name: Of the public function that needs it.

    Raises:
        ImportError: TensorFlow is not installed.
    """
    if "tensorflow" not in sys.modules and find_spec("tensorflow") is None:
        raise ImportError(
            f"`gradproof.{name}` runs TensorFlow code, and TensorFlow is not installed here: "
            'pip install "gradproof[tensorflow]"'
        )
