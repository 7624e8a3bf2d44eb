"""Lists of variables from which a program leaves out what has a certain name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..python.methods import root_of

if TYPE_CHECKING:
    from ..reader import Reader

_NAMES = frozenset({"name", "path"})
_ADDS = frozenset({"append", "extend"})


def lists(reader: Reader) -> frozenset[str]:
    """Those lists, as the program writes them: `variables`, `self.trained`.

    `[v for v in variables if "encoder" not in v.path]`: who says it so, means it. What is
    picked by a name, `"encoder" in v.name`, may miss what it was to have.
    """
    found: set[str] = set()
    for node in reader.source.nodes:
        if isinstance(node, ast.Assign) and leaves_out(node.value):
            found.update(map(ast.unparse, node.targets))
        elif isinstance(node, ast.For):
            found |= _filled(node)
    return frozenset(found)


def leaves_out(value: ast.expr) -> bool:
    """A comprehension that lets by what is not called so."""
    return any(
        _asks(test, one.target) and _denies(test)
        for part in ast.walk(value)
        if isinstance(part, ast.ListComp | ast.GeneratorExp)
        for one in part.generators
        for test in one.ifs
    )


def _filled(loop: ast.For) -> set[str]:
    """Lists to which a loop adds all but what has a certain name."""
    filled: set[str] = set()
    passed_over = False
    for statement in loop.body:
        if isinstance(statement, ast.If) and _asks(statement.test, loop.target):
            ends = isinstance(statement.body[-1], ast.Continue)
            passed_over = passed_over or (ends and not _denies(statement.test))
            if not ends and _denies(statement.test):
                filled.update(_added(statement.body))
            elif not ends:
                filled.update(_added(statement.orelse))
        elif passed_over:
            filled.update(_added((statement,)))
    return filled


def _added(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """`list += ...`, `list.append(...)`, `list = list + ...`."""
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.AugAssign):
            yield ast.unparse(node.target)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _ADDS:
                yield ast.unparse(node.func.value)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            yield ast.unparse(node.targets[0])


def _asks(test: ast.expr, target: ast.expr) -> bool:
    """The test reads the name of what the loop gives."""
    own = {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
    return any(
        isinstance(one, ast.Attribute) and one.attr in _NAMES and root_of(one) in own
        for one in ast.walk(test)
    )


def _denies(test: ast.expr) -> bool:
    return any(isinstance(one, ast.Not | ast.NotIn | ast.NotEq) for one in ast.walk(test))
