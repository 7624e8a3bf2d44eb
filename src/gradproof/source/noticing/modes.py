"""In which mode Keras layers run: training, inference, or nobody said."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import api
from ..values import Constant, Instance, Layer, Unknown, Value
from . import statistics

if TYPE_CHECKING:
    from ..reader import Reader


def flag_in_force(reader: Reader, keywords: dict[str, Value]) -> Value | None:
    """The flag for a call: given, or that of the Keras call around it."""
    given = keywords.get("training")
    if given is not None and not (isinstance(given, Constant) and given.value is None):
        return given
    around = reader.frame.training
    return around if isinstance(around, Constant | Unknown) else reader.phase


def phase_set(reader: Reader, value: Value | None, node: ast.AST) -> None:
    """`keras.backend.set_learning_phase(1)`: the flag wherever none is said."""
    reader.phase = Unknown("phase", data=True)
    if isinstance(value, Constant):
        reader.phase = Constant(bool(value.value), node)


def entered_keras(
    reader: Reader, thing: Layer | Instance, keywords: dict[str, Value], node: ast.AST
) -> None:
    """Notes the outermost Keras call, the one that could say `training=`."""
    if not reader.keras_calls:
        reader.outer_flag = keywords.get("training")
        reader.outer_call = (thing, node, len(reader.frames), reader.path(node))
    reader.keras_calls += 1


def left_keras(reader: Reader, thing: Layer | Instance) -> None:
    """The call entered last is over."""
    reader.keras_calls -= 1


def layer_called(reader: Reader, layer: Layer, node: ast.AST) -> None:
    """Notes a layer that behaves differently in training, and how it runs."""
    reader.store.set_field(layer, "called", True)
    reader.facts.use_of_layer(layer, reader.path(node))
    statistics.called(reader, layer, node)
    if layer.kind not in api.BEHAVES_DIFFERENTLY or not reader.active or reader.silent:
        return
    if _draws_nothing(layer):
        return
    flag = reader.frame.training
    outer = reader.outer_call if reader.keras_calls else None
    if outer is None:
        outer = (layer, node, len(reader.frames), reader.path(node))
    helper = _left_at_its_default(reader, flag)
    if helper is not None:
        reader.facts.left_flags[id(helper)] = outer[1]
        outer = (outer[0], helper, outer[2], outer[3])
    unsaid = flag is None or (
        isinstance(flag, Constant)
        and flag.value is False
        and flag.node is not None
        and (helper is not None or is_default(reader, flag))
    )
    running = isinstance(flag, Constant) and flag.value is True
    reader.facts.mode_of_layer(layer, outer, unsaid=unsaid, running=running)


def _draws_nothing(layer: Layer) -> bool:
    """Says whether this is `Dropout(0.0)` or `GaussianNoise(0)`: switched off."""
    strengths = [layer.arguments.get(name) for name in ("rate", "stddev")]
    return any(isinstance(one, Constant) and one.value == 0 for one in strengths)


def _left_at_its_default(reader: Reader, flag: object) -> ast.Call | None:
    """The call of a function of the program's own that hands on the default of its flag.

    Or of a layer's `call`, past Keras, which would hand on the flag.
    """
    for frame in reversed(reader.frames):
        function, by = frame.function, getattr(frame.call, "func", None)
        if function is None or flag is None:
            continue
        if function.name in ("call", "__call__") and getattr(by, "attr", "") != "call":
            continue
        if any(one is flag for one in function.defaults.values()):
            return frame.call if isinstance(frame.call, ast.Call) else None
    return None


def is_default(reader: Reader, flag: Constant) -> bool:
    """Says whether a flag is the default in a signature, not a choice made at the call."""
    return id(flag) in reader.default_flags
