"""Learning rates that the program goes on changing where no optimizer looks."""

from __future__ import annotations

import linecache
import re
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType, ModuleType
from typing import Any

from ...evidence.ledger import CopiedRate
from ...finding import Place
from ..places import Places
from .auditing.optimizer_state import passed_of
from .eager import in_graph, unheard
from .kinds import bare, is_variable, kind_of
from .pairs import inner_of
from .stores import store_lines

NAMES = re.compile(r"(^|_)(lr|eta|learning_?rate|rate|step_?size)(_|$|\d)", re.IGNORECASE)
OPTIMIZERS = 20

ENTRIES = 100
"""Settings of one dictionary or object that are looked at."""


@dataclass
class _Candidate:
    """A name or variable whose value an optimizer may have been given.

    `stored` is how a program changes it: see `store_lines`. `copied` is what an
    optimizer was given of something that goes on by itself, a schedule.
    """

    name: str
    kind: str
    read: Callable[[], float | None]
    stored: tuple[str, str] = ("", "")
    copied: float | None = None


@dataclass
class _Watched:
    """An optimizer beside what its learning rate may have been copied from."""

    key: int
    optimizer: weakref.ref[Any]
    candidates: list[_Candidate]
    first: float | None = None
    changed_at: int | None = None
    same_until: int = 0
    code: CodeType | None = None
    names: dict[str, Any] = field(default_factory=dict)
    line: int = 0


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
            candidates = _candidates(frame) + _asked_once(frame, optimizer)
            if candidates:
                self._watched.append(
                    _Watched(
                        key,
                        weakref.ref(optimizer),
                        candidates,
                        code=frame.f_code,
                        names=frame.f_globals,
                        line=frame.f_lineno,
                    )
                )

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
            watched.candidates = [
                one
                for one in watched.candidates
                if _same(one.read() if one.copied is None else one.copied, now)
            ]
        if not watched.candidates or not _same(watched.first, now):
            self._watched.remove(watched)
            self.found.pop(watched.key, None)
            return
        changed = [one for one in watched.candidates if not _same(one.read(), now)]
        if not changed:
            watched.changed_at, watched.same_until = None, passed
            return
        if watched.changed_at is None:
            watched.changed_at = passed
        if passed >= watched.changed_at + 2:
            value = changed[0].read()
            if value is not None:
                self.found[watched.key] = CopiedRate(
                    watched.key,
                    changed[0].name,
                    changed[0].kind,
                    now,
                    value,
                    passed,
                    watched.same_until + 1,
                    self._changed_at(changed[0], watched),
                )

    def _changed_at(self, candidate: _Candidate, watched: _Watched) -> Place | None:
        """The line that changes it, the last one that the file has for it."""
        if not candidate.stored[0] or watched.code is None:
            return None
        lines = store_lines(watched.code, watched.names, *candidate.stored)
        later = [line for line in lines if line != watched.line]
        return self._places.place(watched.code.co_filename, later[-1]) if later else None


def _candidates(frame: FrameType) -> list[_Candidate]:
    """Names that the making frame can read and that sound like a learning rate."""
    found: list[_Candidate] = []
    local = dict(frame.f_locals)
    top = local is frame.f_globals or frame.f_code.co_name == "<module>"
    for name, value in local.items():
        if NAMES.search(name) and is_variable(value):
            found.append(_Candidate(name, "variable", _of_variable(value)))
        elif NAMES.search(name) and isinstance(value, float) and not top:
            found.append(_Candidate(name, "name", _of_local(frame.f_code, name), ("name", name)))
    owner = local.get("self")
    held = _weakly(owner)
    for name in frame.f_code.co_names:
        value = getattr(owner, "__dict__", {}).get(name)
        if held is not None and value is not None:
            found += _entries(f"self.{name}", value)
        if name not in local or top:
            found += _entries(name, frame.f_globals.get(name))
        if not NAMES.search(name):
            continue
        if held is not None and isinstance(value, float):
            read = _of_attribute(held, name)
            found.append(_Candidate(f"self.{name}", "name", read, ("attribute", name)))
        elif held is not None and is_variable(value):
            found.append(_Candidate(f"self.{name}", "variable", _of_variable(value)))
        if isinstance(frame.f_globals.get(name), float):
            read = _of_global(frame.f_globals, name)
            found.append(_Candidate(name, "name", read, ("name", name)))
    for name, value in local.items() if not top else ():
        if name != "self":
            found += _entries(name, value)
    return found


def _asked_once(frame: FrameType, optimizer: Any) -> list[_Candidate]:
    """Schedules of Keras that the making line asks for a number.

    Nobody else's are asked: they may print, or count.
    """
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals)
    asked = re.findall(r"\b(\w+)\(\s*0(?:\.0*)?\s*\)", line)
    found = []
    for name in dict.fromkeys(asked):
        schedule = frame.f_locals.get(name, frame.f_globals.get(name))
        kinds = {base.__name__ for base in type(schedule).__mro__}
        theirs = type(schedule).__module__.split(".")[0] in ("keras", "tf_keras")
        if theirs and "LearningRateSchedule" in kinds:
            read = _of_schedule(schedule, weakref.ref(optimizer))
            found.append(_Candidate(name, "schedule", read, copied=_at(schedule, 0)))
    return found


def _of_schedule(schedule: Any, optimizer: weakref.ref[Any]) -> Callable[[], float | None]:
    def read() -> float | None:
        living = optimizer()
        return None if living is None else _at(schedule, passed_of(inner_of(living)))

    return read


@unheard()
def _at(schedule: Any, step: int) -> float:
    """What a schedule gives for a step, in eager code."""
    from tensorflow.python.eager import record
    from tensorflow.python.framework import ops

    with ops.init_scope(), record.stop_recording():
        return float(schedule(step))


def _entries(name: str, value: Any) -> list[_Candidate]:
    """Rates that a dictionary or a plain object of settings holds."""
    if isinstance(value, dict):
        return [
            _Candidate(f'{name}["{key}"]', "name", _of_global(value, key), ("entry", key))
            for key, held in list(value.items())[:ENTRIES]
            if isinstance(key, str) and NAMES.search(key) and isinstance(held, float)
        ]
    settings = getattr(value, "__dict__", None)
    held = _weakly(value)
    if not isinstance(settings, dict) or held is None or isinstance(value, type | ModuleType):
        return []
    if kind_of(value) or hasattr(value, "apply_gradients"):
        return []
    return [
        _Candidate(f"{name}.{key}", "name", _of_attribute(held, key), ("attribute", key))
        for key, number in list(settings.items())[:ENTRIES]
        if NAMES.search(key) and isinstance(number, float)
    ]


def _weakly(thing: Any) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(thing) if thing is not None else None
    except TypeError:
        return None


def _of_local(code: CodeType, name: str) -> Callable[[], float | None]:
    """Reads a name of a function as long as that function runs.

    The frame itself is not kept: it would keep all its names alive.
    """
    last: list[float | None] = [None]

    def read() -> float | None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code is code:
                last[0] = _number(frame.f_locals.get(name))
                break
            frame = frame.f_back
        return last[0]

    return read


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
