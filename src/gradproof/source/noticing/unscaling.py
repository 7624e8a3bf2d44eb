"""Gradients of a scaled loss that the program divides by the scale, where the optimizer does so."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import tapes
from ..values import Constant, Optimizer, Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_SCALES = ("dynamic_scale", "initial_scale", "loss_scale")


def divided(reader: Reader, node: ast.BinOp, left: Value, right: Value, result: Tensor) -> None:
    """A gradient is divided by something that may be the loss scale."""
    if reader.generation == "2" or not isinstance(left, Tensor) or left.gradient is None:
        return
    read = _reads_scale(node) or any(map(_reads_scale, _given(reader, node.right)))
    divisor = "" if read else _number(right) or ast.unparse(node.right)
    reader.facts.divisions.update(dict.fromkeys(result.tokens, (node, divisor)))


def _reads_scale(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr in _SCALES for one in ast.walk(node))


def _given(reader: Reader, divisor: ast.expr) -> list[ast.expr]:
    """What the function around gives a name that something is divided by."""
    function = reader.frame.function
    if not isinstance(divisor, ast.Name) or function is None:
        return []
    return [
        one.value
        for one in ast.walk(function.node)
        if isinstance(one, ast.Assign)
        and any(isinstance(part, ast.Name) and part.id == divisor.id for part in one.targets)
    ]


def _number(value: Value | None) -> str:
    """A number that is known, as text."""
    if isinstance(value, Constant) and isinstance(value.value, int | float):
        return str(float(value.value))
    return ""


def applied(reader: Reader, optimizer: Optimizer, gradients: Value | None) -> None:
    """A loss-scale optimizer of Keras 3 is given such gradients: it divides once more."""
    if not optimizer.scales or reader.generation == "2":
        return
    if not any(".scale_loss(" in line for line in reader.source.lines):
        return
    same = {""} | _scales_of(optimizer)
    for entry in tapes.entries(gradients) if gradients is not None else []:
        for token in entry.tokens if isinstance(entry, Tensor) else ():
            node, divisor = reader.facts.divisions.get(token, (None, None))
            if node is not None and divisor in same:
                words = "the gradients are divided by the loss scale"
                topic = "loss-scale-generation-mix"
                habits.remark(reader, topic, reader.spot(node), words)
                return


def _scales_of(optimizer: Optimizer) -> set[str]:
    """How a program may write the scale that an optimizer begins with."""
    given = optimizer.arguments.get("initial_scale")
    if given is None:
        return {"32768.0", "2 ** 15", "2.0 ** 15"}
    keywords = optimizer.node.keywords if isinstance(optimizer.node, ast.Call) else []
    written = {ast.unparse(one.value) for one in keywords if one.arg == "initial_scale"}
    return written | ({_number(given)} - {""})
