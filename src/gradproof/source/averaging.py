"""Callbacks that average weights, and when they write the average back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import habits
from .values import Class

if TYPE_CHECKING:
    from .reader import Reader

_STEPS = frozenset({"on_train_batch_end", "on_batch_end", "on_train_batch_begin"})
_BETWEEN = frozenset({"on_epoch_end", "on_epoch_begin"})


def called_back(reader: Reader, cls: Class) -> None:
    """`fit` is given a callback that writes its running average over the weights in training.

    Who writes twice puts the trained weights back.
    """
    methods = [one for one in cls.node.body if isinstance(one, ast.FunctionDef)]
    written = [(method, call) for method in methods for call in _written(method)]
    if len(written) != 1 or reader.silent:
        return
    ((method, call),) = written
    average = ast.unparse(call.args[0])
    mixed = [one for other in methods if other.name in _STEPS for one in _mixed(other, average)]
    if method.name in _BETWEEN and mixed:
        others = ((reader.spot(mixed[0]), "takes in a small part, step by step"),)
        spot = reader.spot(call)
        habits.remark(reader, "target-copy-wrong", spot, "written back", (), others)


def _written(method: ast.FunctionDef) -> Iterator[ast.Call]:
    """`self.model.set_weights(...)`."""
    for one in ast.walk(method):
        called = ast.unparse(one.func) if isinstance(one, ast.Call) and len(one.args) == 1 else ""
        if isinstance(one, ast.Call) and called == "self.model.set_weights":
            yield one


def _mixed(method: ast.FunctionDef, average: str) -> Iterator[ast.Assign]:
    """`average = [a * x + b * y for x, y in zip(average, weights)]`."""
    for one in ast.walk(method):
        if not isinstance(one, ast.Assign) or ast.unparse(one.targets[0]) != average:
            continue
        made = one.value.elt if isinstance(one.value, ast.ListComp) else None
        sides = (made.left, made.right) if isinstance(made, ast.BinOp) else ()
        if (
            isinstance(made, ast.BinOp)
            and isinstance(made.op, ast.Add)
            and all(isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) for side in sides)
        ):
            yield one
