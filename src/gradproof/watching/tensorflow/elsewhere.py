"""Ways of training that nobody watches here, so that a report can say so."""

from __future__ import annotations

import sys
from typing import Any

from ..patches import Patches


class Elsewhere:
    """Notes sessions of TensorFlow 1, and a Keras that computes with another framework."""

    def __init__(self) -> None:
        self._backend = ""
        self._sessions = 0

    def install(self, patches: Patches) -> None:
        """Watches for sessions."""
        from tensorflow.python.client.session import BaseSession

        patches.around(BaseSession, "run", before=self._ran)

    def _ran(self, session: Any, args: Any, kwargs: Any) -> None:
        self._sessions += 1

    def computes(self, module: str) -> bool:
        """Says whether a module belongs to a Keras 3 that does not compute with TensorFlow."""
        config = sys.modules.get("keras.src.backend.config")
        if config is None or not module.startswith("keras."):
            return False
        backend = str(config.backend())
        if backend == "tensorflow":
            return False
        self._backend = backend
        return True

    def record(self) -> list[str]:
        """Sentences: what was done there."""
        found = []
        if self._backend:
            found.append(f"what Keras computes with {self._backend}: only TensorFlow is seen")
        if self._sessions:
            found.append(
                f"{self._sessions:,} runs of a `tf.compat.v1.Session`: only eager code and "
                "`tf.function` are seen"
            )
        return found
