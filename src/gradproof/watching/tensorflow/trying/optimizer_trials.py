"""Optimizers on a few small variables, with gradients that are given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..auditing.optimizer_state import passed_of
from ..kinds import bare

Factory = Callable[[], Any]
Broken = str | None
"""What is wrong, in words."""

SHAPES = ((3,), (2, 2), (4, 3))
"""Of the variables that are trained: a vector, a square, a table."""

STEPS = 4

CLOSE = 1e-4
"""Part of a change by which two ways to compute it may differ in float32."""


class NotApplicable(Exception):
    """The optimizer does not offer what the check is about."""


class Trial:
    """One optimizer with variables of its own.

    Attributes:
        optimizer: As the factory gave it.
        variables: Those that it trains.
    """

    def __init__(self, optimizer: Any, dtype: str = "float32") -> None:
        import numpy as np

        self.optimizer = optimizer
        self.dtype = dtype
        rng = np.random.default_rng(7)
        self.variables = [
            _variable(optimizer, rng.uniform(0.5, 1.5, shape), dtype) for shape in SHAPES
        ]

    def step(self, gradients: Sequence[Any], variables: Sequence[Any] | None = None) -> None:
        """Hands gradients to the optimizer, `None` for none."""
        import tensorflow as tf

        given = [
            tf.constant(one, self.dtype)
            if hasattr(one, "__array__") and not tf.is_tensor(one)
            else one
            for one in gradients
        ]
        self.optimizer.apply_gradients(list(zip(given, variables or self.variables, strict=True)))

    def steps(self, count: int = STEPS, first: int = 0, scale: float = 1.0) -> Trial:
        """Makes some steps, each with gradients of its own."""
        for number in range(first, first + count):
            for _ in range(self.period):
                self.step([scale * one for one in gradients(number)])
        return self

    @property
    def period(self) -> int:
        """Calls until the variables move."""
        return int(getattr(self.optimizer, "gradient_accumulation_steps", None) or 1)

    @property
    def iterations(self) -> int:
        """The optimizer's own counter."""
        return passed_of(self.optimizer)

    def values(self) -> list[Any]:
        """The variables as arrays of doubles."""
        import numpy as np

        return [np.asarray(bare(one).numpy()).astype(np.float64) for one in self.variables]

    def state(self) -> list[Any]:
        """The optimizer's variables."""
        held = self.optimizer.variables
        return [bare(one) for one in (held() if callable(held) else held)]


def gradients(number: int) -> list[Any]:
    """Gradients of one step: none of their entries is near zero."""
    import numpy as np

    rng = np.random.default_rng(100 + number)
    return [
        rng.uniform(0.2, 1.0, shape) * rng.choice([-1.0, 1.0], shape, p=[0.3, 0.7])
        for shape in SHAPES
    ]


def _variable(optimizer: Any, value: Any, dtype: str) -> Any:
    import tensorflow as tf

    # Keras 3 has variables of its own.
    kind = getattr(keras_of(optimizer), "Variable", tf.Variable)
    return kind(value, dtype=dtype)


def keras_of(optimizer: Any) -> Any:
    """The Keras that an optimizer belongs to.

    Raises:
        TypeError: It is no optimizer of Keras.
    """
    for kind in type(optimizer).__mro__:
        module = str(kind.__module__)
        named = kind.__name__ in ("BaseOptimizer", "_BaseOptimizer", "OptimizerV2", "Optimizer")
        if named and module.startswith(("keras.", "tf_keras.")):
            return sys.modules[module.split(".")[0]]
    raise TypeError(
        f"`factory` must give an optimizer of Keras 3 or tf-keras, got {type(optimizer).__name__}"
    )


def furthest(one: Sequence[Any], other: Sequence[Any], start: Sequence[Any]) -> float:
    """The largest difference of two results, relative to the change.

    Where a variable has not changed, what float32 spacing allows is nothing.
    """
    import numpy as np

    worst = 0.0
    for left, right, before in zip(one, other, start, strict=True):
        if not (np.all(np.isfinite(left)) and np.all(np.isfinite(right))):
            return float("inf")
        spacing = 4 * 1.2e-7 * float(np.linalg.norm(before))
        change = max(float(np.linalg.norm(left - before)), float(np.linalg.norm(right - before)))
        difference = max(float(np.linalg.norm(left - right)) - spacing, 0.0)
        worst = max(worst, difference / max(change, spacing))
    return worst


def variant(factory: Callable[[], Any], **settings: Any) -> Any:
    """An optimizer like that of the factory with some settings changed."""
    optimizer = factory()
    return type(optimizer).from_config({**optimizer.get_config(), **settings})


def rate_of(optimizer: Any) -> float:
    """The learning rate that the optimizer has now."""
    rate = optimizer.learning_rate
    return float(bare(rate).numpy() if hasattr(bare(rate), "numpy") else rate)
