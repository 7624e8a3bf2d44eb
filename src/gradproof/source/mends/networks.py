"""Mends of networks that share a flag, and are trained in turn."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from .draft import Draft, called
from .reach import node_of, without_argument


def gan_shared_trainable_flag(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The flag is set before each network is trained, as Keras 3 reads it then."""
    frozen = draft.statement(node_of(draft, finding))
    target = frozen.targets[0] if isinstance(frozen, ast.Assign) else None
    if not isinstance(target, ast.Attribute) or target.attr != "trainable":
        return
    network = draft.source(target.value)
    edits: list[Edit] = []
    done: dict[ast.stmt, str] = {}
    for call in ast.walk(draft.tree):
        if called(call) not in ("train_on_batch", "fit") or not isinstance(call, ast.Call):
            continue
        assert isinstance(call.func, ast.Attribute)
        statement = draft.statement(call)
        own = ast.unparse(call.func.value) == ast.unparse(target.value)
        known = draft.scope(statement) is draft.scope(frozen) or "." in network
        line = f"{network}.trainable = {own}"
        if not known or done.setdefault(statement, line) != line:
            return  # Both in one statement: one flag can't serve both.
        edits.append(draft.before(statement, line))
    if len(set(done.values())) == 2:
        title = "set the flag before each network is trained"
        yield Fix(title, False, tuple(dict.fromkeys(edits)))


def gradients_summed(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The optimizer sums the gradients of all replicas, as it does by default."""
    statement = draft.statement(node_of(draft, finding))
    for call in [*ast.walk(statement), *ast.walk(draft.tree)]:
        if not isinstance(call, ast.Call):
            continue
        for word in call.keywords:
            if word.arg in ("skip_gradients_aggregation", "experimental_aggregate_gradients"):
                edits = (without_argument(draft, call, word.arg),)
                yield Fix("let the optimizer sum the gradients first", False, edits)
