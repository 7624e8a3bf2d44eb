"""What a program saved and loaded, and what that took along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..finding import Place

if TYPE_CHECKING:
    from .applies import Apply, Optimizer
    from .run import Run


@dataclass(frozen=True, slots=True)
class Save:
    """Weights were written to a file, or read from one.

    Attributes:
        kind: `"save"` or `"load"`.
        path: Of the file, as given.
        place: The user's line; of a checkpoint the one that made the object.
        variables: Keys of the variables that it took along.
        optimizers: Numbers of the optimizers that it took along.
        trained: An optimizer had been applied before.
    """

    kind: str
    path: str
    place: Place | None
    variables: frozenset[int]
    optimizers: frozenset[int]
    trained: bool


@dataclass(frozen=True)
class Resumed:
    """Training went on from saved weights with an optimizer that starts anew."""

    load: Save
    before: Optimizer
    after: Optimizer
    variables: tuple[str, ...]


def resumed(run: Run) -> Iterator[Resumed]:
    """Weights saved in training, loaded into a new model, and trained on from zero."""
    restored = {key for save in run.saves if save.kind == "load" for key in save.optimizers}
    applied: dict[int, list[Apply]] = {}
    for apply in run.applies:
        if apply.optimizer is not None and apply.error is None:
            applied.setdefault(apply.optimizer, []).append(apply)
    optimizers = {one.key: one for one in run.optimizers}
    saves: list[Save] = []
    for save in run.saves:
        if save.kind == "save":
            saves += [save] if save.trained else []
            continue
        # The weights of a model put back into itself are the best ones, kept on purpose.
        sources = [one for one in saves if _same(one, save) and not one.variables & save.variables]
        for source in sources[-1:]:
            old = [key for key in applied if _variables(applied[key]) & source.variables]
            new = [
                key
                for key in applied
                if key not in restored and _variables(applied[key]) & save.variables
            ]
            for before, after in ((one, two) for one in old for two in new if one < two):
                if _goes_on(run, applied, optimizers[before], optimizers[after]):
                    keys = sorted(_variables(applied[after]))
                    yield Resumed(
                        save,
                        optimizers[before],
                        optimizers[after],
                        tuple(run.path(key) for key in keys),
                    )


def _same(one: Save, other: Save) -> bool:
    return one.path.startswith(other.path) or other.path.startswith(one.path)


def _variables(applies: list[Apply]) -> frozenset[int]:
    return frozenset(
        pair.variable for apply in applies for pair in apply.pairs if pair.variable is not None
    )


def _goes_on(
    run: Run, applied: dict[int, list[Apply]], before: Optimizer, after: Optimizer
) -> bool:
    """The second optimizer does what the first one did, without what it had gathered."""
    if before.name != after.name or not (before.state or before.schedule):
        return False
    first, second = (_first(run, applied[one.key]) for one in (before, after))
    if len(_variables(applied[before.key])) != len(_variables(applied[after.key])):
        return False
    return first[0] == second[0] and not second[1]


def _first(run: Run, applies: list[Apply]) -> tuple[float | None, int | None]:
    """Learning rate and counter at an optimizer's first step."""
    for apply in applies:
        for step in run.steps_of(apply.key)[:1]:
            rate = step.learning_rate
            return (None if rate is None else round(rate, 9)), step.iterations
    return None, None
