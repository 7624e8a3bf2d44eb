"""Steps that apply their gradients only if they are told to, and nobody tells them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.methods import calls_of, hands_over, name_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_APPLIES = frozenset({"apply_gradients", "minimize", "apply", "assign_sub", "assign_add"})


def finish(reader: Reader) -> None:
    """`def run(x, y, train=False)`, whose `if train:` has the only update of the file."""
    nodes = reader.source.nodes
    updates = [one for one in nodes if _is_update(one)]
    for function in nodes if updates else ():
        if not isinstance(function, ast.FunctionDef):
            continue
        for name in _off_by_default(function):
            branch = _branch(function, name)
            inside = list(ast.walk(branch)) if branch is not None else []
            if branch is None or any(one not in inside for one in updates):
                continue
            calls = calls_of(nodes, function)
            if calls and not any(hands_over(call, function, name) for call in calls):
                spot = reader.spot(branch.test)
                others = ((reader.spot(calls[-1]), "not told to, here"),)
                words = f"`{function.name}` applies only if `{name}` is given, which it never is:"
                habits.remark(
                    reader, "gradients-never-applied", spot, words, ("never told",), others
                )


def _is_update(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (*_APPLIES, "fit")


def _off_by_default(function: ast.FunctionDef) -> list[str]:
    arguments = function.args.args[len(function.args.args) - len(function.args.defaults) :]
    pairs = [*zip(arguments, function.args.defaults, strict=True)]
    pairs += [
        (one, default)
        for one, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if default is not None
    ]
    return [one.arg for one, off in pairs if isinstance(off, ast.Constant) and off.value is False]


def _branch(function: ast.FunctionDef, name: str) -> ast.If | None:
    """`if train:`, by an argument that nothing else sets."""
    if any(
        isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store)
        for one in ast.walk(function)
    ):
        return None
    found = (one for one in function.body if isinstance(one, ast.If) and name_of(one.test) == name)
    return next((one for one in found if isinstance(one.test, ast.Name)), None)
