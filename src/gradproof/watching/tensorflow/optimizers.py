"""Every optimizer object of the program, told apart and described."""

from __future__ import annotations

import sys
import weakref
from types import FrameType
from typing import Any

from ...evidence.applies import Optimizer
from ..places import Places, Stack
from . import replicas
from .auditing.optimizer_state import applied_at, rule_at
from .eager import in_graph
from .frames import stack_here
from .generations import of_keras_2
from .kinds import bare
from .measuring.measures import scalar
from .pairs import inner_of
from .rates import Rates
from .schedules import described


class Optimizers:
    """Numbers the optimizers, and keeps what is known of those that are gone.

    Attributes:
        rates: Their learning rates, beside what they were copied from.
    """

    def __init__(self, places: Places) -> None:
        self.rates = Rates(places)
        self._places = places
        self._known: list[Optimizer] = []
        self._keys: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._used: set[int] = set()

    def made(self, optimizer: Any) -> None:
        """An optimizer has been made."""
        self.rates.made(optimizer, self._number(optimizer, True))

    def key(self, optimizer: Any) -> int:
        """The number of an optimizer object that is about to be applied."""
        found = self._number(optimizer)
        self._used.add(found)
        return found

    def _number(self, optimizer: Any, new: bool = False) -> int:
        found = self._keys.get(optimizer)
        if found is not None:
            return found
        found = self._keys[optimizer] = len(self._known) + 1
        stack: Stack = ()
        if new:
            stack = (stack_here(self._places) if in_graph() else self._places.here(4))[0]
            stack = _around(stack, optimizer, self._places)
        module = next(
            (
                base.__module__
                for base in type(optimizer).__mro__
                if base.__module__.startswith(("keras.", "tf_keras."))
            ),
            "",
        )
        self._known.append(
            Optimizer(
                found,
                type(optimizer).__name__,
                stack[-1] if stack else None,
                "trace" if new and in_graph() else "",
                generation="2" if of_keras_2(module) else "3",
                rule_at=rule_at(optimizer, self._places),
                applied_at=applied_at(optimizer, self._places),
                after=len(self._used),
            )
        )
        return found

    def describe(self, optimizer: Any) -> None:
        """Looks at an optimizer now: it may be gone before anybody asks."""
        key = self._number(optimizer)
        self._known[key - 1] = described(optimizer, self._known[key - 1])

    def record(self) -> tuple[Optimizer, ...]:
        """All optimizers as plain data; those gone as last seen."""
        for optimizer in list(self._keys):
            self.describe(optimizer)
        return tuple(self._known)


def _around(stack: Stack, optimizer: Any, places: Places) -> Stack:
    """The lines that made an optimizer, without those of its own class's constructor."""
    lines = set()
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        own = frame.f_code.co_name == "__init__"
        if own and frame.f_locals.get(frame.f_code.co_varnames[0]) is optimizer:
            lines.add(places.place(frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    while len(stack) > 1 and stack[-1] in lines:
        stack = stack[:-1]
    return stack


def state(optimizer: Any) -> tuple[Any, Any]:
    """Learning rate and counter in force: numbers, or tensors of a graph."""
    inner = inner_of(optimizer)
    try:
        rate = (
            inner._get_current_learning_rate()
            if hasattr(inner, "_get_current_learning_rate")
            else inner.learning_rate
        )
        iterations = inner.iterations
    except (AttributeError, TypeError, ValueError):
        return None, None
    if callable(rate) and not hasattr(rate, "dtype"):
        rate = rate(bare(iterations))
    if in_graph():
        return scalar(rate), None
    return float(replicas.local(rate)), int(replicas.local(iterations))
