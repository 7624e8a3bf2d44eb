"""Variables that a list picks by their names: the kernels of layers, without the biases."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ..values import Constant, Group, Layer, Tensor, Value, Variable
from . import api, tapes

_WEIGHTS = (
    {"Embedding": 1, "SimpleRNN": 3, "LSTM": 3, "GRU": 3}
    | dict.fromkeys(api.LINEAR_LAYERS - {"EinsumDense", "SeparableConv1D", "SeparableConv2D"}, 2)
    | dict.fromkeys(api.WITHOUT_VARIABLES, 0)
)
"""How many variables a layer trains, its bias among them."""


def size(value: Value) -> int | None:
    """How many variables, or their gradients, an entry of a list stands for, if that is known."""
    if isinstance(value, Tensor) and value.gradient is not None:
        value = value.gradient.source
    if isinstance(value, Variable):
        return 1
    layer = value.owner if isinstance(value, Group) and value.which == "trainable" else None
    if not isinstance(layer, Layer) or layer.trainable is not True or layer.kind not in _WEIGHTS:
        return None
    if value.only:  # type: ignore[union-attr]
        return 1
    biased = layer.arguments.get("use_bias", Constant(True))
    if not isinstance(biased, Constant):
        return None
    return _WEIGHTS[layer.kind] - (not biased.value)


_WITHOUT_KERNEL = api.WITH_MOVING_STATISTICS | {"LayerNormalization", "GroupNormalization"}


class Picked(NamedTuple):
    """Whether a test by name decides, and what it leaves of the variables of a layer."""

    known: bool = False
    part: Group | None = None


def picked(value: Value, generator: ast.comprehension) -> Picked:
    """`... for w in weights if "kernel" in w.name`, for the variables of one layer.

    Other tests tell nothing: who trains biases only, or says what he leaves out, means to.
    """
    layer = value.owner if isinstance(value, Group) else None
    if not isinstance(value, Group) or not isinstance(layer, Layer) or not _asks(generator):
        return Picked()
    if value.only or "kernel" in layer.name:
        return Picked()
    if layer.kind in _WITHOUT_KERNEL:
        return Picked(True)
    if layer.kind not in api.LINEAR_LAYERS:
        return Picked()
    biased = layer.arguments.get("use_bias")
    if biased is not None:
        none = isinstance(biased, Constant) and not biased.value
        return Picked(True, value) if none else Picked()
    return Picked(True, replace(value, only="kernel"))


def _asks(generator: ast.comprehension) -> bool:
    """The one test is whether the name has "kernel" in it."""
    test = generator.ifs[0] if len(generator.ifs) == 1 else None
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.In):
        return False
    text, where = test.left, test.comparators[0]
    return (
        isinstance(text, ast.Constant)
        and text.value == "kernel"
        and isinstance(where, ast.Attribute)
        and where.attr in ("name", "path")
        and isinstance(where.value, ast.Name)
        and isinstance(generator.target, ast.Name)
        and where.value.id == generator.target.id
    )


def without_bias(sources: Iterable[Value]) -> set[int]:
    """Layers, by identity, of which all lists together have the kernels only."""
    asked: dict[int, set[str]] = {}
    for source in sources:
        owner = tapes.owner_of(source)
        asked.setdefault(id(owner), set()).add(source.only if isinstance(source, Group) else "")
    return {key for key, parts in asked.items() if parts == {"kernel"}}
