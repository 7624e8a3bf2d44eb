"""The variables of a run that is compared: where they start, and where they go.

A mark of a value is a few numbers: its norm, and its products with two arrays
of random numbers that depend on its shape only. Two values with equal marks
are equal, but for the oddest chance; a list of marks is small.
"""

from __future__ import annotations

from typing import Any

from ...aside import Aside
from ...patches import Patches
from ..eager import EagerOperations
from ..measuring.measures import measurable
from ..variables import Variables

NUDGE = 4.0
"""Size of a move, in spacings of the type, per element."""

SPACINGS = {"float64": 2.2e-16, "float32": 1.2e-7, "float16": 9.8e-4, "bfloat16": 7.8e-3}

LARGE = 4_000_000
"""Elements of all variables above which only norms are taken."""

WIDTH = 3
"""Numbers of a mark."""


class Marks:
    """Moves variables to their start, and marks them after each update.

    Args:
        aside: What is wanted.
        variables: All variables of the program.
        eager: Is paused while variables are read and set.
    """

    def __init__(self, aside: Aside, variables: Variables, eager: EagerOperations) -> None:
        self._aside = aside
        self._variables = variables
        self._eager = eager
        self._begun = False
        self._given: dict[str, Any] | None = None
        self._starts: dict[int, Any] = {}
        self._seen: dict[int, dict[int, tuple[float, ...]]] = {}
        self._directions: dict[tuple[int, ...], Any] = {}
        variables.on_made = self._made

    def install(self, patches: Patches) -> None:
        """Begins when the first tape is opened: what is loaded is loaded by then."""
        from tensorflow.python.eager.backprop import GradientTape

        patches.around(GradientTape, "_push_tape", before=lambda *_: self._begin())

    def look(self, made: int) -> None:
        """Marks all values as they are after so many updates."""
        if not made:
            return
        self._begin()
        found = self._variables.of_models()
        size = sum(int(one.shape.num_elements()) for one in found.values() if measurable(one))
        self._seen[made] = {
            key: self._mark(_value(one), size <= LARGE)
            for key, one in found.items()
            if measurable(one)
        }

    def write(self) -> None:
        """Writes what there is: starts as `start-<key>`, marks as one array."""
        import numpy as np

        keys = sorted({key for one in self._seen.values() for key in one} | set(self._starts))
        marks = np.full((len(self._seen) + 1, len(keys), WIDTH), np.nan)
        small = sum(value.size for value in self._starts.values()) <= LARGE
        rows = [
            {key: self._mark(value, small) for key, value in self._starts.items()},
            *self._seen.values(),
        ]
        for row, values in enumerate(rows):
            for key, mark in values.items():
                marks[row, keys.index(key)] = mark
        starts = {f"start-{key}": value for key, value in self._starts.items()}
        np.savez(self._aside.left, keys=np.array(keys, int), marks=marks, **starts)

    def _begin(self) -> None:
        import tensorflow as tf

        if self._begun:
            return
        self._begun = True
        paused, self._eager.paused = self._eager.paused, True
        try:
            # While a function is traced, its graph has not run yet.
            with tf.init_scope():
                if tf.executing_eagerly():
                    for key, variable in self._variables.of_models().items():
                        self._start(key, variable)
        finally:
            self._eager.paused = paused

    def _made(self, key: int, variable: Any) -> None:
        """Starts a variable that is made late, and gives early ones their value."""
        import tensorflow as tf

        if self._seen or key not in self._variables.of_models():
            return
        paused, self._eager.paused = self._eager.paused, True
        try:
            with tf.init_scope():
                if not tf.executing_eagerly() or not measurable(variable):
                    return
                if self._begun:
                    self._start(key, variable)
                else:
                    self._give(key, variable)
        finally:
            self._eager.paused = paused

    def _start(self, key: int, variable: Any) -> None:
        if not measurable(variable):
            return
        self._give(key, variable)
        value = _value(variable)
        if self._aside.nudge is not None and variable.trainable:
            value = _nudged(value, variable.dtype.base_dtype.name, (self._aside.nudge, key))
            _set(variable, value)
        self._starts[key] = value

    def _give(self, key: int, variable: Any) -> None:
        import numpy as np

        if self._aside.given is None:
            return
        if self._given is None:
            with np.load(self._aside.given) as file:
                self._given = dict(file)
        value = self._given.get(f"start-{key}")
        if value is not None and value.shape == tuple(variable.shape):
            _set(variable, value)

    def _mark(self, value: Any, whole: bool) -> tuple[float, ...]:
        import numpy as np

        flat = value.astype(np.float64).ravel()
        norm = float(np.linalg.norm(flat))
        if not whole:
            return (norm, norm, norm)
        directions = self._directions.get(value.shape)
        if directions is None:
            rng = np.random.default_rng(list(value.shape))
            directions = rng.normal(size=(WIDTH - 1, flat.size))
            self._directions[value.shape] = directions
        return (norm, *(float(product) for product in directions @ flat))


def _value(variable: Any) -> Any:
    import tensorflow as tf

    dtype = variable.dtype.base_dtype
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=dtype).numpy()


def _set(variable: Any, value: Any) -> None:
    import tensorflow as tf

    tensor = tf.constant(value, variable.dtype.base_dtype)
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=tensor)


def _nudged(value: Any, dtype: str, seed: tuple[int, ...]) -> Any:
    import numpy as np

    by = NUDGE * SPACINGS[dtype] * np.random.default_rng(seed).uniform(-1, 1, value.shape)
    return (value.astype(np.float64) * (1 + by)).astype(value.dtype)
