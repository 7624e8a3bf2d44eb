"""Why two steps part: what only one of them does, told by trying."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..kinds import bare, is_variable, kind_of
from .parting import CHANGE, HANDED, LOSS, OTHER, Parted, Runs, swapped
from .rewind import State
from .sides import Handed, observe

NEAR = 1e-3
"""Relative; two numbers that belong together are as near as that."""

_STATISTICS = ("moving_mean", "moving_variance", "moving_avg", "moving_var")
_SETTINGS = (
    "momentum",
    "nesterov",
    "beta_1",
    "beta_2",
    "rho",
    "epsilon",
    "amsgrad",
    "centered",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "gradient_accumulation_steps",
)


def reasons(
    one: Runs,
    other: Runs,
    parts: Sequence[Parted],
    names: tuple[str, str],
    only: Callable[[int], Callable[..., Any]],
    args: Sequence[Any],
    state: State,
) -> list[str]:
    """Sentences about the first stage at which two steps part.

    Args:
        one: The first step.
        other: The second.
        parts: What differs.
        names: What the steps are called.
        only: Gives the first (0) or second (1) step, from the common start.
        args: The batch.
        state: Is restored after each trial.
    """
    stage = parts[0].stage
    first = [part for part in parts if part.stage == stage]
    found = list(_sizes(first[0], args))
    if stage == LOSS:
        found += _penalties(one, other, first[0], names)
        found += _shapes(one, other, names)
        found += _in_one_only(one, other, names)
        found += _unused(only, args, state, names)
    if stage == HANDED:
        for mine, its in swapped(one, other, first)[:3]:
            found.append(f"`{mine}` gets in {names[0]} what `{its}` gets in {names[1]}")
    if stage in (CHANGE, HANDED):
        found += _optimizers(one.side.handed, other.side.handed, names)
    found += statistics(parts, names)
    return found


def _sizes(part: Parted, args: Sequence[Any]) -> Iterator[str]:
    """What the ratio of two sizes tells."""
    ratio = part.factor
    if ratio is None or not math.isfinite(ratio):
        return
    sizes = {int(one.shape[0]) for one in _arrays(args) if len(one.shape)}
    for size in sizes:
        for found in (ratio, 1 / ratio):
            if size > 1 and math.isclose(found, size, rel_tol=NEAR):
                yield f"the ratio is the batch size, {size}: a sum against a mean"
    if math.isclose(ratio, -1.0, rel_tol=NEAR):
        yield "the sign is the other one"
    power = math.log2(abs(ratio)) if ratio else 0.0
    if abs(power) >= 8 and math.isclose(power, round(power), abs_tol=NEAR):
        yield f"the ratio is 2**{round(power)}, as a loss scale has it"


def _arrays(args: Sequence[Any]) -> list[Any]:
    import tensorflow as tf

    return [
        one
        for one in tf.nest.flatten(list(args))
        if hasattr(one, "shape") and hasattr(one, "dtype") and not is_variable(one)
    ]


def _penalties(one: Runs, other: Runs, part: Parted, names: tuple[str, str]) -> Iterator[str]:
    """The difference is what the regularizers of the model add."""
    if part.left is None or part.right is None:
        return
    variables = {**one.side.touched, **other.side.touched}
    penalty = regularization({id(bare(variable)) for variable in variables.values()})
    room = NEAR * abs(penalty) + part.noise
    if penalty and abs(abs(part.left - part.right) - abs(penalty)) <= room:
        more = names[0] if (part.left > part.right) == (penalty > 0) else names[1]
        yield f"the regularisation losses of the model, {penalty:.4g}, are in {more} only"


def regularization(touched: set[int]) -> float:
    """Sum of the losses that the living models with these variables offer."""
    found: list[tuple[int, Any, set[int]]] = []
    for layer in gc.get_objects():
        try:
            if kind_of(layer) != "layer":
                continue
            weights = {id(bare(weight)) for weight in layer.weights}
        except Exception:
            continue  # a layer that is not built, a class of the oddest kind
        if weights and weights <= touched:
            found.append((len(weights), layer, weights))
    total = 0.0
    seen: set[int] = set()
    for _, layer, weights in sorted(found, key=lambda entry: -entry[0]):
        if not weights & seen:
            seen |= weights
            total += sum(_float(loss) for loss in layer.losses)
    return total


def _float(loss: Any) -> float:
    try:
        return float(loss)
    except (TypeError, ValueError):
        return 0.0  # a tensor of a graph that is gone


def _shapes(one: Runs, other: Runs, names: tuple[str, str]) -> Iterator[str]:
    grown = one.side.grown, other.side.grown
    for mine, its, name in ((*grown, names[0]), (*reversed(grown), names[1])):
        yield from (f"in {name} only, {words}" for words in mine if words not in its)
    for left, right in zip(one.side.taken, other.side.taken, strict=False):
        if left.shape is not None and right.shape is not None and left.shape != right.shape:
            yield (
                f"the loss has the shape {left.shape} in {names[0]} and {right.shape} in "
                f"{names[1]}; the gradient of a tensor is that of its sum"
            )


def _in_one_only(one: Runs, other: Runs, names: tuple[str, str]) -> Iterator[str]:
    if one.side.drew != other.side.drew:
        mine, its = names if one.side.drew else reversed(names)
        yield f"random numbers, as of dropout, are drawn in {mine} only, not in {its}"


def statistics(parts: Sequence[Parted], names: tuple[str, str]) -> Iterator[str]:
    """Normalization layers learn their statistics in one step only."""
    for mine, its, name in (("left", "right", names[0]), ("right", "left", names[1])):
        moved = [
            part
            for part in parts
            if part.stage == OTHER
            # A number tells it from those of other models that have the same name.
            and part.name.partition("#")[0].endswith(_STATISTICS)
            and getattr(part, mine)
            and not getattr(part, its)
        ]
        if moved:
            yield f"BatchNorm statistics, such as `{moved[0].name}`, move in {name} only"


def _unused(
    only: Callable[[int], Callable[..., Any]],
    args: Sequence[Any],
    state: State,
    names: tuple[str, str],
) -> Iterator[str]:
    """Arguments that make a difference to one step only."""
    for place, argument in enumerate(args):
        if not _arrays([argument]):
            continue
        turned = [*args[:place], _turned(argument), *args[place + 1 :]]
        matters = []
        for which in (0, 1):
            try:
                losses = [
                    [call.value for call in observe(only(which), given, state).taken]
                    for given in (args, turned)
                ]
            except Exception:
                break  # a step that does not take it has its reasons
            matters.append(losses[0] != losses[1])
        if len(matters) == 2 and matters[0] != matters[1]:
            idle = names[matters.index(False)]
            yield f"argument {place + 1} makes no difference to the loss of {idle}"


def _turned(argument: Any) -> Any:
    """The same arrays with other entries: all are moved on by one, and grown."""
    import numpy as np
    import tensorflow as tf

    def turned(one: Any) -> Any:
        if not hasattr(one, "shape") or not hasattr(one, "dtype") or is_variable(one):
            return one
        value = np.asarray(one)
        moved = np.roll(value, 1, axis=0) if value.ndim else value
        if moved.dtype.kind == "f":
            moved = (moved * np.linspace(0.5, 1.5, moved.size).reshape(moved.shape)).astype(
                moved.dtype
            )
        return tf.constant(moved) if tf.is_tensor(one) else moved

    return tf.nest.map_structure(turned, argument)


def _optimizers(
    left: Sequence[Handed], right: Sequence[Handed], names: tuple[str, str]
) -> Iterator[str]:
    """Rates, rules and settings that differ."""
    if len(left) != len(right):
        yield (
            f"the optimizer is applied {len(left)} times in {names[0]}, "
            f"{len(right)} times in {names[1]}"
        )
    for mine, its in zip(left[:1], right[:1], strict=False):
        kinds = [type(call.optimizer).__name__ for call in (mine, its)]
        if kinds[0] != kinds[1]:
            yield f"{names[0]} uses {kinds[0]}, {names[1]} {kinds[1]}"
        told = mine.rate is not None and its.rate is not None
        if told and not math.isclose(mine.rate or 0.0, its.rate or 0.0, rel_tol=1e-6):
            yield (
                f"the learning rate is {mine.rate:.4g} in {names[0]}, {its.rate:.4g} in {names[1]}"
            )
        if kinds[0] == kinds[1]:
            yield from _settings(mine.optimizer, its.optimizer, names)


def _settings(mine: Any, its: Any, names: tuple[str, str]) -> Iterator[str]:
    for setting in _SETTINGS:
        values = [getattr(optimizer, setting, None) for optimizer in (mine, its)]
        differ = not any(map(is_variable, values)) and (values[0] or None) != (values[1] or None)
        if differ:
            yield f"`{setting}` is {values[0]} in {names[0]}, {values[1]} in {names[1]}"
