"""The user's lines behind operations of graphs."""

from __future__ import annotations

from itertools import islice
from typing import Any

from .. import patches
from ..places import Places, Stack

_HOOKS = str(patches.__file__)


class TraceFrames:
    """Stacks of the operations of one trace.

    Everything outside the outermost call that is watched, and with it most of a
    stack, is the same for all of them, and is read once: a frame costs more than a
    microsecond to ask for.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._outer: list[tuple[str, int, str]] = []

    def of(self, operation: Any) -> tuple[Stack, tuple[str, ...]]:
        """The user's stack, and the library functions below its last frame."""
        trace = operation.traceback
        if trace is None:
            return (), ()
        frames = trace.get_user_frames() if hasattr(trace, "get_user_frames") else trace
        known = len(self._outer)
        if known and len(frames) > known and self._same(frames):
            return self._places.of_frames(self._outer + _told(islice(frames, known, None)))
        told = _told(frames)
        hooks = (place for place, (path, _, _) in enumerate(told, 1) if path == _HOOKS)
        self._outer = told[: next(hooks, 0)]
        return self._places.of_frames(told)

    def _same(self, frames: Any) -> bool:
        """Says whether the outer part of a stack is the known one, by the two lines at its end."""
        last = len(self._outer) - 1
        return bool(
            frames[last].filename == _HOOKS
            and frames[last].lineno == self._outer[last][1]
            and (not last or frames[last - 1].lineno == self._outer[last - 1][1])
        )


def stack_here(places: Places) -> tuple[Stack, tuple[str, ...]]:
    """The user's lines while tracing, AutoGraph's own undone."""
    from tensorflow.python.util import tf_stack

    return places.of_frames(_told(tf_stack.extract_stack()))


def _told(frames: Any) -> list[tuple[str, int, str]]:
    """File, line and function of each."""
    return [(frame.filename, frame.lineno, frame.name) for frame in frames]
