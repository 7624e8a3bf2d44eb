"""Where it was decided what a helper does with the values it is handed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..reader import Reader


def at(reader: Reader, node: ast.AST) -> ast.AST:
    """The call that hands over what is assigned at `node`, or `node` itself.

    `set_trainable(net, False)` freezes at its call: that `layer.trainable = flag`
    stands in the helper tells nothing.
    """
    value = node.value if isinstance(node, ast.Assign) else None
    for frame in reversed(reader.frames[1:]):
        function, call = frame.function, frame.call
        if function is None or not isinstance(value, ast.Name) or not isinstance(call, ast.Call):
            break
        handed = _argument(function.node.args, call, value.id)
        if handed is None:
            break
        node, value = call, handed
    return node


def _argument(declared: ast.arguments, call: ast.Call, name: str) -> ast.expr | None:
    """What a call gives for a parameter, if the call itself says it."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    names = [one.arg for one in (*declared.posonlyargs, *declared.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    place = names.index(name) if name in names else len(call.args)
    given = call.args[place] if place < len(call.args) else None
    return None if isinstance(given, ast.Starred) else given
