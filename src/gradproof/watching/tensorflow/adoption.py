"""Variables that stood before the watching began."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from typing import Any

from .kinds import bare, is_keras_variable, kind_of
from .notes import flat
from .variables import Variables


def adopt(variables: Variables, penalty: Callable[[Any, str], None] | None = None) -> None:
    """Gives every living variable a key, and its role where an object tells it.

    Args:
        variables: Those that are known.
        penalty: Told of each variable that has a regulariser, and its kind.
    """
    from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

    wrapped, plain, penalties = [], [], []
    roles: dict[int, str] = {}
    # Asking `isinstance` would wake up proxies and lazy modules.
    for one in gc.get_objects():
        kind = type(one)
        if issubclass(kind, BaseResourceVariable):
            # Those that a traced function made are no `ResourceVariable`s.
            plain.append(one)
        elif str(kind.__module__).startswith(("keras.", "tf_keras.")):
            if is_keras_variable(one):
                wrapped.append(one)
            elif kind_of(one) in ("optimizer", "metric", "seed"):
                roles.update(dict.fromkeys(_variables_of(one), str(kind_of(one))))
            if penalty is not None:
                penalties += list(_penalties(one))
    for variable in [*sorted(wrapped, key=_age), *sorted(plain, key=_age)]:
        variables.adopt(variable, roles.get(id(bare(variable)), "model"))
    if penalty is not None:
        for variable, name in penalties:
            penalty(variable, name)


def _penalties(thing: Any) -> Iterator[tuple[Any, str]]:
    """Variables with a regulariser: Keras 3 keeps it in the variable, tf-keras in the layer."""
    if is_keras_variable(thing):
        found = getattr(thing, "regularizer", None)
        if found is not None:
            yield thing, type(found).__name__
    elif kind_of(thing) == "layer":
        for loss in vars(thing).get("_callable_losses") or ():
            inner = loss.args[0] if isinstance(loss, functools.partial) and loss.args else None
            if isinstance(inner, functools.partial) and inner.args:
                yield inner.args[0], "regularizer"


def _age(variable: Any) -> int:
    """The number that TensorFlow gave a variable: they count upwards."""
    number = str(getattr(bare(variable), "_unique_id", "")).rpartition("_")[2]
    return int(number) if number.isdigit() else 0


def _variables_of(owner: Any) -> list[int]:
    """Identities of the variables that an optimizer or a metric keeps."""
    held = getattr(owner, "variables", None)
    if callable(held):
        held = held()
    state = getattr(owner, "state", None)
    return [id(bare(one)) for one in flat([*flat(held), state]) if one is not None]
