"""Weights of a layer that are plain tensors: random, used, and never trained."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from . import habits
from .values import Class

if TYPE_CHECKING:
    from .reader import Reader

_RANDOM = re.compile(
    r"(tf|keras)\.random\.(normal|uniform|truncated_normal)$"
    r"|tf\.random\.stateless_(normal|uniform|truncated_normal)$"
)
_WEIGHT = re.compile(r"^_?(w|W|b|weights?|kernel|bias|gamma|beta|scale|embeddings?|w\d|b\d|W\d)$")
_FIXED = re.compile(
    r"fourier|random_?features|random_?project|fixed|frozen|seed|reservoir|hash", re.IGNORECASE
)


def look(reader: Reader, cls: Class) -> None:
    """Looks at a class of layers for weights made as tensors."""
    if cls.base not in ("layer", "model", "module") or reader.silent:
        return
    if _FIXED.search(cls.name) or _FIXED.search(ast.get_docstring(cls.node) or ""):
        return
    methods = {one.name: one for one in cls.node.body if isinstance(one, ast.FunctionDef)}
    call = methods.get("call", methods.get("__call__"))
    if call is None:
        return
    for name in ("__init__", "build"):
        for node in ast.walk(methods[name]) if name in methods else ():
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            made = _dotted(_unwrapped(node.value).func)
            target = _own(node.targets[0])
            weight = _RANDOM.match(made) and _WEIGHT.match(target)
            use = _use(call, target) if weight and _stores(cls.node, target) == 1 else None
            if use is not None:
                spot = reader.spot(node.value)
                names = (f"{cls.name}.{target}",)
                others = ((reader.spot(use), "computed with here"),)
                habits.remark(reader, "constant-weight", spot, f"self.{target}", names, others)


def _unwrapped(node: ast.Call) -> ast.Call:
    """What `tf.constant(...)` is given: random numbers stay random numbers."""
    first = node.args[0] if node.args else None
    plain = _dotted(node.func) in ("tf.constant", "tf.convert_to_tensor")
    return first if plain and isinstance(first, ast.Call) else node


def _dotted(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text.replace("tensorflow.", "tf.", 1) if text.startswith("tensorflow.") else text


def _own(node: ast.AST) -> str:
    held = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return node.attr if held and node.value.id == "self" else ""  # type: ignore[attr-defined]


def _stores(cls: ast.AST, name: str) -> int:
    return sum(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _own(node) == name
        for node in ast.walk(cls)
    )


_TAKES_WEIGHTS = frozenset(
    "matmul multiply tensordot einsum add gather embedding_lookup conv2d dot".split()
)


def _use(call: ast.AST, name: str) -> ast.expr | None:
    """Where it is multiplied with what the layer is given, if it is."""
    for node in ast.walk(call):
        if isinstance(node, ast.BinOp) and name in (_own(node.left), _own(node.right)):
            return node
        if not isinstance(node, ast.Call) or not any(_own(one) == name for one in node.args):
            continue
        if _dotted(node.func).split(".")[-1] in _TAKES_WEIGHTS:
            return node
    return None
