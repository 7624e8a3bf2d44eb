"""Arithmetic with gradients that are sparse: those of embeddings."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..framework import ownership
from ..values import Constant, Group, Layer, Tensor, Value, Variable
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


def is_sparse(value: Value) -> bool:
    """Says whether this is the gradient of an embedding, as the tape returned it."""
    if not isinstance(value, Tensor) or value.gradient is None or not value.made:
        return False
    source = value.gradient.source
    owner = source.owner if isinstance(source, Group) else source
    looked_up = (isinstance(owner, Layer) and owner.kind == "Embedding") or (
        isinstance(owner, Variable) and owner.gathered and not owner.dense
    )
    return looked_up and value.made[-1] is value.gradient.call.node


def gathered(reader: Reader, table: Variable, keywords: Mapping[str, Value], node: ast.AST) -> None:
    """`tf.gather` or `tf.nn.embedding_lookup` of a variable, which has been read for it.

    Its gradient is sparse if rows are taken, and if nothing else of the tape reads it.
    """
    rows = (
        isinstance(node, ast.Call)
        and len(node.args) < 3
        and not {"axis", "batch_dims"} & (keywords.keys())
    )
    if table.kind == "tf.Variable" and rows and reader.active:
        reader.store.set_field(table, "gathered", True)
    else:
        reader.store.set_field(table, "dense", True)


def combined(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> None:
    """An operator of Python meets a sparse gradient."""
    sparse, other = (left, right) if is_sparse(left) else (right, left)
    if not isinstance(sparse, Tensor) or not is_sparse(sparse) or reader.silent:
        return
    plain = isinstance(other, Constant) or (
        isinstance(other, Tensor) and other.form in ("number", "array")
    )
    # A tensor on the other side takes it as a dense one.
    if plain or is_sparse(other):
        _tell(reader, sparse, node)


def summed(reader: Reader, items: list[Value], node: ast.AST) -> None:
    """`sum(...)` of Python: it adds the first entry to 0."""
    if items and isinstance(items[0], Tensor) and is_sparse(items[0]) and not reader.silent:
        _tell(reader, items[0], node)


def _tell(reader: Reader, sparse: Tensor, node: ast.AST) -> None:
    if sparse.gradient is None or _asks_type(reader, node):
        return
    source = sparse.gradient.source
    name = ownership.name_of(source) if isinstance(source, Group | Variable) else ""
    others = ((reader.spot(sparse.gradient.call.node), "sparse for an embedding"),)
    spot = reader.spot(node)
    habits.remark(reader, "sparse-gradient-arithmetic", spot, "", (name,) if name else (), others)


def _asks_type(reader: Reader, node: ast.AST) -> bool:
    """Says whether a condition around looks at the type: `type(g).__name__ == ...`."""
    tests = (one.test for one in reader.around(node) if isinstance(one, ast.If | ast.IfExp))
    return any("type(" in text for text in map(ast.unparse, tests))
