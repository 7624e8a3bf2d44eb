"""Custom gradients, checked by finite differences beside the run.

Only functions that can be called again unnoticed are checked (`purity`), with
inputs of our own in the shapes that the program used, in eager code, unrecorded.
"""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from types import CodeType
from typing import Any

from ....evidence.custom import CustomGradient
from ....interrupts import theirs
from ...patches import Patches
from ...places import Places
from .purity import is_pure

MOST = 50
"""Functions that are checked."""

LARGEST = 4096
"""Elements of an input."""

STEP = 1e-3
"""Half the distance of a difference, in float64."""

APART = 0.05
"""Relative difference from which on two slopes are different ones."""

SLOPE = 1e-3
"""Smaller slopes are none: a step, a plateau."""

TURNED = r"(?i)reverse|reversal|flip|advers|grl|negat|turn|ascent|minimax|confus"
"""Names of functions whose gradient is turned around on purpose."""

NOTHING = "nothing"
"""The kind of a gradient that is zero at all the values that were tried, for an input at least."""


@dataclass(frozen=True)
class _Function:
    """A function as it was called first."""

    call: Any
    name: str
    shapes: tuple[tuple[int, ...], ...]


class CustomGradients:
    """The functions under `tf.custom_gradient` that the program calls."""

    def __init__(self, places: Places) -> None:
        self.found: list[CustomGradient] = []
        self._places = places
        self._waiting: list[_Function] = []
        self._known: set[CodeType] = set()

    def install(self, patches: Patches) -> None:
        """Watches the calls of such functions, eager and traced."""
        from tensorflow.python.ops import custom_gradient

        for name in ("_eager_mode_decorator", "_graph_mode_decorator"):
            patches.around(
                custom_gradient, name, before=lambda call, args, kwargs: self._called(call, args)
            )

    def _called(self, call: Any, args: Any) -> None:
        code = getattr(call, "__code__", None)
        if code is None or code in self._known or len(self._known) >= MOST:
            return
        self._known.add(code)
        if self._places.library(code.co_filename) or len(args) < 2 or args[1]:
            return
        shapes = []
        for tensor in args[0]:
            dtype = getattr(tensor, "dtype", None)
            shape = getattr(tensor, "shape", None)
            if dtype is None or shape is None or not getattr(dtype, "is_floating", False):
                return
            if shape.rank is None:
                return
            sizes = tuple(3 if size is None else int(size) for size in shape.as_list())
            shapes.append(sizes)
        if shapes:
            self._waiting.append(_Function(call, code.co_name, _small(shapes)))

    def record(self) -> tuple[CustomGradient, ...]:
        """Checks what was not checked yet; in eager code only."""
        from tensorflow.python.eager import record

        waiting, self._waiting = self._waiting, []
        for function in waiting:
            if not is_pure(function.call):
                continue
            with record.stop_recording():
                found = self._check(function)
            if found is not None:
                self.found.append(found)
        return tuple(self.found)

    def _check(self, function: _Function) -> CustomGradient | None:
        answers = []
        for signed in (False, True):
            try:
                answer = _compared(function, signed)
            except Exception as problem:  # the user's function, with inputs that it may not take
                if theirs(problem):
                    raise
                return None
            answers.append(answer)
            if answer is None or answer[1] == NOTHING:
                continue
            return self._told(function, *answer)
        first = answers[0]
        return self._told(function, *first) if first is not None and all(answers) else None

    def _told(
        self, function: _Function, gradient: Any, kind: str, given: float, measured: float
    ) -> CustomGradient:
        place = self._place(gradient)
        lines = function.call.__code__.co_firstlineno, max(_lines(function.call.__code__))
        return CustomGradient(function.name, place, kind, given, measured, STEP, lines)

    def _place(self, gradient: Any) -> Any:
        """The last line of the function that computes the gradient."""
        code = inspect.unwrap(gradient).__code__
        return self._places.place(code.co_filename, max(_lines(code)))


def _lines(code: CodeType) -> Iterator[int]:
    """Numbers of a function's lines, inner functions included."""
    yield code.co_firstlineno
    yield from (line for _, line in dis.findlinestarts(code) if line is not None)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _lines(inner)


