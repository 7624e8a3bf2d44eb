"""Optimizers that serve two lists of variables in one and the same step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .applies import Apply, Optimizer
from .run import Run


@dataclass(frozen=True)
class Shared:
    """One optimizer, two lists.

    Attributes:
        optimizer: It.
        first: The call with the first list.
        second: The call with a list that has none of the first's variables.
        idle: Optimizers that the program made and never used.
    """

    optimizer: Optimizer
    first: Apply
    second: Apply
    idle: tuple[Optimizer, ...]


def shared(run: Run) -> Iterator[Shared]:
    """Optimizers given two lists that have nothing in common.

    One object for two lists may be a decision. It is none where another
    optimizer stays unused; whether two names stand for one, source tells.
    """
    used = {apply.optimizer for apply in run.applies}
    idle = tuple(
        one for one in run.optimizers if one.key not in used and one.made_at and not one.during
    )
    told: set[int] = set()
    for second in run.applies:
        if second.optimizer is None or second.optimizer in told:
            continue
        first = next((one for one in run.applies if _another(one, second)), None)
        if first is None:
            continue
        refused = second.error is not None and bool(second.known)
        together = first.stack[:-1] == second.stack[:-1] and first.counted <= 1
        unnoticed = idle and run.finished and second.error is None
        if unnoticed or (refused and (together or idle)):
            told.add(second.optimizer)
            yield Shared(run.optimizers[second.optimizer - 1], first, second, idle)


def _another(first: Apply, second: Apply) -> bool:
    """An earlier call of the same optimizer elsewhere, with other variables."""
    if first.optimizer != second.optimizer or first.key >= second.key:
        return False
    if first.place == second.place or first.error is not None:
        return False
    mine = {pair.variable for pair in first.pairs}
    theirs = {pair.variable for pair in second.pairs}
    return bool(mine) and bool(theirs) and not mine & theirs
