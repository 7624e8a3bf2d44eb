"""A prediction that is a softmax over a single value: it is 1 whatever comes in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import shapes
from ..values import Constant, Layer, Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

OF_CLASSES = frozenset(
    """CategoricalCrossentropy categorical_crossentropy softmax_cross_entropy_with_logits
    CategoricalFocalCrossentropy categorical_focal_crossentropy""".split()
)
"""Losses that make shares of what is predicted, along its last axis."""

_OF_LOGITS = frozenset(
    """BinaryCrossentropy binary_crossentropy BinaryFocalCrossentropy
    binary_focal_crossentropy""".split()
)
"""Losses for which Keras takes what stands before the softmax of its own layer."""


def predicted(reader: Reader, kind: str, prediction: Value | None, node: ast.AST) -> None:
    """A loss of this kind is given a prediction, while a tape records."""
    if not reader.active or not isinstance(prediction, Tensor) or not prediction.flow:
        return
    shape, ender = shapes.of(prediction), prediction.ender
    one = bool(shape) and shape is not None and shape[-1] == 1
    names: tuple[str, ...] = ()
    if prediction.ending == "softmax" and (one or _of_one_unit(ender)):
        if isinstance(ender, Layer):
            if kind in _OF_LOGITS:
                return
            node, names = ender.node, (ender.name,) if ender.name else ()
        elif isinstance(ender, ast.AST):
            node = ender
        words = "the prediction is the softmax of one value, which"
    elif one and kind in OF_CLASSES:
        words = f"`{kind}` is given one class, whose share"
    else:
        return
    habits.remark(reader, "zero-gradient-region", reader.spot(node), words, names)


def _of_one_unit(layer: object) -> bool:
    """A layer that gives one value for an example."""
    if not isinstance(layer, Layer) or layer.kind != "Dense":
        return False
    units = layer.arguments.get("units")
    return isinstance(units, Constant) and units.value == 1
