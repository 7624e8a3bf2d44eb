"""Gradient and apply calls that name variables as the list of variables does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from ....evidence.applies import Apply, Pair
from ....evidence.gradients import GradientCall, Source
from ....evidence.variable import Variable

_Named = TypeVar("_Named", Source, Pair)


def numbered(variables: Iterable[Variable]) -> dict[int, str]:
    """Paths of the variables that their own names do not tell, by key."""
    return {one.key: one.path for one in variables if "#" in one.path or one.renamed}


def with_paths(calls: Iterable[GradientCall], paths: dict[int, str]) -> tuple[GradientCall, ...]:
    """The calls, their sources named by these paths."""
    if not paths:
        return tuple(calls)
    return tuple(
        replace(call, sources=tuple(_named(one, paths) for one in call.sources)) for call in calls
    )


def pairs_with_paths(applies: Iterable[Apply], paths: dict[int, str]) -> tuple[Apply, ...]:
    """The apply calls, the variables of their pairs named by these paths."""
    if not paths:
        return tuple(applies)
    return tuple(
        replace(apply, pairs=tuple(_named(one, paths) for one in apply.pairs)) for apply in applies
    )


def _named(one: _Named, paths: dict[int, str]) -> _Named:
    path = paths.get(one.variable) if one.variable is not None else None
    return one if path is None else replace(one, name=path)
