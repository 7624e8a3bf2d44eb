"""Which variables are assigned to at all, how, and where: buffers, counters, slots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...evidence.applies import Assigned
from ...finding import Place
from ..places import Places
from .eager import in_graph
from .frames import stack_here
from .variables import Variables

PLACES = 3
"""Lines that are remembered for each way of assigning to one variable."""


@dataclass
class _Write:
    times: int = 0
    frozen: bool = False
    places: list[Place] = field(default_factory=list)


class Writes:
    """Counts the assignments to variables that no step of its own follows.

    The stack is looked at a few times for each variable only; afterwards an
    assignment costs one look into a dictionary.
    """

    def __init__(self, places: Places, variables: Variables) -> None:
        self._places = places
        self._variables = variables
        self._writes: dict[tuple[int, str], _Write] = {}

    def note(self, variable: Any, method: str, by_hand: bool, taped: bool) -> None:
        """Notes one call of `assign`, `assign_add` or `assign_sub`.

        Args:
            variable: What is assigned to.
            method: Name of the method.
            by_hand: No optimizer does it; only then its line is of interest.
            taped: A tape is recording.
        """
        key = self._variables.key(variable)
        if key is None:
            return
        write = self._writes.get((key, method))
        if write is None:
            write = self._writes[key, method] = _Write()
        write.times += 1
        if by_hand and write.times <= PLACES:
            write.frozen |= taped and self._variables.is_frozen(key)
            stack = (stack_here(self._places) if in_graph() else self._places.here(5))[0]
            if stack and stack[-1] not in write.places:
                write.places.append(stack[-1])

    def record(self) -> tuple[Assigned, ...]:
        """What was assigned to, as plain data."""
        return tuple(
            Assigned(key, method, write.times, tuple(write.places), write.frozen)
            for (key, method), write in self._writes.items()
        )
