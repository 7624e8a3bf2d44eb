"""Every variable of the process as it stands, to be put back bit for bit."""

from __future__ import annotations

import gc
import random
from typing import Any

from ...patches import Patches
from ..graphs import SCOPE
from ..kinds import is_handed_back


class State:
    """All variables and random states at the moment when this is made.

    Variables that are made afterwards go back to their first value, so that
    the slots of an optimizer which took its first step meanwhile are empty
    again. What Python code keeps in its own names, and where datasets stand,
    is not part of it.
    """

    def __init__(self) -> None:
        from tensorflow.python.eager import context
        from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

        self._values: dict[int, tuple[Any, Any]] = {}
        self._counters: list[tuple[Any, Any]] = []
        # Asking `isinstance` would wake up proxies and lazy modules.
        for one in gc.get_objects():
            if issubclass(type(one), BaseResourceVariable):
                self.keep(one)
            elif type(one).__name__ == "RandomGenerator" and hasattr(one, "_seed"):
                # tf-keras counts the draws of a dropout layer in Python.
                self._counters.append((one, one._seed))
        self._python = random.getstate()
        self._numpy = _numpy_random().get_state()
        rng = getattr(context.context(), "_rng", None)
        self._eager = rng.getstate() if rng is not None else None

    def keep(self, variable: Any) -> None:
        """Remembers the present value of one more variable."""
        if is_handed_back(variable):
            return  # the result of an assignment: another name for a variable
        if f"{SCOPE}/{SCOPE}_" in str(getattr(variable, "name", "")):
            return  # a watcher's own, which goes on counting
        from tensorflow.python.eager import context
        from tensorflow.python.framework import errors

        with context.eager_mode():
            try:
                if id(variable) not in self._values and variable.is_initialized():
                    self._values[id(variable)] = (variable, _read(variable))
            except (AttributeError, ValueError, errors.OpError):
                return  # a variable of another graph, or one that is gone

    def watch_new(self, patches: Patches) -> None:
        """Remembers the first values of variables that are made from now on."""
        from tensorflow.python.ops.resource_variable_ops import (
            BaseResourceVariable,
            ResourceVariable,
        )

        for kind in (BaseResourceVariable, ResourceVariable):
            patches.around(
                kind, "__init__", after=lambda note, variable, result: self.keep(variable)
            )

    def restore(self) -> None:
        """Puts every value back."""
        import tensorflow as tf
        from tensorflow.python.eager import context

        with context.eager_mode():
            for variable, value in self._values.values():
                tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)
        for generator, seed in self._counters:
            generator._seed = seed
        random.setstate(self._python)
        _numpy_random().set_state(self._numpy)
        if self._eager is not None:
            context.context()._rng.setstate(self._eager)

    def variables(self) -> list[Any]:
        """All variables that are remembered."""
        return [variable for variable, _ in self._values.values()]

    def values(self, variables: list[Any]) -> list[Any]:
        """Copies of the present values, as arrays."""
        return [variable.numpy().copy() for variable in variables]

    def changed(self) -> list[tuple[Any, Any, Any]]:
        """Variables that differ from what is remembered: then and now, as arrays."""
        found = []
        for variable, value in self._values.values():
            was, now = value.numpy(), variable.numpy()
            if was.tobytes() != now.tobytes():
                found.append((variable, was, now.copy()))
        return found


def _numpy_random() -> Any:
    import numpy as np

    return np.random


def _read(variable: Any) -> Any:
    import tensorflow as tf

    # Shares the memory: the next assignment finds it in use and takes another.
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype.base_dtype)
