"""The gradient of any function against differences, input by input."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..kinds import bare
from .inputs import Call, Leaf, weighed
from .rewind import State
from .slopes import SPACING, TOLERANCE, Number, Slope, measured, number_of
from .trial import coarsest_of, dense, put, run_eagerly

DIRECTIONS = 4
"""Random directions for each input."""

SINGLE = 16
"""Inputs of up to so many elements are also moved element by element."""

NAMED = 3
"""Wrong elements that are named at most."""


@dataclass(frozen=True)
class Input:
    """What came out for one input.

    Attributes:
        name: `"input 1"`, `"input 2['rate']"`, or the path of a variable that
            the function reads.
        holds: Whether the gradient is right; `None` if it can't be said.
        words: What was seen, with numbers.
        factor: The gradient is that many times the slope, if it is wrong by one.
    """

    name: str
    holds: bool | None
    words: str
    factor: float | None = None


def check_inputs(
    function: Callable[..., Any], args: Sequence[Any], state: State
) -> tuple[list[Input], list[str]]:
    """Checks each input of a function, and each variable that it reads.

    Args:
        function: Gives a tensor, or several.
        args: Its arguments; arrays and tensors of floats are moved, in lists
            and dictionaries too.
        state: What variables go back to.

    Returns:
        One entry an input, and sentences about what could not be looked at.

    Raises:
        TypeError: The function gives nothing that is a tensor.
    """
    import tensorflow as tf

    call = Call(function, args, state)
    with run_eagerly(), tf.GradientTape(persistent=True) as tape:
        for leaf in call.leaves:
            tape.watch(leaf.tensor)
        target = weighed(call.result({leaf.place: leaf.whole(leaf.tensor) for leaf in call.leaves}))
    state.restore()
    if not target:
        return [], ["the function gives no floats"]
    taken = number_of([part.numpy() for part in target])
    if not math.isfinite(taken.value):
        return [], [f"the result is {taken.value}"]
    if abs(call.number({}).value - taken.value) > 1e-5 * max(taken.size, 1e-12):
        return [], ["the function is random: two calls from one state differ"]
    spacing = SPACING[coarsest_of(lambda: call.result({}), (), state)]
    found = [
        _of_leaf(call, leaf, tape.gradient(target, leaf.tensor), spacing) for leaf in call.leaves
    ]
    found += [
        _of_variable(call, variable, tape.gradient(target, variable), spacing)
        for variable in tape.watched_variables()
    ]
    if not found:
        return [], ["no argument holds floats, and no trainable variable is read"]
    return found, []


def _of_leaf(call: Call, leaf: Leaf, gradient: Any, spacing: float) -> Input:
    import tensorflow as tf

    def number_at(moved: Any) -> Number:
        return call.number({leaf.place: leaf.whole(tf.constant(moved, leaf.tensor.dtype))})

    return _Measuring(leaf.name, leaf.tensor.numpy(), number_at, spacing).judge(gradient)


def _of_variable(call: Call, variable: Any, gradient: Any, spacing: float) -> Input:
    name = str(getattr(variable, "path", None) or variable.name).split(":")[0]
    if variable.dtype.name not in SPACING:
        return Input(name, None, f"not checked: {variable.dtype.name} can't be moved a little")

    def number_at(moved: Any) -> Number:
        put(bare(variable), moved)
        return call.number({})

    return _Measuring(name, bare(variable).numpy(), number_at, spacing).judge(gradient)


@dataclass
class _Measuring:
    """Judges one input by numbers that are taken with it moved."""

    name: str
    array: Any
    number_at: Callable[[Any], Number]
    spacing: float

    def judge(self, gradient: Any) -> Input:
        import numpy as np

        if gradient is not None and tuple(gradient.shape) != self.array.shape:
            words = f"the gradient has the shape {tuple(gradient.shape)}, {self.array.shape} asked"
            return Input(self.name, False, words)
        taped = np.zeros(self.array.shape) if gradient is None else dense(gradient)
        if not np.all(np.isfinite(taped)):
            return Input(self.name, False, "the gradient is not finite")
        ways = _directions(self.array)
        slopes = [self._slope(taped, one) for one in ways]
        found = _judged(self.name, slopes, gradient is None)
        if found.holds is not False or found.factor is not None or gradient is None:
            return found
        return Input(self.name, False, found.words + self._elements(taped, ways, slopes))

    def _slope(self, taped: Any, way: Any, quick: bool = False) -> Slope:
        return measured(self.number_at, self.array, taped, way, self.spacing, quick)

    def _elements(self, taped: Any, ways: Sequence[Any], slopes: Sequence[Slope]) -> str:
        """Which elements are wrong, of few; the one that is most, of many."""
        import numpy as np

        if self.array.size == 1:
            return ""
        wrong = [
            way
            for way, one in zip(ways, slopes, strict=True)
            if one.holds is False and np.count_nonzero(way) == 1
        ]
        if self.array.size > SINGLE:
            worst = max(zip(ways, slopes, strict=True), key=_gap_of)[0]
            single = self._narrowed(taped, worst)
            wrong = [single] if self._slope(taped, single).holds is False else []
        places = dict.fromkeys(str([int(one) for one in np.argwhere(way)[0]]) for way in wrong)
        if not 0 < len(places) < self.array.size:
            return ""
        named = ", ".join(list(places)[:NAMED])
        more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
        return f"; {'most' if self.array.size > SINGLE else 'wrong'} at {named}{more}"

    def _narrowed(self, taped: Any, direction: Any) -> Any:
        """Halves a direction until one element is left, following what is wrong."""
        import numpy as np

        places = np.flatnonzero(direction)
        while len(places) > 1:
            parts = []
            for some in np.array_split(places, 2):
                part = np.zeros(direction.size, direction.dtype)
                part[some] = direction.reshape(-1)[some]
                way = part.reshape(direction.shape)
                slope = self._slope(taped, way, quick=True)
                parts.append((abs(slope.taped - slope.middle), some))
            places = max(parts, key=lambda one: one[0])[1]
        single = np.zeros(direction.size, direction.dtype)
        single[places] = 1.0
        return single.reshape(direction.shape)


def _gap_of(one: tuple[Any, Slope]) -> float:
    return abs(one[1].taped - one[1].middle)


def _directions(array: Any) -> list[Any]:
    """Arrays of doubles, or of their complex kind."""
    import numpy as np

    rng = np.random.default_rng(0)
    found = [rng.choice([-1.0, 1.0], size=array.shape) for _ in range(DIRECTIONS)]
    if array.dtype.kind == "c":
        found += [1j * rng.choice([-1.0, 1.0], size=array.shape) for _ in range(DIRECTIONS)]
    if 1 < array.size <= SINGLE:
        for place in range(array.size):
            single = np.zeros(array.size)
            single[place] = 1.0
            found.append(single.reshape(array.shape))
            if array.dtype.kind == "c":
                found.append(1j * found[-1])
    return found


def _judged(name: str, slopes: Sequence[Slope], missing: bool) -> Input:
    usable = [one for one in slopes if math.isfinite(one.middle)]
    if not usable:
        return Input(name, None, "not checked: the result is not finite beside this point")
    wrong = [one for one in usable if one.holds is False]
    if wrong:
        return _wrong(name, wrong, usable, missing)
    right = [one for one in usable if one.holds]
    if not right:
        return Input(name, None, "not checked: float noise hides the slope")
    if missing:
        words = "no gradient, and the result does not depend on it"
        return Input(name, True if len(right) == len(usable) else None, words)
    words = f"{len(right)} slopes agree with central differences"
    error = max((one.error / abs(one.middle) for one in right if one.fitted), default=0.0)
    if error > TOLERANCE:
        words += f", to {error:.0%} at worst"
    if len(right) < len(usable):
        words += f"; float noise hides {len(usable) - len(right)} more"
    kinks = sum(one.at_kink for one in right)
    if kinks:
        words += f"; {kinks} of them lie at a kink, between its two slopes"
    return Input(name, True, words)


def _wrong(name: str, wrong: Sequence[Slope], usable: Sequence[Slope], missing: bool) -> Input:
    worst = max(wrong, key=lambda one: abs(one.taped - one.middle))
    if missing:
        return Input(name, False, f"no gradient, but the slope is {worst.middle:.4g}")
    factor = _common_factor(usable)
    words = (
        f"the slope is {worst.taped:.4g}, central differences give {worst.middle:.4g} "
        f"({len(wrong)} of {len(usable)} directions differ)"
    )
    if factor is not None:
        words += (
            "; the sign is wrong"
            if factor == -1.0
            else f"; it is {factor:.3g} times what it should be"
        )
    elif all(one.middle == 0 for one in usable):
        words += "; the result is flat here, so this is right only if it is meant"
    return Input(name, False, words, factor)


def _common_factor(slopes: Sequence[Slope]) -> float | None:
    """By what all slopes are wrong, if it is one number."""
    sized = [one for one in slopes if abs(one.middle) > 10 * one.error]
    ratios = [one.taped / one.middle for one in sized]
    room = TOLERANCE + max((one.error / abs(one.middle) for one in sized), default=0.0)
    if not ratios or max(ratios) - min(ratios) > 2 * room * max(map(abs, ratios)):
        return None
    ratio = sum(ratios) / len(ratios)
    if not ratio:
        return None
    return -1.0 if abs(ratio + 1) <= room else ratio
