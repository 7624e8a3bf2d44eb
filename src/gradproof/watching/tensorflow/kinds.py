"""What an object of the program is to Keras and TensorFlow."""

from __future__ import annotations

import functools
import sys
import weakref
from typing import Any

_ROLES = {
    "Metric": "metric",
    "SeedGenerator": "seed",
    "BaseOptimizer": "optimizer",
    "_BaseOptimizer": "optimizer",
    "OptimizerV2": "optimizer",
}


def kind_of(thing: Any) -> str | None:
    """What an object is to Keras or TensorFlow: `"layer"`, `"module"`, ..."""
    for base in type(thing).__mro__:
        module = base.__module__
        if module.startswith(("keras.", "tf_keras.")):
            if base.__name__ == "Layer":
                return "layer"
            if base.__name__ in _ROLES:
                return _ROLES[base.__name__]
        elif base.__name__ == "Module" and module == "tensorflow.python.module.module":
            return "module"
        elif base.__name__ == "Generator" and module.endswith("stateful_random_ops"):
            return "seed"
        elif base.__name__ == "CollectiveReplicaLauncher":
            return "strategy"  # its token, that puts collectives in order
    return None


def is_variable(thing: Any) -> bool:
    """A `tf.Variable`, or a Keras variable around one."""
    kind: Any = type(bare(thing))
    return _is_variable(kind)


@functools.cache
def _is_variable(kind: Any) -> bool:
    # Asked itself, a variable of a strategy raises where no replica runs.
    return hasattr(kind, "handle") and hasattr(kind, "assign_sub")


def is_handed_back(variable: Any) -> bool:
    """What an assignment gives back: the variable itself under another object."""
    return type(variable).__name__ == "_UnreadVariable"


def is_keras_variable(thing: Any) -> bool:
    """A Keras 3 variable, also one that has no value yet."""
    return any(
        base.__name__ in ("Variable", "KerasVariable") and base.__module__.startswith("keras.")
        for base in type(thing).__mro__
    )


def bare(variable: Any) -> Any:
    """The `tf.Variable` inside a Keras 3 or an autocast variable, or one of a library's own."""
    if type(variable).__name__ in _BARE:
        return variable
    inner = getattr(variable, "_value", None)
    if type(inner).__name__ == "ResourceVariable":
        return inner
    if inner is None or not hasattr(type(inner), "handle"):
        inner = getattr(variable, _around(type(variable), variable), None)
    return inner if inner is not None and hasattr(type(inner), "handle") else variable


_BARE = frozenset({"ResourceVariable", "EagerTensor", "SymbolicTensor"})
"""Kinds of TensorFlow's own that stand for themselves, asked for most often."""


_AROUND: dict[type, str] = {}


def _around(kind: type, variable: Any) -> str:
    """The attribute in which a kind of variable keeps the one that it hands everything on to.

    `_variable` in TensorFlow and Keras; libraries that quantize weights have names of their own.
    """
    if kind not in _AROUND:
        _AROUND[kind] = "_variable"
        bases = [base.__name__ for base in kind.__mro__]
        if "Variable" in bases and "BaseResourceVariable" not in bases and kind.__dictoffset__:
            for name, part in vars(variable).items():
                if any(base.__name__ == "BaseResourceVariable" for base in type(part).__mro__):
                    _AROUND[kind] = name
                    break
    return _AROUND[kind]


def reference(thing: Any) -> weakref.ref[Any] | None:
    """A weak reference, where the kind of the object allows one."""
    try:
        return weakref.ref(thing)
    except TypeError:
        return None


def file_of(kind: type) -> str:
    """The file of a class; empty where none is known."""
    module = sys.modules.get(kind.__module__)
    return getattr(module, "__file__", None) or ""
