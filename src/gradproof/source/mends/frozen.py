"""Mends of parts that are frozen, and of flags that come too late."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Finding, Fix
from ..python.methods import names_read
from .draft import Draft, Function, called, keyword
from .reach import node_of, own_name


def trainable_flip_ignored(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The model is compiled again, or the step traced again, after the flip."""
    flip = draft.statement(node_of(draft, finding))
    block = draft.block(flip)
    before = block[: block.index(flip)]
    for statement in reversed(before):
        if isinstance(statement, ast.Expr) and called(statement.value) == "compile":
            fix = (draft.after(flip, draft.source(statement)),)
            yield Fix("compile again after the change", False, fix)
            break
    # A loop that flips several layers ends before the step is traced again.
    outer = [here for here in draft.up(flip) if here in draft.tree.body]
    last = outer[0] if outer and isinstance(outer[0], ast.For) else flip
    assert isinstance(last, ast.stmt)
    block = draft.block(last)
    after = block[block.index(last) + 1 :]
    wanted = names_read(*after)
    for node in draft.tree.body:
        if isinstance(node, Function) and node.name in wanted:
            wanted = wanted | names_read(*node.body)
    for step in ast.walk(draft.tree):
        if not isinstance(step, Function) or step.name not in wanted:
            continue
        if draft.scope(flip) is draft.tree and any(
            "function" in ast.unparse(mark) for mark in step.decorator_list
        ):
            line = f"{step.name} = {draft.tensorflow}.function({step.name}.python_function)"
            yield Fix("trace the step again after the change", False, (draft.after(last, line),))


def frozen_bn_moves(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A frozen layer runs as in inference, or asks itself whether it is frozen."""
    node = node_of(draft, finding)
    own = own_name(draft, node)
    for here in draft.up(node):
        asks = isinstance(here, ast.If) and ast.unparse(here.test) == "training"
        if own and asks and isinstance(here, ast.If):
            edits = (draft.replace(here.test, f"training and {own}.trainable"),)
            yield Fix("update them only if the layer is not frozen", False, edits)
    for here in [*draft.up(node), *ast.walk(draft.statement(node))]:
        flag = keyword(here, "training") if isinstance(here, ast.Call) else None
        if isinstance(flag, ast.Constant) and flag.value is True:
            edits = (draft.replace(flag, "False"),)
            yield Fix("call the frozen part with `training=False`", False, edits)
