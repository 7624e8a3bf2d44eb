"""Operations in a step that XLA has to compile."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import api
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


def operation(reader: Reader, name: str, node: ast.AST) -> None:
    """An operation that XLA does not have, in a step that was told to compile."""
    function = reader.frame.traced
    if function is None or name not in api.XLA_REFUSES or reader.silent:
        return
    flag = _compiled(function.traced)
    if flag is None or any(frame.guarded for frame in reader.frames if frame.traced is function):
        return
    others = ((reader.spot(flag), "compiled by XLA"),)
    words = f"`{name}`"
    habits.remark(reader, "xla-incompatible", reader.spot(node), words, (function.name,), others)


def _compiled(decorator: ast.AST | None) -> ast.AST | None:
    """The `jit_compile=True` of a `tf.function`."""
    if not isinstance(decorator, ast.Call):
        return None
    return next(
        (
            keyword.value
            for keyword in decorator.keywords
            if keyword.arg in ("jit_compile", "experimental_compile")
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
        ),
        None,
    )
