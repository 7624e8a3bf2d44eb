"""What optimizers are given: pairs, or what was taken for pairs."""

from __future__ import annotations

import inspect
from typing import Any

from .kinds import is_variable
from .variables import Variables


def pairs_of(
    method: str, args: Any, kwargs: Any, optimizer: Any
) -> tuple[str, list[tuple[Any, Any]]]:
    """How an optimizer was called, and the pairs it was given."""
    if method == "minimize":
        loss = args[0] if args else kwargs.get("loss")
        tape = args[2] if len(args) > 2 else kwargs.get("tape")
        return ("pairs" if callable(loss) or tape is not None else "loss"), []
    if method == "apply":
        given = args[0] if args else kwargs.get("grads", ())
        if hasattr(given, "__next__"):
            return "pairs apart", []
        gradients = list(given)
        if gradients and all(map(_is_pair, gradients)):
            return "pairs apart", []
        variables = args[1] if len(args) > 1 else kwargs.get("trainable_variables")
        if variables is None:
            both = (optimizer, inner_of(optimizer))
            built = (getattr(one, "_trainable_variables", None) for one in both)
            variables = next(filter(None, built), [])
        pairs = list(zip(gradients, list(variables), strict=False))
        return ("pairs" if pairs else "empty"), pairs
    pairs_given = args[0] if args else kwargs.get("grads_and_vars")
    if len(args) > 1 and not isinstance(args[1], str | type(None)):
        return "two lists", []
    if isinstance(pairs_given, Replay):
        spent, pairs_given = pairs_given.spent, pairs_given.pairs
        if spent:
            return "spent", []
    if not isinstance(pairs_given, list | tuple):
        return "not pairs", []
    if not pairs_given:
        return "empty", []
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs_given):
        return "not pairs", []
    pairs = [(pair[0], pair[1]) for pair in pairs_given]
    if any(is_variable(first) and not is_variable(second) for first, second in pairs):
        return "swapped", pairs
    if all(type(second).__module__ == "numpy" for _, second in pairs):
        return "arrays", []
    return "pairs", pairs


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, list | tuple) and len(entry) == 2 and is_variable(entry[1])


def keep_pairs(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """An iterator of pairs can be read once: both we and the optimizer need it."""
    if len(args) > 1 and hasattr(args[1], "__next__"):
        return (args[0], Replay(args[1]), *args[2:])
    return args


class Replay:
    """The pairs of an iterator, kept so that the optimizer gets them too.

    Attributes:
        pairs: What it still had.
        spent: It had nothing, and that not because all was sifted out: a
            generator that nobody has begun, and a `filter`, may let none pass.
    """

    def __init__(self, pairs: Any) -> None:
        sifts = isinstance(pairs, filter) or (
            inspect.isgenerator(pairs) and inspect.getgeneratorstate(pairs) == inspect.GEN_CREATED
        )
        self.pairs = list(pairs)
        self.spent = not self.pairs and not sifts

    def __iter__(self) -> Any:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)


def inner_of(optimizer: Any) -> Any:
    """The optimizer inside a loss-scale optimizer."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def kind_of_gradient(gradient: Any) -> str:
    """What stands at a gradient's place: see `Pair.given`."""
    if gradient is None:
        return "none"
    if is_variable(gradient):
        return "variable"
    return "gradient" if hasattr(gradient, "dtype") else "other"


def name_of(variable: Any) -> str:
    """Path of a variable, or the class of what stands there instead."""
    if is_variable(variable):
        return str(getattr(variable, "path", None) or variable.name).split(":")[0]
    return type(variable).__name__


def known_to(optimizer: Any, variables: Variables) -> frozenset[int] | None:
    """Keys of the variables that the optimizer has state for."""
    if not getattr(optimizer, "built", getattr(optimizer, "_built", False)):
        return None
    known = getattr(optimizer, "_trainable_variables", None)
    if known is None:
        index = getattr(optimizer, "_index_dict", None)
        if not index:
            return None
        return frozenset(variables.by_unique(name) for name in index) - {0}
    keys = {variables.key(variable) for variable in known}
    return frozenset(key for key in keys if key is not None)
