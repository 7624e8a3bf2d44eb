"""Mends of steps that XLA can't compile."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from .draft import Draft, Function, called, keyword
from .reach import node_of, without_argument


def xla_incompatible(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The step is traced without XLA: first the function around the place, then any."""
    around = [here for here in draft.up(node_of(draft, finding)) if isinstance(here, Function)]
    marks = [mark for function in around for mark in function.decorator_list]
    for call in dict.fromkeys([*marks, *ast.walk(draft.tree)]):
        flag = keyword(call, "jit_compile") if isinstance(call, ast.Call) else None
        if not isinstance(call, ast.Call) or not isinstance(flag, ast.Constant) or not flag.value:
            continue
        yield Fix("leave `jit_compile` out", False, (_uncompiled(draft, call, flag),))


def _uncompiled(draft: Draft, call: ast.Call, flag: ast.Constant) -> Edit:
    """Keras takes "auto" where it is told nothing; a bare decorator needs no brackets."""
    if called(call) == "compile":
        return draft.replace(flag, "False")
    holder = draft.parents[call]
    if isinstance(holder, Function) and len(call.keywords) == 1 and not call.args:
        return draft.replace(call, draft.source(call.func))
    return without_argument(draft, call, "jit_compile")
