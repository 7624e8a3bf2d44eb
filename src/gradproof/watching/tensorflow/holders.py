"""Where traced code found an optimizer, and what stands there later."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ..places import Places
from .kinds import kind_of

MOST = 200
"""Entries of a container that are looked at."""


@dataclass(frozen=True)
class Holder:
    """A way to an object: where to start, and the steps from there.

    `root` gives the start as long as it lives.
    """

    name: str
    root: Callable[[], Any]
    steps: tuple[tuple[str, Any], ...]

    def look(self) -> Any:
        """What stands there now; `None` if the way is gone."""
        found = self.root()
        for how, key in self.steps:
            if found is None:
                return None
            if how == "item":
                try:
                    found = found[key]
                except (KeyError, IndexError, TypeError):
                    return None
            else:
                found = getattr(found, "__dict__", {}).get(key)
        return found


def holder_of(thing: Any, frame: FrameType | None, places: Places) -> Holder | None:
    """How the running code reached an object that it did not get as an argument.

    Looks through the user's frames, AutoGraph's copies of them and the frames
    of Keras's own training step, the innermost first, up to where the trace
    began.
    """
    while frame is not None:
        path = frame.f_code.co_filename
        if path.endswith("polymorphic_function.py"):
            return None
        generated = "__autograph_generated_file" in path
        owner = frame.f_locals.get("self")
        keras = owner is not None and hasattr(owner, "train_step") and kind_of(owner) == "layer"
        if generated or keras or not places.library(path):
            found = _in_frame(thing, frame, owner)
            if found is not None:
                return found
        frame = frame.f_back
    return None


def _in_frame(thing: Any, frame: FrameType, owner: Any) -> Holder | None:
    names = set(frame.f_code.co_names)
    for name, start in _starts(frame, owner):
        if name.startswith("self."):
            reference = _weak(owner)
            attribute = name.removeprefix("self.")
            steps: tuple[tuple[str, Any], ...] = (("attribute", attribute),)
            if reference is None or attribute not in names:
                continue
        elif name in frame.f_code.co_freevars:
            reference, steps = _weak(start) or _always(start), ()
        elif name in names:
            reference, steps = _always(frame.f_globals), (("item", name),)
        else:
            continue
        if start is thing and steps:
            return Holder(name, reference, steps)
        for how, key in _entries(start, thing):
            shown = f"{name}[{key!r}]" if how == "item" else f"{name}.{key}"
            return Holder(shown, reference, (*steps, (how, key)))
    return None


def _starts(frame: FrameType, owner: Any) -> Iterator[tuple[str, Any]]:
    """Names that the code of a frame can start from, with what they stand for."""
    attributes = getattr(owner, "__dict__", None)
    for name in frame.f_code.co_names:
        if isinstance(attributes, dict) and name in attributes:
            yield f"self.{name}", attributes[name]
    for name in frame.f_code.co_freevars:
        if name != "self" and name in frame.f_locals:
            yield name, frame.f_locals[name]
    for name in frame.f_code.co_names:
        if name in frame.f_globals:
            yield name, frame.f_globals[name]


def _entries(start: Any, thing: Any) -> Iterator[tuple[str, Any]]:
    """Where a plain container or object has the thing."""
    if isinstance(start, dict) and len(start) <= MOST:
        yield from (("item", key) for key, value in start.items() if value is thing)
    elif isinstance(start, list) and len(start) <= MOST:
        yield from (("item", place) for place, value in enumerate(start) if value is thing)
    elif type(start).__module__ not in sys.builtin_module_names and kind_of(start) is None:
        attributes = getattr(start, "__dict__", None)
        if isinstance(attributes, dict) and len(attributes) <= MOST:
            yield from (("attribute", key) for key, value in attributes.items() if value is thing)


def _weak(thing: Any) -> Callable[[], Any] | None:
    try:
        return weakref.ref(thing)
    except TypeError:
        return None


def _always(thing: Any) -> Callable[[], Any]:
    return lambda: thing
