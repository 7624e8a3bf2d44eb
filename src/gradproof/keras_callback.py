"""A Keras callback that watches `fit`: `model.fit(..., callbacks=[gradproof.Watch()])`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from .fault import Diagnosis
from .live import Watched

LOOKS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
"""Batches after which a run that may be stopped is judged."""

EVENTS = frozenset(
    f"on_{mode}{event}"
    for mode in ("", "train_", "test_", "predict_", "epoch_")
    for event in ("begin", "end", "batch_begin", "batch_end")
)


class Watch:
    """Watches every update of a `fit`, and reports at its end.

    Works with Keras 3 and tf-keras alike, which ask of a callback no more
    than that it has their methods. Begin with a model that was not trained
    in this process yet: a graph that is traced already is seen from outside.

    Args:
        stop_on: `"error"` ends the training after the first proven error.
        show: Prints the report on stderr.

    Attributes:
        watched: What happened; its answer is complete after `fit`.

    Raises:
        ValueError: `stop_on` is neither `"error"` nor `None`.
    """

    def __init__(self, stop_on: str | None = None, show: bool = True) -> None:
        if stop_on not in (None, "error"):
            raise ValueError(f'`stop_on` must be "error" or None, got {stop_on!r}')
        self.watched = Watched()
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self._stop_on = stop_on
        self._show = show
        self._batches = 0
        self._under_way = False

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What is wrong, the cause that explains most first."""
        return self.watched.diagnoses

    def set_model(self, model: Any) -> None:
        """Keras tells which model it trains."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Keras tells of epochs and steps."""
        self.params = params

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Starts to watch."""
        self.close()
        self.watched = Watched()
        self.watched.__enter__()
        self._under_way = True
        self._batches = 0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Judges now and then, if an error is to end the training."""
        self._batches += 1
        if not (self._stop_on and self._under_way and self._batches in LOOKS):
            return
        found = self.watched.now()
        if any(diagnosis.level == "error" for diagnosis in found):
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Stops watching, and reports."""
        if self.close() and self._show:
            print(self.watched, file=sys.stderr)

    def close(self) -> bool:
        """Stops watching; to be called by hand after a `fit` that raised."""
        was, self._under_way = self._under_way, False
        if was:
            self.watched.__exit__(None, None, None)
        return was

    def __getattr__(self, name: str) -> Any:
        if name in EVENTS:
            return _nothing
        if name.startswith("_implements_"):
            # tf-keras asks which batches a callback wants to hear of.
            return lambda: name == "_implements_train_batch_hooks"
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Keras has an event that is nothing to us."""
