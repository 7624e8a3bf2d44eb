"""The gradient of any function against differences, input by input."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .differences import TOLERANCE
from .rewind import State
from .trial import dense, nudge, run_eagerly
from .variables import bare, is_variable

DIRECTIONS = 4
"""Random directions for each input."""

SINGLE = 16
"""Inputs of up to so many elements are also moved element by element."""

_SPACING = {"float64": 2.2e-16, "float32": 1.2e-7, "complex128": 2.2e-16, "complex64": 1.2e-7}


@dataclass(frozen=True)
class Input:
    """What came out for one input.

    Attributes:
        name: `"input 1"`, or the path of a variable that the function reads.
        holds: Whether the gradient is right; `None` if it can't be said.
        words: What was seen, with numbers.
        factor: The gradient is that many times the slope, if it is wrong by one.
    """

    name: str
    holds: bool | None
    words: str
    factor: float | None = None


@dataclass(frozen=True)
class _Slope:
    """Along one direction: from the tape, and measured from both sides."""

    taped: float
    middle: float
    below: float
    above: float
    error: float

    @property
    def right(self) -> bool:
        return abs(self.taped - self.middle) <= self._room

    @property
    def kink(self) -> bool:
        return abs(self.above - self.below) > 4 * self._room

    @property
    def between(self) -> bool:
        """A value between the slopes on both sides of a kink will do."""
        low, high = sorted((self.below, self.above))
        return low - self._room <= self.taped <= high + self._room

    @property
    def _room(self) -> float:
        return TOLERANCE * max(abs(self.middle), abs(self.taped)) + self.error


def check_inputs(
    function: Callable[..., Any], args: Sequence[Any], state: State
) -> tuple[list[Input], list[str]]:
    """Checks each input of a function, and each variable that it reads.

    Args:
        function: Gives a tensor, or several.
        args: Its arguments; arrays and tensors of floats are moved.
        state: What variables go back to.

    Returns:
        One entry an input, and sentences about what could not be looked at.
    """
    import tensorflow as tf

    given = [_as_tensor(argument) for argument in args]
    moved = [place for place, one in enumerate(given) if _moves(one)]
    with run_eagerly(), tf.GradientTape(persistent=True) as tape:
        for place in moved:
            tape.watch(given[place])
        target = _weighed(function(*given))
    state.restore()
    again = _number(function, given, state)
    taken = float(target.numpy())
    if not math.isfinite(taken):
        return [], [f"the result is {taken}"]
    if abs(again - taken) > 1e-5 * max(abs(taken), 1e-12):
        return [], ["the function is random: two calls from one state differ"]
    found = [
        _of_argument(function, given, state, place, tape.gradient(target, given[place]))
        for place in moved
    ]
    for variable in tape.watched_variables():
        found.append(
            _of_variable(function, given, state, variable, tape.gradient(target, variable))
        )
    left = [
        f"input {place + 1} is of {one.dtype.name}: too coarse for differences"
        for place, one in enumerate(given)
        if tf.is_tensor(one) and one.dtype.name in ("float16", "bfloat16")
    ]
    return found, left


def _of_argument(
    function: Callable[..., Any], given: Sequence[Any], state: State, place: int, gradient: Any
) -> Input:
    def number_at(by: Any) -> float:
        moved = [*given[:place], given[place] + by, *given[place + 1 :]]
        return _number(function, moved, state)

    return _input(f"input {place + 1}", given[place], gradient)(number_at)


def _of_variable(
    function: Callable[..., Any], given: Sequence[Any], state: State, variable: Any, gradient: Any
) -> Input:
    name = str(getattr(variable, "path", None) or variable.name).split(":")[0]
    if variable.dtype.name not in _SPACING:
        return Input(name, None, f"{variable.dtype.name} is too coarse for differences")

    def number_at(by: Any) -> float:
        nudge(bare(variable), by, 1.0)
        return _number(function, given, state)

    return _input(name, variable, gradient)(number_at)


def _as_tensor(argument: Any) -> Any:
    import numpy as np
    import tensorflow as tf

    if isinstance(argument, float | np.ndarray | np.generic | list):
        return tf.convert_to_tensor(argument)
    return argument


def _moves(one: Any) -> bool:
    import tensorflow as tf

    return (
        isinstance(one, tf.Tensor)
        and not is_variable(one)
        and one.dtype.name in _SPACING
        and int(tf.size(one)) > 0
    )


def _weighed(result: Any) -> Any:
    """One real number made of everything that a function gives.

    Each entry has its own weight: the sum alone would not tell whether a
    gradient heeds what comes from above it.
    """
    import numpy as np
    import tensorflow as tf

    total: Any = 0.0
    for number, part in enumerate(tf.nest.flatten(result)):
        tensor = tf.convert_to_tensor(part)
        if not (tensor.dtype.is_floating or tensor.dtype.is_complex):
            continue
        rng = np.random.default_rng(number)
        weights = rng.uniform(0.5, 1.5, tensor.shape) * rng.choice([-1.0, 1.0], tensor.shape)
        if tensor.dtype.is_complex:
            turned = tensor * tf.constant(weights * np.exp(1j * weights), tensor.dtype)
            total = total + tf.cast(tf.reduce_sum(tf.math.real(turned)), tf.float64)
        else:
            weighed = tensor * tf.constant(1.0 if tensor.shape.rank == 0 else weights, tensor.dtype)
            total = total + tf.cast(tf.reduce_sum(weighed), tf.float64)
    return tf.convert_to_tensor(total, tf.float64)


def _number(function: Callable[..., Any], args: Sequence[Any], state: State) -> float:
    try:
        with run_eagerly():
            return float(_weighed(function(*args)).numpy())
    finally:
        state.restore()


def _input(name: str, value: Any, gradient: Any) -> Callable[[Callable[[Any], float]], Input]:
    """Judges one input by numbers that are taken with it moved."""

    def judge(number_at: Callable[[Any], float]) -> Input:
        import numpy as np

        array = np.asarray(bare(value).numpy())
        if gradient is not None and tuple(gradient.shape) != array.shape:
            return Input(
                name,
                False,
                f"the gradient has the shape {tuple(gradient.shape)}, {array.shape} asked",
            )
        taped = np.zeros_like(array) if gradient is None else _array(gradient)
        if not np.all(np.isfinite(taped)):
            return Input(name, False, "the gradient is not finite")
        slopes = [_slope(number_at, array, taped, one) for one in _directions(array)]
        return _judged(name, slopes, gradient is None)

    return judge


def _array(gradient: Any) -> Any:
    import tensorflow as tf

    if gradient.dtype.is_complex:
        return tf.convert_to_tensor(gradient).numpy()
    return dense(gradient)


def _directions(array: Any) -> list[Any]:
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
    return [one.astype(array.dtype) for one in found]


def _slope(number_at: Callable[[Any], float], array: Any, taped: Any, direction: Any) -> _Slope:
    """The slope along a direction, at the size of step that serves best."""
    import numpy as np

    along = float(np.real(np.sum(np.conj(taped) * direction)))
    spacing = _SPACING[array.dtype.name]
    scale = max(1e-2, float(np.sqrt(np.mean(np.square(np.abs(array))))))
    here = number_at(np.zeros_like(array))
    tried = []
    for part in (1.0, 0.25, 4.0):
        size = spacing ** (1 / 3) * scale * part
        above, below = (
            number_at((sign * size * direction).astype(array.dtype)) for sign in (1, -1)
        )
        error = 8 * spacing * max(abs(here), abs(above), abs(below)) / size
        slope = _Slope(
            along,
            (above - below) / (2 * size),
            (here - below) / size,
            (above - here) / size,
            error,
        )
        tried.append(slope)
        if slope.right:
            return slope
    # A wrong gradient is wrong at every size; the middle one errs least.
    return sorted(tried, key=lambda one: abs(one.taped - one.middle))[0]


def _judged(name: str, slopes: Sequence[_Slope], missing: bool) -> Input:
    usable = [one for one in slopes if math.isfinite(one.middle)]
    if not usable:
        return Input(name, None, "not checked: the result is not finite beside this point")
    wrong = [one for one in usable if not one.right and not (one.kink and one.between)]
    kinks = [one for one in usable if one.kink and not one.right]
    if not wrong:
        words = f"{len(usable)} slopes agree with central differences"
        if kinks:
            words += f"; {len(kinks)} of them lie at a kink, between its two slopes"
        if missing:
            words = "no gradient, and the result does not depend on it"
        return Input(name, True, words)
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
    return Input(name, False, words, factor)


def _common_factor(slopes: Sequence[_Slope]) -> float | None:
    """By what all slopes are wrong, if it is one number."""
    sized = [one for one in slopes if abs(one.middle) > 10 * one.error]
    ratios = [one.taped / one.middle for one in sized]
    if not ratios or max(ratios) - min(ratios) > 2 * TOLERANCE * max(map(abs, ratios)):
        return None
    ratio = sum(ratios) / len(ratios)
    if not ratio:
        return None
    return -1.0 if abs(ratio + 1) <= TOLERANCE else ratio
