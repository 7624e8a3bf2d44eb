"""Which frames of a stack are the user's, and where they stand."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from types import CodeType, FrameType

from ..finding import Place, Span

Stack = tuple[Place, ...]

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARIES = tuple(
    {
        os.path.realpath(path) + os.sep
        for key, path in sysconfig.get_paths().items()
        if key in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
    }
)
_GENERATED = "__autograph_generated_file"


def is_library(path: str) -> bool:
    """Says whether a file belongs to Python, to a package, or to us."""
    if path.startswith("<ipython-input"):
        return False
    if path.startswith("<") or _GENERATED in path:
        return True
    full = os.path.realpath(path)
    if "site-packages" in full or "dist-packages" in full:
        return True
    return full.startswith(_OURS) or full.startswith(_LIBRARIES)


class Places:
    """Turns frames into places; equal stacks are one object, and so are equal ways below them."""

    def __init__(self) -> None:
        self._library: dict[str, bool] = {}
        self._shown: dict[str, str] = {}
        self._places: dict[tuple[str, int], Place] = {}
        self._stacks: dict[tuple[Place, ...], Stack] = {}
        self._ways: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._here = os.getcwd() + os.sep

    def library(self, path: str) -> bool:
        """`is_library`, remembered."""
        known = self._library.get(path)
        if known is None:
            known = self._library[path] = is_library(path)
        return known

    def place(self, path: str, line: int) -> Place:
        """The place of a whole line; paths below the folder are relative."""
        found = self._places.get((path, line))
        if found is None:
            shown = os.path.abspath(path)
            if shown.startswith(self._here):
                shown = shown[len(self._here) :]
            found = self._places[path, line] = Place(shown, Span(line))
        return found

    def of_frames(self, frames: Iterable[tuple[str, int, str]]) -> tuple[Stack, tuple[str, ...]]:
        """The user's stack, and the library functions below its last frame.

        Args:
            frames: File, line and function of each frame, outermost first.
        """
        stack: list[Place] = []
        via: list[str] = []
        for path, line, function in frames:
            if self.library(path):
                via.append(function)
            else:
                stack.append(self.place(path, line))
                via.clear()
        places = tuple(stack)
        return self._stacks.setdefault(places, places), self._way(via)

    def here(self, depth: int = 1) -> tuple[Stack, tuple[str, ...]]:
        """The user's stack of the running thread, read from its frames."""
        frame: FrameType | None = sys._getframe(depth)
        stack: list[Place] = []
        via: list[str] = []
        library = self._library
        while frame is not None:
            code: CodeType = frame.f_code
            path = code.co_filename
            known = library.get(path)
            if known is None:
                known = self.library(path)
            if not known:
                stack.append(self.place(path, frame.f_lineno))
            elif not stack:
                via.append(code.co_name)
            frame = frame.f_back
        stack.reverse()
        via.reverse()
        places = tuple(stack)
        return self._stacks.setdefault(places, places), self._way(via)

    def _way(self, names: list[str]) -> tuple[str, ...]:
        """The outermost of the library functions, as one object for all that are equal."""
        way = tuple(names[:16])
        return self._ways.setdefault(way, way)
