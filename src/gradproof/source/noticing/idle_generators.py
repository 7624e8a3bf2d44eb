"""Functions that train as they are gone through, and calls that nobody goes through."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..python.methods import name_of
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_CHANGES = frozenset({"apply_gradients", "minimize", "assign_sub", "assign_add", "train_on_batch"})


def finish(reader: Reader) -> None:
    """`train(model, data)` as a statement, where `train` yields what it trains for."""
    nodes = reader.source.nodes
    if not any(isinstance(one, ast.Yield) for one in nodes):
        return
    for function in nodes:
        change = _change(function) if isinstance(function, ast.FunctionDef) else None
        for call in _thrown_away(reader, nodes, function) if change is not None else ():
            others = ((reader.spot(change), "never runs"),)  # type: ignore[arg-type]
            words = f"`{ast.unparse(call.func)}`"
            spot = reader.spot(call)
            habits.remark(reader, "gradients-never-applied", spot, words, (), others)


def _change(function: ast.FunctionDef) -> ast.AST | None:
    """What a generator function changes variables by; `None` if it is none, or wrapped."""
    own = list(_own(function))
    if function.decorator_list or not any(isinstance(one, ast.Yield) for one in own):
        return None
    calls = (one for one in own if isinstance(one, ast.Call))
    return next((one for one in calls if name_of(one.func) in _CHANGES), None)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, without what stands in functions inside it."""
    for one in ast.iter_child_nodes(node):
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield one
            yield from _own(one)


def _thrown_away(reader: Reader, nodes: Sequence[ast.AST], function: ast.AST) -> Iterator[ast.Call]:
    """Calls of the function, or of the method, whose value is dropped."""
    assert isinstance(function, ast.FunctionDef)
    around = reader.around(function)[:-1]
    cls = around[-1] if around and isinstance(around[-1], ast.ClassDef) else None
    alike = [one for one in nodes if isinstance(one, ast.FunctionDef) and one.name == function.name]
    if len(alike) > 1 or (cls is None and not all(isinstance(one, ast.Module) for one in around)):
        return
    mine = {"self"} | _objects_of(nodes, cls.name) if cls is not None else set()
    for one in nodes:
        call = one.value if isinstance(one, ast.Expr) else None
        if not isinstance(call, ast.Call) or name_of(call.func) != function.name:
            continue
        called = call.func
        receiver = called.value if isinstance(called, ast.Attribute) else None
        if (cls is None and receiver is None) or (cls and name_of(receiver or called) in mine):
            yield call


def _objects_of(nodes: Sequence[ast.AST], name: str) -> set[str]:
    """Names that are given objects of a class, and nothing else."""
    given: dict[str, list[bool]] = {}
    for one in nodes:
        if isinstance(one, ast.Assign):
            made = isinstance(one.value, ast.Call) and name_of(one.value.func) == name
            for target in one.targets:
                given.setdefault(name_of(target), []).append(made)
    return {key for key, made in given.items() if key and all(made)}
