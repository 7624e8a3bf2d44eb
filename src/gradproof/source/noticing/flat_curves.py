"""Second derivatives of a network whose activations are straight on both sides of a kink."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import api
from ..values import Asked, Layer, Tensor
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_KINKS = frozenset({"relu", "leaky_relu", "relu6", "leakyrelu"})
_STRAIGHT = frozenset(
    """Flatten Reshape Concatenate Add Subtract Average Dropout InputLayer Input Rescaling Permute
    ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D AveragePooling1D AveragePooling2D""".split()
)
_JOINS = frozenset({"concat", "stack", "Concatenate", "concatenate"})


def asked_again(reader: Reader, asked: Asked) -> None:
    """`second.gradient(first.gradient(net(t), t), t)`, and `net` has nothing but ReLU in it."""
    target, sources = asked.target, asked.sources
    if target.gradient is None or not isinstance(sources, Tensor) or reader.silent:
        return
    first = target.gradient.call
    if not isinstance(first.sources, Tensor) or first.sources.tokens != sources.tokens:
        return
    output, given = first.target, _text_of_sources(asked.node)
    called = output.made[-1] if output.made else None
    if not isinstance(called, ast.Call) or given is None or not _is_given(called, given):
        return
    layers = [thing for thing in output.flow if isinstance(thing, Layer)]
    # Watched tensors are known by their tokens.
    others = [thing for thing in output.flow if not isinstance(thing, Layer | int)]
    if others or not all(map(_is_straight, layers)):
        return
    kinked = next((one for one in layers if one.ended_by in _KINKS), None)
    if kinked is not None and output.ending is not None:
        there = ((reader.spot(asked.node), "the second derivative"),)
        spot = reader.spot(kinked.node)
        words = f"`{kinked.ended_by}`"
        habits.remark(reader, "zero-gradient-region", spot, words, ("second",), there)


def _text_of_sources(node: ast.Call) -> str | None:
    given = node.args[1] if len(node.args) > 1 else None
    return given.id if isinstance(given, ast.Name) else None


def _is_given(called: ast.Call, name: str) -> bool:
    """The network is called on the tensor as it is, or beside others."""
    given = called.args[0] if called.args else None
    if isinstance(given, ast.Call) and getattr(given.func, "attr", "") in _JOINS and given.args:
        given = given.args[0]
    parts = given.elts if isinstance(given, ast.List | ast.Tuple) else [given]
    return any(isinstance(one, ast.Name) and one.id == name for one in parts) and all(
        isinstance(one, ast.Name) for one in parts
    )


def _is_straight(layer: Layer) -> bool:
    if layer.opaque:
        return False
    if layer.parts and layer.kind in ("Sequential", "Model"):
        return all(isinstance(one, Layer) and _is_straight(one) for one in layer.parts)
    known = layer.ended_by in _KINKS or layer.ended_by == "linear"
    plain = layer.kind in api.LINEAR_LAYERS or layer.kind in ("Activation", *api.ACTIVATION_LAYERS)
    return layer.kind in _STRAIGHT or (known and plain)
