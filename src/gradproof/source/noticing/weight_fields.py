"""Weights that come with each batch, in a field of it or beside it, and that no line reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..framework.names import last
from ..python.methods import name_of
from . import habits
from .unread import WEIGHTS

if TYPE_CHECKING:
    from ..reader import Reader

_WHOLE = frozenset({"_asdict", "asdict", "astuple", "getattr", "vars", "_fields", "fields"})
"""What reads every field of a tuple at once."""


def finish(reader: Reader) -> None:
    """A step reads every field of its batch but the weights, and so does everybody else."""
    _beside(reader)
    if reader.facts.asked:
        _keyed(reader)
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


def _beside(reader: Reader) -> None:
    """`for x, y, sample_weight in data`, around a tape, and no line of the function reads it."""
    for loop in ast.walk(reader.source.tree):
        taken = _three(loop) if isinstance(loop, ast.For) else None
        if taken is None or not _are_weights(reader, taken[2]):
            continue
        scope = reader.source.tree
        for one in reader.source.around(loop):
            scope = one if isinstance(one, ast.FunctionDef) else scope  # type: ignore[assignment]
        read = any(
            isinstance(one, ast.Name) and one.id == taken[2].id and isinstance(one.ctx, ast.Load)
            for one in ast.walk(scope)
        )
        steps = [one for one in ast.walk(loop) if _records(one)] or [*_calls_step(reader, loop)]
        inside = {one.id for part in steps for one in ast.walk(part) if isinstance(one, ast.Name)}
        if steps and not read and {one.id for one in taken[:2]} <= inside:
            others = ((reader.spot(taken[2]), "never read"),)
            first = steps[0]
            spot = reader.spot(first.body[-1] if isinstance(first, ast.With) else first)
            habits.remark(reader, "sample-weight-ignored", spot, "unused", (), others)


def _three(loop: ast.For) -> list[ast.Name] | None:
    """The three names that a batch is taken apart into: by the loop, or by its first line."""
    target: ast.AST = loop.target
    counted = isinstance(loop.iter, ast.Call) and last(ast.unparse(loop.iter.func)) == "enumerate"
    if counted and isinstance(target, ast.Tuple) and len(target.elts) == 2:
        target = target.elts[1]
    first = loop.body[0]
    if isinstance(target, ast.Name) and isinstance(first, ast.Assign):
        whole = isinstance(first.value, ast.Name) and first.value.id == target.id
        target = first.targets[0] if whole else target
    parts = target.elts if isinstance(target, ast.Tuple) else []
    names = [one for one in parts if isinstance(one, ast.Name)]
    return names if len(names) == len(parts) == 3 else None


_SHORT = r"^(b_?)?(w|ws|sw|wt|wts|weights?)(_?b|_batch)?$|^batch_w(eights?)?$"
_GIVEN = r"(^|_)(w|ws|sw|wts|weights?)$"


def _are_weights(reader: Reader, name: ast.Name) -> bool:
    """Says whether a name is one of weights, or short for what the data hold as such."""
    if re.search(WEIGHTS, name.id) or _third_are_weights(reader, name.id):
        return True
    return re.search(_SHORT, name.id, re.I) is not None and any(
        isinstance(one, ast.Tuple)
        and isinstance(one.ctx, ast.Load)
        and len(one.elts) == 3
        and re.search(_GIVEN, last(ast.unparse(one.elts[2])), re.I) is not None
        for source in reader.sources
        for one in ast.walk(source.tree)
    )


def _third_are_weights(reader: Reader, name: str) -> bool:
    """`from_tensor_slices((x, y, class_weights[y]))` is all that the file makes of three parts."""
    given = [
        ast.unparse(one.args[0].elts[2])
        for one in reader.source.nodes
        if isinstance(one, ast.Call)
        and name_of(one.func) == "from_tensor_slices"
        and one.args
        and isinstance(one.args[0], ast.Tuple)
        and len(one.args[0].elts) == 3
    ]
    weigh = [re.search(r"weight|(^|_)w(\b|_)", one, re.I) for one in given]
    return bool(given) and all(weigh) and not name.startswith("_")


_LABELS = r"^(y|ys|y_true|labels?|targets?)$"
_KEY = rf"{WEIGHTS}|^w$"
_WHOLE_DICT = frozenset({"values", "items", "keys", "pop", "popitem"})


def _keyed(reader: Reader) -> None:
    """`{"x": x, "y": y, "w": w}` is a batch, of whose keys that of the weights goes unread."""
    nodes = [one for source in reader.sources for one in ast.walk(source.tree)]
    texts = [one.value for one in nodes if isinstance(one, ast.Constant)]
    for batch in (one for one in nodes if isinstance(one, ast.Dict)):
        keys = [one.value if isinstance(one, ast.Constant) else None for one in batch.keys]
        weights = [one for one in keys if isinstance(one, str) and re.search(_KEY, one)]
        others = [one for one in keys if isinstance(one, str) and one not in weights]
        if len(weights) != 1 or len(others) != len(keys) - 1 or len(others) < 2:
            continue
        if texts.count(weights[0]) > 1 or not any(re.search(_LABELS, one) for one in others):
            continue
        step, name = _reading(nodes, others)
        if step is not None and not any(_reads_any_key(one, name) for one in nodes):
            told = ((reader.spot(batch.values[keys.index(weights[0])]), "never read"),)
            habits.remark(reader, "sample-weight-ignored", reader.spot(step), "unused", (), told)


def _reads_any_key(node: ast.AST, name: str) -> bool:
    """Says whether a dict of this name is read as a whole, or by a key that nobody knows."""
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
        return ast.unparse(node.value) == name
    if isinstance(node, ast.Attribute) and node.attr in _WHOLE_DICT:
        return ast.unparse(node.value) == name
    if isinstance(node, ast.For | ast.comprehension):
        return ast.unparse(node.iter) == name
    return isinstance(node, ast.keyword) and node.arg is None


def _reading(nodes: list[ast.AST], keys: list[str]) -> tuple[ast.stmt | None, str]:
    """The last statement of a function, or a loop, that reads all of these keys, and of what."""
    for function in (one for one in nodes if isinstance(one, ast.FunctionDef | ast.For)):
        reads: dict[str, dict[str, ast.stmt]] = {}
        for statement in (one for one in ast.walk(function) if isinstance(one, _SIMPLE)):
            for one in ast.walk(statement):
                if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant):
                    found = reads.setdefault(ast.unparse(one.value), {})
                    found[str(one.slice.value)] = statement
        for name, found in reads.items():
            if set(keys) <= found.keys():
                return max(found.values(), key=lambda one: one.lineno), name
    return None, ""


_SIMPLE = ast.Assign | ast.Return | ast.Expr | ast.AugAssign


def _calls_step(reader: Reader, loop: ast.AST) -> Iterator[ast.Call]:
    """Calls of functions of the file that record, with two parts of the batch."""
    recording = {
        one.name
        for one in reader.source.nodes
        if isinstance(one, ast.FunctionDef) and any(map(_records, ast.walk(one)))
    }
    for one in ast.walk(loop):
        if isinstance(one, ast.Call) and name_of(one.func) in recording:
            yield one


def _records(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and "GradientTape" in ast.unparse(node.items[0])


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
        if not isinstance(block, ast.With) or not _records(block):
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
