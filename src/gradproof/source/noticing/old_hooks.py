"""Optimizers written for the hooks of TensorFlow before 2.11."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import Spot
from ..values import Class, Function
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader


_OLD_HOOKS = ("_resource_apply_dense", "_resource_apply_sparse", "_create_slots", "_apply_dense")


def defined(reader: Reader, cls: Class) -> None:
    """A class of optimizers written for the hooks of TensorFlow before 2.11."""
    if cls.base != "optimizer" or "update_step" in cls.members or "apply_gradients" in cls.members:
        return
    if _is_legacy(cls):
        return
    hooks = [cls.members[name] for name in _OLD_HOOKS if name in cls.members]
    found = [hook for hook in hooks if isinstance(hook, Function) and not _only_raises(hook)]
    if found:
        first = min(found, key=lambda hook: hook.node.lineno)
        names = tuple(hook.name for hook in found)
        text = reader.spot(first.node)
        line = Spot(reader.head(first.node), text.text.splitlines()[0])
        remark(reader, "legacy-custom-optimizer", line, f"`{cls.name}`", names)


def _is_legacy(cls: Class, depth: int = 0) -> bool:
    """Says whether a class of optimizers stands on one of those that kept the old hooks."""
    bases = [ast.unparse(base) for base in cls.node.bases]
    if any(word in base for base in bases for word in ("legacy", ".v1", "OptimizerV2")):
        return True
    above = [base for base in cls.bases if isinstance(base, Class)]
    return depth < 8 and any(_is_legacy(base, depth + 1) for base in above)


def _only_raises(function: Function) -> bool:
    """Says whether a function is there for its name only."""
    body = function.node.body
    last = body[-1] if isinstance(body, list) else None
    return isinstance(last, ast.Raise) and all(
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
        for one in body[:-1]  # type: ignore[index]
    )
