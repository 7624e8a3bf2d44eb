"""Callbacks and other objects that average weights, and when they write the average back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..values import Class
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

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


def class_made(reader: Reader, cls: Class) -> None:
    """A list of arrays that starts at zero, follows weights, and is put in their place as it is."""
    if reader.silent:
        return
    methods = [one for one in cls.node.body if isinstance(one, ast.FunctionDef)]
    written = {ast.unparse(call.args[0]): call for one in methods for call in _written(one, "")}
    for average, call in written.items():
        made = [made for one in methods for made in _assigned(one, average)]
        begun = [one for one in made if _is_zeros(one.value)]
        mixed = [one for method in methods for one in _evenly_mixed(method, average)]
        nothing = [one for one in made if isinstance(one.value, ast.Constant)]
        if begun and mixed and len(begun) + len(mixed) + len(nothing) == len(made):
            others = (
                (reader.spot(mixed[0]), "takes in a small part"),
                (reader.spot(call), "used as it is"),
            )
            habits.remark(
                reader, "target-copy-wrong", reader.spot(begun[0]), "from zero", (), others
            )


def _evenly_mixed(method: ast.FunctionDef, average: str) -> Iterator[ast.Assign]:
    """Where it is mixed by shares that don't grow with the steps, from nearly all at the first."""
    grown = any(
        isinstance(one, ast.Call) and ast.unparse(one.func).rpartition(".")[2] in _SMALLER
        for one in ast.walk(method)
    )
    if not grown:
        yield from _mixed(method, average)


_SMALLER = ("min", "minimum", "pow", "exp")


def _assigned(method: ast.FunctionDef, name: str) -> Iterator[ast.Assign]:
    for one in ast.walk(method):
        if isinstance(one, ast.Assign) and any(ast.unparse(to) == name for to in one.targets):
            yield one


def _is_zeros(made: ast.expr) -> bool:
    """`[np.zeros_like(w) for w in weights]`."""
    each = made.elt if isinstance(made, ast.ListComp) else None
    called = ast.unparse(each.func) if isinstance(each, ast.Call) else ""
    return called.rpartition(".")[2] in ("zeros", "zeros_like")


def _written(method: ast.FunctionDef, model: str = "self.model") -> Iterator[ast.Call]:
    """`self.model.set_weights(...)`, or that of any model."""
    for one in ast.walk(method):
        called = ast.unparse(one.func) if isinstance(one, ast.Call) and len(one.args) == 1 else ""
        if isinstance(one, ast.Call) and called.endswith(f"{model}.set_weights"):
            yield one


def _mixed(method: ast.FunctionDef, average: str) -> Iterator[ast.Assign]:
    """`average = [a * x + b * y for x, y in zip(average, weights)]`."""
    for one in _assigned(method, average):
        made = one.value.elt if isinstance(one.value, ast.ListComp) else None
        sides = (made.left, made.right) if isinstance(made, ast.BinOp) else ()
        if (
            isinstance(made, ast.BinOp)
            and isinstance(made.op, ast.Add)
            and all(isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) for side in sides)
        ):
            yield one
