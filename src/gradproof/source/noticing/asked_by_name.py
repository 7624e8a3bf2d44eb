"""Lists of variables picked by a name that no variable of a Keras 3 layer has.

There a variable is called `kernel` or `bias`; its layer's name is in its `path` alone. What
Keras 2 calls `encoder/kernel:0` is not found by asking for `"encoder" in v.name`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import Remark
from ..framework import api, ownership, tapes
from ..values import Group, Layer, ListValue, Value, Variable

if TYPE_CHECKING:
    from ..reader import Reader

_NAMES = frozenset(
    """kernel bias gamma beta embeddings recurrent_kernel depthwise_kernel pointwise_kernel
    moving_mean moving_variance""".split()
)
_KINDS = (
    api.LINEAR_LAYERS
    | api.WITH_MOVING_STATISTICS
    | {"LayerNormalization", "GroupNormalization", "Embedding", "SimpleRNN", "LSTM", "GRU"}
    | {"MultiHeadAttention", "Bidirectional", "TimeDistributed"}
)


def look(reader: Reader, node: ast.expr, generator: ast.comprehension, iterated: Value) -> None:
    """`[v for v in model.trainable_variables if "encoder" in v.name]`."""
    target = generator.target.id if isinstance(generator.target, ast.Name) else ""
    given = getattr(node, "elt", None)
    if not isinstance(given, ast.Name) or given.id != target:
        return
    if reader.generation != "3" or reader.silent or not isinstance(iterated, ListValue):
        return
    owners = [tapes.owner_of(one) for one in iterated.items]
    names = [_named(one) for one in iterated.items]
    if not iterated.exact or not names or None in names:
        return
    known = frozenset().union(*(one for one in names if one is not None))
    lost = next((test for test in generator.ifs if not _may_pass(test, target, known)), None)
    if lost is not None:
        layers = tuple(dict.fromkeys(filter(None, map(ownership.name_of, owners))))
        spot = reader.spot(lost)
        edit = spot._replace(text=spot.text.replace(f"{target}.name", f"{target}.path"))
        reader.facts.remarks[Remark("variable-left-out", spot, "by name", layers, edit=edit)] = None


def _named(item: Value) -> frozenset[str] | None:
    """What the variables behind an entry are called, if that is known."""
    if isinstance(item, Variable):
        return frozenset((item.name,)) if item.name else None
    owner = item.owner if isinstance(item, Group) else None
    return _NAMES if isinstance(owner, Layer) and owner.kind in _KINDS else None


def _may_pass(test: ast.expr, target: str, known: frozenset[str]) -> bool:
    """Says whether a variable of one of these names may pass; what is not understood may."""
    if isinstance(test, ast.BoolOp):
        passes = [_may_pass(one, target, known) for one in test.values]
        return any(passes) if isinstance(test.op, ast.Or) else all(passes)
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In):
        text, where = test.left, test.comparators[0]
        asked = text.value if isinstance(text, ast.Constant) else None
        if _is_name(where, target) and isinstance(asked, str):
            return any(asked in one for one in known)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and len(test.args) == 1:
        start = test.args[0].value if isinstance(test.args[0], ast.Constant) else None
        if test.func.attr == "startswith" and _is_name(test.func.value, target):
            return not isinstance(start, str) or any(one.startswith(start) for one in known)
    return True


def _is_name(node: ast.expr, target: str) -> bool:
    """`v.name`, where `v` is what the loop gives."""
    owner = node.value if isinstance(node, ast.Attribute) and node.attr == "name" else None
    return isinstance(owner, ast.Name) and owner.id == target
