"""What traced steps read once, while tracing, and the program changes later.

Optimizers that are replaced, flags of trainable variables that are set, models
that Keras trains although nothing in them is trainable, loss scales.
"""

from __future__ import annotations

import math
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...evidence.stale import Flip, LossScale, Replaced, Untrained
from ...finding import Place
from ..patches import Patches
from ..places import Places
from .eager import in_graph
from .frames import stack_here
from .holders import Holder, holder_of
from .kinds import is_variable, kind_of
from .pairs import inner_of, pairs_of
from .variables import Variables

NOTES = 60
"""Facts of one kind that are kept."""


@dataclass
class _Trace:
    """What one outermost traced function holds since it was traced last."""

    holder: Holder | None
    held: weakref.ref[Any]
    optimizer: int
    place: Place | None
    handed: frozenset[int]
    flags: dict[int, bool]
    changes: int


@dataclass
class _Calls:
    """The outermost calls of one traced function so far, and what it holds."""

    count: int = 0
    traces: list[_Trace] = field(default_factory=list)


@dataclass
class _Scaled:
    """A loss-scale optimizer in use."""

    optimizer: weakref.ref[Any]
    place: Place | None
    function: weakref.ref[Any] | None
    initial: float
    calls: int = 0
    variables: tuple[int, ...] = ()


@dataclass
class _Running(threading.local):
    """Traced functions under way in this thread, outermost first.

    Attributes:
        functions: They.
        calls: Those of the outermost one; `None` where a graph calls it.
        traced: It is traced in this call.
        applying: Calls of optimizers under way, one in the other.
    """

    functions: list[Any] = field(default_factory=list)
    calls: _Calls | None = None
    traced: bool = False
    applying: int = 0


