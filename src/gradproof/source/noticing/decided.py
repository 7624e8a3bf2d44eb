"""Where it was decided what a helper does with the values it is handed."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ..python.methods import root_of

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


_FOLLOWING = re.compile(
    r"(?i)target|teacher|ema|shadow|slow|aver|avg|moving|momentum|copy|dest|dst"
)
"""What a helper calls the network that is to follow another one."""


def order_at(reader: Reader, node: ast.AST) -> ast.AST:
    """The call of a helper that is told which of two networks follows, where it is told wrongly.

    `for t, s in zip(target.weights, source.weights): t.assign(...)` does what its names say.
    """
    frame = reader.frame
    function, call = frame.function, frame.call
    method = node.func if isinstance(node, ast.Call) else None
    assigns = isinstance(method, ast.Attribute) and method.attr == "assign"
    receiver = method.value if isinstance(method, ast.Attribute) and assigns else None
    if function is None or not isinstance(call, ast.Call) or not isinstance(receiver, ast.Name):
        return node
    for loop in ast.walk(function.node):
        if not isinstance(loop, ast.For) or not any(one is node for one in ast.walk(loop)):
            continue
        target, pairs = loop.target, loop.iter
        if not isinstance(target, ast.Tuple) or not isinstance(pairs, ast.Call):
            continue
        roots = {
            ast.unparse(name): root_of(column, (ast.Attribute,))
            for name, column in zip(target.elts, pairs.args, strict=False)
        }
        own = roots.pop(receiver.id, "")
        arguments = function.node.args
        handed = [one for one in (own, *roots.values()) if _argument(arguments, call, one)]
        if len(handed) == 2 and _FOLLOWING.search(own) and not _FOLLOWING.search(handed[1]):
            return call
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
