"""Batches that are objects of the program's own, and whose weights no line reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import habits
from .names import last
from .unread import WEIGHTS

if TYPE_CHECKING:
    from .reader import Reader

_WHOLE = frozenset({"_asdict", "asdict", "astuple", "getattr", "vars", "_fields", "fields"})
"""What reads every field of a tuple at once."""


def finish(reader: Reader) -> None:
    """A step reads every field of its batch but the weights, and so does everybody else."""
    classes = [one for one in ast.walk(reader.source.tree) if isinstance(one, ast.ClassDef)]
    for cls in classes:
        names = _fields(cls)
        weights = [one for one in names if re.search(WEIGHTS, one)]
        if len(weights) != 1 or len(names) < 3:
            continue
        read = {
            node.attr
            for source in reader.sources
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
        }
        if weights[0] in read or read & _WHOLE or _unpacked(reader, len(names)):
            continue
        for step, batch in _steps(reader.source.tree, {*names} - {*weights}):
            if not _taken_apart(reader.source.tree, batch):
                spot = reader.spot(step)
                others = ((reader.spot(_made(cls, weights[0])), "never read"),)
                habits.remark(reader, "sample-weight-ignored", spot, "unused", (), others)


def _fields(cls: ast.ClassDef) -> list[str]:
    """The fields of a named tuple, or of a dataclass."""
    made = [one.func if isinstance(one, ast.Call) else one for one in cls.decorator_list]
    kinds = {last(ast.unparse(one)) for one in (*cls.bases, *made)}
    if not kinds & {"NamedTuple", "dataclass"}:
        return []
    return [
        one.target.id
        for one in cls.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]


def _made(cls: ast.ClassDef, name: str) -> ast.AST:
    return next(
        one
        for one in cls.body
        if isinstance(one, ast.AnnAssign) and getattr(one.target, "id", "") == name
    )


def _steps(tree: ast.AST, others: set[str]) -> Iterator[tuple[ast.stmt, str]]:
    """Where a tape's block reads the last of the other fields, all of one batch."""
    for block in ast.walk(tree):
        if not isinstance(block, ast.With) or "GradientTape" not in ast.unparse(block.items[0]):
            continue
        reads: dict[str, list[tuple[str, ast.stmt]]] = {}
        for statement in block.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    reads.setdefault(node.value.id, []).append((node.attr, statement))
        for batch, found in reads.items():
            if others <= {field for field, _ in found}:
                yield found[-1][1], batch


def _unpacked(reader: Reader, count: int) -> bool:
    """Says whether anything is taken apart into so many names, or handed on with a star."""
    return any(
        (
            isinstance(node, ast.Tuple)
            and isinstance(node.ctx, ast.Store)
            and len(node.elts) == count
        )
        or (isinstance(node, ast.Starred) and isinstance(node.ctx, ast.Load))
        or isinstance(node, ast.MatchSequence | ast.MatchClass)
        for source in reader.sources
        for node in ast.walk(source.tree)
    )


def _taken_apart(tree: ast.AST, batch: str) -> bool:
    """Says whether the whole batch goes anywhere: `x, y, w = batch`, `loss(*batch)`."""
    inside = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    handed = {
        id(one)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for one in node.args
        if isinstance(one, ast.Name)
    }
    return any(
        isinstance(node, ast.Name)
        and node.id == batch
        and isinstance(node.ctx, ast.Load)
        and id(node) not in inside | handed
        for node in ast.walk(tree)
    )