def _small(shapes: list[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Shapes within the limit: a length that is too long is cut wherever it occurs.

    A function that needs it as it was raises, and is not checked then.
    """
    while max(prod(shape) for shape in shapes) > LARGEST:
        longest = max(length for shape in shapes for length in shape)
        shapes = [
            tuple(max(2, longest // 4) if length == longest else length for length in shape)
            for shape in shapes
        ]
    return tuple(shapes)


def _values(shape: tuple[int, ...], signed: bool, start: float) -> Any:
    """Fixed numbers in (0.1, 0.9), or with both signs, none of them near zero."""
    import numpy as np

    count = int(np.prod(shape))
    if count > LARGEST:
        raise ValueError("too large")
    values = 0.1 + 0.8 * ((start + 0.6180339887 * np.arange(count)) % 1.0)
    if signed:
        values *= np.where(np.arange(count) % 2, -1.0, 1.0)
    return values.reshape(shape)


def _compared(function: _Function, signed: bool) -> tuple[Any, str, float, float] | None:
    """The gradient function, what is wrong with it, and the two numbers."""
    import numpy as np
    import tensorflow as tf

    def run(values: list[Any]) -> tuple[Any, Any]:
        result, gradient = function.call(*(tf.constant(value) for value in values))
        if not hasattr(result, "dtype"):
            raise TypeError("more than one result")
        return result, gradient

    values = [
        _values(shape, signed, 0.17 + 0.31 * place) for place, shape in enumerate(function.shapes)
    ]
    result, gradient = run(values)
    forward = np.asarray(result)
    if "variables" in inspect.signature(gradient).parameters or forward.dtype != np.float64:
        return None
    above = _values(forward.shape, False, 0.4) + 0.5

    def backward(upstream: Any) -> list[Any]:
        parts = gradient(tf.constant(upstream))
        parts = parts if isinstance(parts, list | tuple) else [parts]
        if len(parts) != len(values) or any(part is None for part in parts):
            raise TypeError("not one gradient for each input")
        return [np.asarray(tf.convert_to_tensor(part)) for part in parts]

    nothing = backward(np.zeros_like(forward))
    stray = max(float(np.abs(part).max()) for part in nothing if part.size)
    if stray > SLOPE:
        return gradient, "upstream", stray, 0.0
    given, doubled = backward(above), backward(2.0 * above)
    if not all(
        np.allclose(2.0 * one, two, rtol=1e-6) for one, two in zip(given, doubled, strict=True)
    ):
        return None  # limited on purpose
    meant = re.search(TURNED, function.call.__qualname__) is not None
    found = _formula(run, gradient, values, forward, above, given, meant=meant)
    if found is None and (
        not any(part.any() for part in given) or _ignores(run, values, forward, given)
    ):
        return gradient, NOTHING, 0.0, 0.0
    return found


def _ignores(run: Any, values: list[Any], forward: Any, given: list[Any]) -> bool:
    """Says whether an input that the result follows gets no gradient at all."""
    import numpy as np

    for place, part in enumerate(given):
        if not part.any():
            there = [v * 1.2 if p == place else v for p, v in enumerate(values)]
            if np.abs(np.asarray(run(there)[0]) - forward).max() > SLOPE:
                return True
    return False


def _formula(
    run: Any,
    gradient: Any,
    values: list[Any],
    forward: Any,
    above: Any,
    given: list[Any],
    *,
    meant: bool = False,
) -> tuple[Any, str, float, float] | None:
    """Compares slopes along a few directions; only where the function bends.

    `meant`: a gradient that is the slope turned around is what the function is for.
    """
    import numpy as np

    pairs = []
    bends = False
    for place, value in enumerate(values):
        for part in range(4):
            along = np.zeros(value.size)
            along[part::4] = 1.0
            along = along.reshape(value.shape)
            if not along.any():
                continue
            slopes = []
            for step in (STEP, STEP / 8):
                there = [v + step * along if p == place else v for p, v in enumerate(values)]
                back = [v - step * along if p == place else v for p, v in enumerate(values)]
                ahead, behind = (np.asarray(run(at)[0]) for at in (there, back))
                slopes.append(float((above * (ahead - behind)).sum() / (2 * step)))
                if step == STEP:
                    curve = np.abs(ahead - 2 * forward + behind).max() / step**2
                    bends = bends or bool(curve > SLOPE)
            if abs(slopes[0] - slopes[1]) > 1e-4 * max(1.0, abs(slopes[0])):
                return None  # it has steps or kinks here
            if abs(slopes[1]) > SLOPE:
                pairs.append((float((given[place] * along).sum()), slopes[1]))
    wrong = [(one, two) for one, two in pairs if abs(one - two) > APART * max(abs(one), abs(two))]
    turned = all(abs(one + two) < 1e-3 * abs(two) for one, two in pairs)
    if not bends or (turned and meant) or len(wrong) < max(1, len(pairs) // 2):
        return None
    one, two = max(wrong, key=lambda pair: abs(pair[0] - pair[1]))
    return gradient, "formula", one, two
