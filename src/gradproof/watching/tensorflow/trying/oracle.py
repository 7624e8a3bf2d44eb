"""The step that `fit` itself makes, as a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def keras_step(model: Any, own: bool = True) -> Callable[..., Any]:
    """Gives the training step of `fit` as a function of one batch.

    Args:
        model: A compiled Keras 3 or tf-keras model.
        own: Calls the model's `train_step`, also one that its class has
            written itself. With `False`, that of Keras.

    Raises:
        TypeError: It is no Keras model.
        ValueError: It is not compiled.
    """
    train_step = getattr(model, "train_step", None)
    generations = [kind for kind in type(model).__mro__ if _of_keras(kind, "train_step")]
    if train_step is None or not generations:
        raise TypeError(f"`model` must be a Keras model, got {type(model).__name__}")
    if not getattr(model, "optimizer", None):
        raise ValueError("`model` must be compiled with an optimizer and a loss first")

    def fit_step(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        data = tuple(_as_fit_feeds(model, part) for part in (x, y, sample_weight))
        batch = data if sample_weight is not None else data[:2] if y is not None else data[:1]
        return train_step(batch) if own else vars(generations[0])["train_step"](model, batch)

    fit_step.__name__ = "fit" if own else "the step of Keras"
    return fit_step


def _of_keras(kind: type, name: str) -> bool:
    return name in vars(kind) and kind.__module__.startswith(("keras.", "tf_keras."))


def _as_fit_feeds(model: Any, part: Any) -> Any:
    """Arrays of doubles become floats of the default type, as `fit` has it."""
    import sys

    import numpy as np
    import tensorflow as tf

    old = any(kind.__module__.startswith("tf_keras.") for kind in type(model).__mro__)
    keras = sys.modules["tf_keras" if old else "keras"]

    def fed(one: Any) -> Any:
        if isinstance(one, np.ndarray):
            one = one.astype(keras.backend.floatx()) if one.dtype == np.float64 else one
            return tf.convert_to_tensor(one)
        return one

    return tf.nest.map_structure(fed, part)
