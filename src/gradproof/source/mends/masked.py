"""Mends of means that count what a mask leaves out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Finding, Fix
from ..python.methods import names_stored
from .draft import Draft, NoMend, called
from .reach import node_of, only_value


def padding_counted(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The mean goes over the positions whose token is not 0."""
    if "mask" not in finding.message:
        raise NoMend
    statement = draft.statement(node_of(draft, finding))
    mean = next((node for node in ast.walk(statement) if called(node) == "reduce_mean"), None)
    if not isinstance(mean, ast.Call) or len(mean.args) != 1 or mean.keywords:
        raise NoMend
    each, scope, tf = mean.args[0], draft.scope(statement), draft.tensorflow
    if not isinstance(each, ast.Name) or names_stored(scope) & {"mask"}:
        raise NoMend
    for tokens in dict.fromkeys(_tokens(draft, scope, statement)):
        line = f"mask = {tf}.cast({tf}.not_equal({tokens}, 0), {each.id}.dtype)"
        text = f"{tf}.reduce_sum({each.id} * mask) / {tf}.reduce_sum(mask)"
        edits = (draft.before(statement, line), draft.replace(mean, text))
        yield Fix("average over the positions that the mask keeps", False, edits)


def _tokens(draft: Draft, scope: ast.AST, statement: ast.stmt) -> Iterator[str]:
    """What models are given in the same function, if it is more than an expression to compute."""
    for node in ast.walk(scope):
        if not isinstance(node, ast.Call) or not node.args or node.lineno > statement.lineno:
            continue
        model, given = node.func, node.args[0]
        known = isinstance(model, ast.Name) and only_value(draft.tree, model.id) is not None
        if (known or ast.unparse(model).startswith("self")) and isinstance(given, ast.Name):
            yield given.id
