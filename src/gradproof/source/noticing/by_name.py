"""States and gradients that are kept by names which several variables share."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..python.methods import ASSIGNS, name_of, root_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_LAYERS = r"\b(?:Dense|EinsumDense|Conv\w+D|SeparableConv\w+|LSTM|GRU|Embedding)\("
_SLOTS = r"Variable\(\s*(?:tf|np|keras\.ops)\.zeros"


def finish(reader: Reader) -> None:
    """`self.cache[v.name] = ...`, for variables of layers of Keras 3: `kernel`, `bias`."""
    nodes = reader.source.nodes
    if reader.generation == "2":
        return
    gradients = [one for one in nodes if isinstance(one, ast.DictComp) and _keeps_gradients(one)]
    if not gradients and not any(map(_is_named, nodes)):
        return
    if not _has_layers(nodes, "".join(reader.lines)):
        return
    applied = [one for one in nodes if _looks_up(one)]
    for by_name in gradients if applied else ():
        key = (ast.unparse(by_name.key),)
        others = ((reader.spot(applied[0]), "the last one that has the name"),)
        habits.remark(reader, "mispaired-gradients", reader.spot(by_name), "by name", key, others)
    for loop in nodes:
        if not isinstance(loop, ast.For):
            continue
        own = {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
        moved = {
            root_of(one.func.value)
            for one in ast.walk(loop)
            if isinstance(one, ast.Call)
            and isinstance(one.func, ast.Attribute)
            and one.func.attr in ASSIGNS
        }
        kept = [
            one
            for one in ast.walk(loop)
            if _is_named(one) and root_of(one.slice) in own & moved  # type: ignore[attr-defined]
        ]
        if kept and not _asks_for_some(loop, own):
            spot = reader.spot(kept[0])
            names = ("The update", ast.unparse(kept[0].slice))  # type: ignore[attr-defined]
            habits.remark(reader, "custom-optimizer-bug", spot, "named", names)


def _keeps_gradients(node: ast.DictComp) -> bool:
    """`{v.name: g for v, g in zip(variables, gradients)}`."""
    key, loop = node.key, node.generators[0]
    over = loop.iter if isinstance(loop.iter, ast.Call) else None
    return (
        isinstance(key, ast.Attribute)
        and key.attr == "name"
        and isinstance(key.value, ast.Name)
        and isinstance(node.value, ast.Name)
        and not loop.ifs
        and over is not None
        and name_of(over.func) == "zip"
        and any("grad" in ast.unparse(one).lower() for one in (*over.args, node.value))
    )


def _looks_up(node: ast.AST) -> bool:
    """`optimizer.apply_gradients([(by_name[v.name], v) for v in variables])`."""
    if not isinstance(node, ast.Call) or name_of(node.func) not in ("apply_gradients", "apply"):
        return False
    return any(
        isinstance(one, ast.Subscript)
        and isinstance(one.slice, ast.Attribute)
        and one.slice.attr == "name"
        for given in node.args[:1]
        for one in ast.walk(given)
    )


def _has_layers(nodes: Iterable[ast.AST], text: str) -> bool:
    """Several layers of Keras, and no variables of the program's own but states."""
    own = len(re.findall(r"\bVariable\(|\badd_weight\(", text)) - len(re.findall(_SLOTS, text))
    if own:
        return False
    return len(re.findall(_LAYERS, text)) > 1 or any(
        isinstance(one, ast.ListComp | ast.For) and re.search(_LAYERS, ast.unparse(one))
        for one in nodes
    )


def _asks_for_some(loop: ast.For, own: set[str]) -> bool:
    """`if "embedding" in v.name`: among those that it goes on with the name may be the only one."""
    for one in ast.walk(loop):
        parts = list(ast.walk(one.test)) if isinstance(one, ast.If) else []
        asked = any(isinstance(part, ast.Attribute) and root_of(part) in own for part in parts)
        if asked and any(isinstance(getattr(part, "value", None), str) for part in parts):
            return True
    return False


def _is_named(node: ast.AST) -> bool:
    """`states[v.name] = ...`."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
        return False
    key = node.slice
    return isinstance(key, ast.Attribute) and key.attr == "name" and isinstance(key.value, ast.Name)