class Stale:
    """Watches what traced functions hold on to.

    Args:
        number_of: Gives the number of an optimizer.
    """

    def __init__(
        self, places: Places, variables: Variables, number_of: Callable[[Any], int]
    ) -> None:
        self.replaced: list[Replaced] = []
        self.flips: list[Flip] = []
        self.untrained: list[Untrained] = []
        self._places = places
        self._variables = variables
        self._number_of = number_of
        self._running = _Running()
        self._calls: weakref.WeakKeyDictionary[Any, _Calls] = weakref.WeakKeyDictionary()
        self._scaled: weakref.WeakKeyDictionary[Any, _Scaled] = weakref.WeakKeyDictionary()
        self._frozen_at: weakref.WeakKeyDictionary[Any, Place | None] = weakref.WeakKeyDictionary()
        self._changes = 0
        self._wanted: dict[int, bool] | None = None
        self._changed_at: Place | None = None
        self._models: Counter[int] = Counter()

    def install_optimizer(self, patches: Patches, kind: Any, methods: tuple[str, ...]) -> None:
        """Watches an optimizer's funnel; to be installed before other hooks on it."""
        for name in methods:
            if name in vars(kind):
                patches.around(
                    kind,
                    name,
                    before=lambda optimizer, args, kwargs, name=name: self._applying(
                        optimizer, args, kwargs, name
                    ),
                    after=lambda note, optimizer, result: self._applied(),
                    raised=lambda note, optimizer, problem: self._applied(),
                )

    def install_flag(self, patches: Patches, kind: Any) -> None:
        """Watches the setting of `trainable` on layers or variables."""
        found = vars(kind).get("trainable")
        if not isinstance(found, property) or found.fset is None:
            return
        write = found.fset

        def setting(owner: Any, value: Any) -> None:
            patches.quietly(self._setting)
            write(owner, value)
            patches.quietly(self._set, owner, value)

        setting.autograph_info__ = None  # type: ignore[attr-defined]
        patches.replace(kind, "trainable", property(found.fget, setting, found.fdel, found.__doc__))

    def install_training(self, patches: Patches, trainer: Any) -> None:
        """Watches Keras 3's own training step."""
        patches.around(
            trainer, "train_step", before=lambda model, args, kwargs: self._training(model)
        )

    def enter(self, function: Any) -> None:
        """A call of a traced function begins."""
        running = self._running
        running.functions.append(function)
        if len(running.functions) > 1:
            return
        running.traced = False
        running.calls = None
        if not in_graph():
            running.calls = self._of(function)
            running.calls.count += 1

    def leave(self, function: Any) -> None:
        """It has ended, or raised."""
        running = self._running
        if running.functions:
            running.functions.pop()
        calls = running.calls
        if running.functions or running.traced or calls is None:
            return
        for trace in calls.traces:
            self._compare(function, trace, calls.count)

    def _of(self, function: Any) -> _Calls:
        found = self._calls.get(function)
        if found is None:
            found = self._calls[function] = _Calls()
        return found

    def _compare(self, function: Any, trace: _Trace, call: int) -> None:
        if trace.holder is not None:
            now = trace.holder.look()
            if now is not trace.held() and kind_of(now) == "optimizer":
                self._swapped(function, trace, call, now)
        if trace.changes != self._changes:
            trace.changes = self._changes
            self._flipped(function, trace, call)

    def _swapped(self, function: Any, trace: _Trace, call: int, now: Any) -> None:
        """Another object stands where the traced optimizer stood."""
        number = self._number_of(now)
        if number == trace.optimizer or trace.holder is None:
            return
        name = trace.holder.name
        trace.holder = None
        if len(self.replaced) < NOTES:
            self.replaced.append(
                Replaced(name, _name(function), trace.place, trace.optimizer, number, call)
            )

    def _flipped(self, function: Any, trace: _Trace, call: int) -> None:
        flags = {**trace.flags, **self._flags()}
        frozen = frozenset(key for key in trace.handed if trace.flags[key] and not flags[key])
        thawed = frozenset(
            key
            for key, flag in trace.flags.items()
            if not flag and flags[key] and key not in trace.handed
        )
        if (frozen or thawed) and len(self.flips) < NOTES:
            self.flips.append(
                Flip(_name(function), self._changed_at, trace.place, frozen, thawed, call)
            )

    def _applying(self, optimizer: Any, args: Any, kwargs: Any, method: str) -> None:
        running = self._running
        running.applying += 1
        if running.applying > 1:
            return
        function = running.functions[0] if running.functions else None
        scales = hasattr(optimizer, "initial_scale")
        traced = function is not None and in_graph()
        if not (scales or traced):
            return
        _, pairs = pairs_of(method, args, kwargs, optimizer)
        keys = [self._variables.key(variable) for _, variable in pairs if is_variable(variable)]
        handed = frozenset(key for key in keys if key is not None)
        if scales:
            self._note_scale(optimizer, function, handed)
        if not traced:
            return
        stack, _ = stack_here(self._places)
        calls = self._of(function)
        if not running.traced:
            calls.traces = []
            running.traced = True
        flags = self._flags()
        calls.traces.append(
            _Trace(
                holder_of(optimizer, sys._getframe(1), self._places),
                weakref.ref(optimizer),
                self._number_of(optimizer),
                stack[-1] if stack else None,
                handed & flags.keys(),
                flags,
                self._changes,
            )
        )

    def _applied(self) -> None:
        self._running.applying = max(0, self._running.applying - 1)

    def _setting(self) -> None:
        """Keeps the program's flags before Keras sets others for a while.

        The `fit` of tf-keras works with the flags as they were at `compile`.
        """
        if self._wanted is None and self._changes and not self._by_user():
            self._wanted = self._variables.flags()

    def _by_user(self) -> bool:
        """The program sets the flag itself, not Keras."""
        frame = sys._getframe(3)
        while frame.f_code.co_name in ("trainable", "setting", "quietly", "__setattr__"):
            if frame.f_back is None:
                break
            frame = frame.f_back
        return not self._places.library(frame.f_code.co_filename)

    def _flags(self) -> dict[int, bool]:
        """Which variables train, as the program wants it."""
        now = self._variables.flags()
        return now if self._wanted is None else now | self._wanted

    def _set(self, owner: Any, value: Any) -> None:
        if not self._by_user():
            return
        stack, _ = self._places.here(3)
        self._wanted = None
        self._changes += 1
        if stack:
            self._changed_at = stack[-1]
        if kind_of(owner) != "layer":
            return
        if value:
            self._frozen_at.pop(owner, None)
            self._variables.frozen.pop(owner, None)
            return
        self._variables.frozen[owner] = stack[-1] if stack else None
        if getattr(owner, "compiled", False):
            self._frozen_at[owner] = stack[-1] if stack else None

    def _training(self, model: Any) -> None:
        if not in_graph() and self._models[id(model)]:
            return
        self._models[id(model)] += 1
        if model.trainable_variables or not model.variables or len(self.untrained) >= NOTES:
            return
        stack, _ = stack_here(self._places) if in_graph() else self._places.here(3)
        keys = (self._variables.key(variable) for variable in model.weights)
        note = Untrained(
            str(model.name),
            stack[-1] if stack else None,
            self._frozen_at.get(model),
            tuple(key for key in keys if key is not None),
        )
        if note not in self.untrained:
            self.untrained.append(note)

    def _note_scale(self, optimizer: Any, function: Any, handed: frozenset[int]) -> None:
        note = self._scaled.get(optimizer)
        if note is None:
            stack, _ = stack_here(self._places) if in_graph() else self._places.here(4)
            note = self._scaled[optimizer] = _Scaled(
                weakref.ref(optimizer),
                stack[-1] if stack else None,
                weakref.ref(function) if function is not None else None,
                float(optimizer.initial_scale or 0.0),
                variables=tuple(sorted(handed)),
            )
        if not in_graph():
            note.calls += 1

    def scales(self) -> tuple[LossScale, ...]:
        """How the loss scales stand now; read in eager code only."""
        found = []
        for note in list(self._scaled.values()):
            optimizer = note.optimizer()
            now = _scale(optimizer) if optimizer is not None else None
            if optimizer is None or now is None:
                continue
            scale, applied = now
            function = note.function() if note.function is not None else None
            calls = note.calls + (self._of(function).count if function is not None else 0)
            halved = round(math.log2(note.initial / scale)) if 0 < scale < note.initial else 0
            found.append(
                LossScale(
                    type(inner_of(optimizer)).__name__,
                    note.place,
                    note.initial,
                    scale,
                    max(calls, halved, applied or 0),
                    applied,
                    note.variables,
                )
            )
        return tuple(found)


def _scale(optimizer: Any) -> tuple[float, int | None] | None:
    """The scale in force, and the steps that the inner optimizer has made."""
    dynamic = getattr(optimizer, "dynamic_scale", None)
    try:
        if dynamic is not None:
            return float(dynamic.numpy()), int(inner_of(optimizer).iterations.numpy())
        if getattr(optimizer, "dynamic", False):
            return float(optimizer.loss_scale.numpy()), None
    except (AttributeError, TypeError, ValueError):
        pass
    return None


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", "function"))
