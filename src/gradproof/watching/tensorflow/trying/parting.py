"""Where two steps part, and what of it the noise of floats explains."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..kinds import is_variable
from .alignment import Alignment
from .marks import NUDGE, SPACINGS
from .rewind import State
from .sides import Side, observe

LOSS, GRADIENTS, HANDED, CHANGE, OTHER = STAGES = (
    "loss",
    "gradients",
    "handed gradients",
    "change",
    "other state",
)
NUDGES = 3
"""Runs of each step from slightly moved variables: they show what noise does."""

ROOM = 16.0
"""Noise counts so many times over: few runs show less than the worst of it."""

DRAWS = 8
DRAWN_ROOM = 2.0
"""The same for steps that draw random numbers: runs with other numbers."""

Values = dict[str, Any]
"""Arrays by the name of the variable; `None` where there is a place but no value."""


@dataclass(frozen=True)
class Parted:
    """One quantity that differs between two steps.

    Attributes:
        stage: One of `STAGES`.
        name: Path of the variable; `"loss"`.
        left: Norm in the first step; `None` if it is not there. For a loss
            the value.
        right: The same of the second step.
        difference: Norm of the difference.
        noise: Norm that float noise explains.
        factor: The first is that many times the second, up to noise.
    """

    stage: str
    name: str
    left: float | None
    right: float | None
    difference: float
    noise: float
    factor: float | None


@dataclass
class Runs:
    """One step: as it is, and from slightly moved variables.

    Attributes:
        side: As it is.
        values: What can be compared of it.
        noise: Norms that the other runs explain, by stage and name.
    """

    side: Side
    values: dict[str, Values]
    noise: dict[tuple[str, str], float] = field(default_factory=dict)


def run(
    step: Callable[..., Any],
    args: Sequence[Any],
    state: State,
    alignment: Alignment,
    begin: Callable[[], None],
    eagerly: bool = True,
    stirred: bool = False,
) -> Runs:
    """Runs a step several times from one state and from states beside it.

    Args:
        step: The step.
        args: Its arguments.
        state: What to go back to.
        alignment: Names the variables.
        begin: Puts variables where they have to start.
        eagerly: Runs traced functions as plain Python.
        stirred: The other runs draw other random numbers.
    """
    side = observe(step, args, state, begin, eagerly)
    found = Runs(side, quantities(side, alignment))
    nudged = []
    movable = [one for one in side.touched.values() if alignment.role(one) == "model"]
    seeds = [one for one in side.touched.values() if alignment.role(one) == "seed"]
    for seed in range(DRAWS if stirred else NUDGES):

        def moved(seed: int = seed) -> None:
            begin()
            _move(movable, seed, side.coarse)
            if stirred:
                _stir(seeds, seed)

        near = observe(step, _moved_args(args, seed, side.coarse), state, moved, eagerly)
        for key, variable in side.touched.items():
            # The change counts, not the place from which it was made.
            near.touched.setdefault(key, variable)
        nudged.append(quantities(near, alignment))
    for stage, values in found.values.items():
        for name, value in values.items():
            if value is not None:
                near_ones = [one[stage].get(name) for one in nudged]
                spread = _spread(value, near_ones) * (DRAWN_ROOM if stirred else ROOM)
                rounding = ROOM / 4 * _spacing("float32", side.coarse) * _norm(value)
                found.noise[stage, name] = max(spread, rounding)
    return found


def quantities(side: Side, alignment: Alignment) -> dict[str, Values]:
    """What can be compared of a step, stage by stage."""
    losses: Values = {}
    for call in side.taken:
        losses[_numbered("loss", losses)] = call.value
    if not losses and side.returned is not None:
        losses["loss"] = side.returned
    changes: Values = {}
    others: Values = {}
    handed = {id(variable) for call in side.handed for variable, _ in call.pairs}
    for key, variable in side.touched.items():
        aside = alignment.role(variable) in ("metric", "seed") or not variable.dtype.is_numeric
        if key not in side.after or aside or not alignment.compared(variable):
            continue
        change = _array(side.after[key]) - _array(side.before[key])
        name = alignment.name(variable)
        (changes if key in handed or alignment.trains(variable) else others)[name] = change
    return {
        LOSS: losses,
        GRADIENTS: _by_name(side.taken, alignment),
        HANDED: _by_name(side.handed, alignment),
        CHANGE: changes,
        OTHER: others,
    }


def _by_name(calls: Sequence[Any], alignment: Alignment) -> Values:
    found: Values = {}
    for call in calls:
        for variable, gradient in call.pairs:
            found[_numbered(alignment.name(variable), found)] = gradient
    return found


def _numbered(name: str, taken: Values) -> str:
    """The name, or with a number if it is there already."""
    count = 2
    fresh = name
    while fresh in taken:
        fresh = f"{name} ({count})"
        count += 1
    return fresh


def _array(value: Any) -> Any:
    import numpy as np

    return np.asarray(value).astype(np.float64)


def _spacing(dtype: Any, coarse: str) -> float:
    import tensorflow as tf

    kinds = [tf.as_dtype(dtype), *([tf.as_dtype(coarse)] if coarse else [])]
    return max(SPACINGS.get(kind.name, 0.0) for kind in kinds)


def _shifted(value: Any, dtype: Any, seed: int, coarse: str) -> Any:
    import numpy as np

    rng = np.random.default_rng([seed, value.size])
    by = NUDGE * _spacing(dtype, coarse) * rng.uniform(-1, 1, value.shape)
    return (value.astype(np.float64) * (1 + by)).astype(value.dtype)


def _move(variables: Sequence[Any], seed: int, coarse: str) -> None:
    import tensorflow as tf

    for variable in variables:
        if variable.dtype.is_floating:
            moved = _shifted(variable.numpy(), variable.dtype, seed, coarse)
            tf.raw_ops.AssignVariableOp(resource=variable.handle, value=tf.constant(moved))


def _stir(seeds: Sequence[Any], seed: int) -> None:
    """Moves all random generators on."""
    import random

    import numpy as np
    import tensorflow as tf

    random.seed(seed)
    np.random.seed(seed)
    tf.random.uniform([seed + 1])
    for one in seeds:
        moved = one.numpy() + np.asarray(seed + 1, one.dtype.as_numpy_dtype)
        tf.raw_ops.AssignVariableOp(resource=one.handle, value=tf.constant(moved, one.dtype))


def _moved_args(args: Sequence[Any], seed: int, coarse: str) -> Sequence[Any]:
    """The arguments, their float arrays moved by as little."""
    import numpy as np
    import tensorflow as tf

    def shifted(one: Any) -> Any:
        if isinstance(one, np.ndarray) and one.dtype.kind == "f":
            return _shifted(one, one.dtype, seed, coarse)
        if isinstance(one, tf.Tensor) and not is_variable(one) and one.dtype.is_floating:
            return tf.constant(_shifted(one.numpy(), one.dtype, seed, coarse))
        return one

    moved: Sequence[Any] = tf.nest.map_structure(shifted, list(args))
    return moved


def parted(one: Runs, other: Runs) -> Iterator[Parted]:
    """Every quantity in which two steps differ by more than noise, in order."""
    for stage in STAGES:
        left, right = one.values[stage], other.values[stage]
        if not comparable(stage, one, other):
            continue
        for name in dict.fromkeys((*left, *right)):
            noise = max(runs.noise.get((stage, name), 0.0) for runs in (one, other))
            found = _parted(stage, name, left.get(name), right.get(name), noise)
            if found is not None:
                yield found


def comparable(stage: str, one: Runs, other: Runs) -> bool:
    """Both steps have it, and in the same number of parts."""
    if stage in (LOSS, GRADIENTS) and len(one.side.taken) != len(other.side.taken):
        return not (one.side.taken and other.side.taken) and stage == LOSS and _both(one, other)
    if stage == HANDED:
        return bool(one.side.handed) and bool(other.side.handed)
    return True


def _both(one: Runs, other: Runs) -> bool:
    return bool(one.values[LOSS]) and bool(other.values[LOSS])


def _norm(value: Any) -> float:
    import numpy as np

    return float(np.linalg.norm(value))


def _spread(value: Any, near: Sequence[Any]) -> float:
    """The largest distance of values from one of them, as a norm."""
    import numpy as np

    moves = [
        _norm(np.subtract(one, value))
        for one in near
        if one is not None and np.shape(one) == np.shape(value)
    ]
    return max((move for move in moves if math.isfinite(move)), default=0.0)


def _parted(stage: str, name: str, left: Any, right: Any, noise: float) -> Parted | None:
    import numpy as np

    sizes = [None if one is None else float(np.linalg.norm(one)) for one in (left, right)]
    if stage == LOSS:
        sizes = [None if one is None else float(one) for one in (left, right)]
    if left is None or right is None:
        # No value, no gradient and no change are the same to a variable.
        size = next((abs(one) for one in sizes if one is not None), 0.0)
        if size <= noise and not math.isnan(size):
            return None
        return Parted(stage, name, sizes[0], sizes[1], size, noise, None)
    if np.shape(left) != np.shape(right):
        return Parted(stage, name, sizes[0], sizes[1], math.inf, noise, None)
    if np.array_equal(left, right, equal_nan=True):
        return None
    difference = float(np.linalg.norm(np.subtract(left, right)))
    if difference <= noise:
        return None
    return Parted(stage, name, sizes[0], sizes[1], difference, noise, factor(left, right, noise))


def factor(left: Any, right: Any, noise: float) -> float | None:
    """The number by which `right` has to be multiplied to give `left`."""
    import numpy as np

    size = float(np.sum(np.square(right)))
    if not size or not math.isfinite(size):
        return None
    found = float(np.sum(np.multiply(left, right)) / size)
    rest = float(np.linalg.norm(np.subtract(left, np.multiply(found, right))))
    room = max(noise, 1e-3 * float(np.linalg.norm(left)))
    return found if rest <= room and found else None


def swapped(one: Runs, other: Runs, parts: Sequence[Parted]) -> list[tuple[str, str]]:
    """Variables of the first step that got the gradient of another one."""
    import numpy as np

    found = []
    left, right = one.values[HANDED], other.values[HANDED]
    for part in parts:
        mine = left.get(part.name)
        for name, its in right.items():
            if mine is None or its is None or name == part.name or mine.shape != its.shape:
                continue
            if np.any(its) and np.allclose(mine, its, rtol=1e-4):
                found.append((part.name, name))
    return found
