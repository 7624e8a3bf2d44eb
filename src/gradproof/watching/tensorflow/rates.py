"""Learning rates that the program goes on changing where no optimizer looks."""

from __future__ import annotations

import re
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ...evidence.ledger import CopiedRate
from ..places import Places
from .eager import in_graph
from .optimizer_state import passed_of
from .pairs import inner_of
from .variables import bare, is_variable

NAMES = re.compile(r"(^|_)(lr|eta|learning_?rate|rate|step_?size)(_|$|\d)", re.IGNORECASE)
OPTIMIZERS = 20


@dataclass
class _Candidate:
    """A name or variable whose value an optimizer may have been given."""

    name: str
    kind: str
    read: Callable[[], float | None]


@dataclass
class _Watched:
    """An optimizer beside what its learning rate may have been copied from."""

    key: int
    optimizer: weakref.ref[Any]
    candidates: list[_Candidate]
    first: float | None = None
    changed_at: int | None = None


class Rates:
    """Compares learning rates in force with what they were copied from."""

    def __init__(self, places: Places) -> None:
        self.found: dict[int, CopiedRate] = {}
        self._places = places
        self._watched: list[_Watched] = []

    def made(self, optimizer: Any, key: int) -> None:
        """An optimizer is being made: looks at names around it."""
        if len(self._watched) >= OPTIMIZERS:
            return
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and self._places.library(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is not None:
            candidates = _candidates(frame)
            if candidates:
                self._watched.append(_Watched(key, weakref.ref(optimizer), candidates))

    def look(self) -> None:
        """Notes values that changed while the learning rate in force did not."""
        if in_graph():
            return
        for watched in list(self._watched):
            optimizer = watched.optimizer()
            rate = getattr(optimizer, "_learning_rate", None)
            if optimizer is None or (rate is not None and not is_variable(rate)):
                self._watched.remove(watched)
            elif rate is not None:
                self._compare(watched, float(bare(rate).numpy()), passed_of(inner_of(optimizer)))

    def _compare(self, watched: _Watched, now: float, passed: int) -> None:
        if watched.first is None:
            watched.first = now
            watched.candidates = [one for one in watched.candidates if _same(one.read(), now)]
        if not watched.candidates or not _same(watched.first, now):
            self._watched.remove(watched)
            self.found.pop(watched.key, None)
            return
        changed = [one for one in watched.candidates if not _same(one.read(), now)]
        if not changed:
            watched.changed_at = None
            return
        if watched.changed_at is None:
            watched.changed_at = passed
        if passed >= watched.changed_at + 2:
            value = changed[0].read()
            if value is not None:
                self.found[watched.key] = CopiedRate(
                    watched.key, changed[0].name, changed[0].kind, now, value, passed
                )


def _candidates(frame: FrameType) -> list[_Candidate]:
    """Names that the making frame can read and that sound like a learning rate."""
    found: list[_Candidate] = []
    for name, value in frame.f_locals.items():
        if NAMES.search(name) and is_variable(value):
            found.append(_Candidate(name, "variable", _of_variable(value)))
    owner = frame.f_locals.get("self")
    try:
        held = weakref.ref(owner) if owner is not None else None
    except TypeError:
        held = None
    for name in frame.f_code.co_names:
        if not NAMES.search(name):
            continue
        value = getattr(owner, "__dict__", {}).get(name)
        if held is not None and isinstance(value, float):
            found.append(_Candidate(f"self.{name}", "name", _of_attribute(held, name)))
        elif held is not None and is_variable(value):
            found.append(_Candidate(f"self.{name}", "variable", _of_variable(value)))
        if isinstance(frame.f_globals.get(name), float):
            found.append(_Candidate(name, "name", _of_global(frame.f_globals, name)))
    return found


def _of_variable(variable: Any) -> Callable[[], float | None]:
    held = weakref.ref(bare(variable))

    def read() -> float | None:
        living = held()
        return None if living is None or living.shape.rank != 0 else float(living.numpy())

    return read


def _of_attribute(held: weakref.ref[Any], name: str) -> Callable[[], float | None]:
    return lambda: _number(getattr(held(), "__dict__", {}).get(name))


def _of_global(names: dict[str, Any], name: str) -> Callable[[], float | None]:
    return lambda: _number(names.get(name))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, float) else None


def _same(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) <= 1e-6 * max(abs(one), abs(other))
