"""Arithmetic with gradients that are sparse: those of embeddings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import habits, ownership
from .values import Constant, Group, Layer, Tensor, Value

if TYPE_CHECKING:
    from .reader import Reader


def is_sparse(value: Value) -> bool:
    """Says whether this is the gradient of an embedding, as the tape returned it."""
    if not isinstance(value, Tensor) or value.gradient is None or not value.made:
        return False
    source = value.gradient.source
    owner = source.owner if isinstance(source, Group) else None
    return (
        isinstance(owner, Layer)
        and owner.kind == "Embedding"
        and value.made[-1] is value.gradient.call.node
    )


def combined(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> None:
    """An operator of Python meets a sparse gradient."""
    sparse, other = (left, right) if is_sparse(left) else (right, left)
    if not isinstance(sparse, Tensor) or not is_sparse(sparse) or reader.silent:
        return
    plain = isinstance(other, Constant) or (
        isinstance(other, Tensor) and other.form in ("number", "array")
    )
    if sparse.gradient is None or not (plain or is_sparse(other)):
        # A tensor on the other side takes it as a dense one.
        return
    source = sparse.gradient.source
    name = ownership.name_of(source.owner) if isinstance(source, Group) else ""
    others = ((reader.spot(sparse.gradient.call.node), "sparse for an embedding"),)
    spot = reader.spot(node)
    habits.remark(reader, "sparse-gradient-arithmetic", spot, "", (name,) if name else (), others)
