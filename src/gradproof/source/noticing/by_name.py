"""States of an update rule by hand that are kept by names which several variables share."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ..python.methods import ASSIGNS, root_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_LAYERS = r"\b(?:Dense|EinsumDense|Conv\w+D|SeparableConv\w+|LSTM|GRU|Embedding)\("
_SLOTS = r"Variable\(\s*(?:tf|np|keras\.ops)\.zeros"


def finish(reader: Reader) -> None:
    """`self.cache[v.name] = ...`, for variables of layers of Keras 3: `kernel`, `bias`."""
    text = "".join(reader.lines)
    if reader.generation == "2" or not _has_layers(reader.source.tree, text):
        return
    for loop in ast.walk(reader.source.tree):
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
        kept = [one for one in ast.walk(loop) if _is_kept(one, own & moved)]
        if kept:
            spot = reader.spot(kept[0])
            names = ("The update", ast.unparse(kept[0].slice))  # type: ignore[attr-defined]
            habits.remark(reader, "custom-optimizer-bug", spot, "named", names)


def _has_layers(tree: ast.AST, text: str) -> bool:
    """Several layers of Keras, and no variables of the program's own but states."""
    layers = len(re.findall(_LAYERS, text))
    repeated = any(
        isinstance(one, ast.ListComp | ast.For) and re.search(_LAYERS, ast.unparse(one))
        for one in ast.walk(tree)
    )
    own = len(re.findall(r"\bVariable\(|\badd_weight\(", text)) - len(re.findall(_SLOTS, text))
    return (layers > 1 or repeated) and own == 0


def _is_kept(node: ast.AST, variables: set[str]) -> bool:
    """`states[v.name] = ...`."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
        return False
    key = node.slice
    return (
        isinstance(key, ast.Attribute)
        and key.attr == "name"
        and isinstance(key.value, ast.Name)
        and key.value.id in variables
    )
