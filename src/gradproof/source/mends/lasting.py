"""Mends of what is made or kept anew with every step: traces, and results in lists."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called
from .reach import node_of, own_name


def traced_function_made_anew(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A traced function is defined once, beside the function that defines it at each call."""
    line = draft.span(node_of(draft, finding)).line
    inside = [
        node
        for node in ast.walk(draft.tree)
        if isinstance(node, Function) and _traced(node) and isinstance(draft.scope(node), Function)
    ]
    for inner in sorted(inside, key=lambda node: abs(node.lineno - line)):
        try:
            yield _beside(draft, inner)
        except NoMend:
            continue


def _traced(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        ast.unparse(mark).split("(")[0].endswith("function") for mark in function.decorator_list
    )


def _beside(draft: Draft, inner: ast.FunctionDef | ast.AsyncFunctionDef) -> Fix:
    outer = draft.scope(inner)
    if not isinstance(outer, Function) or draft.block(inner) is not outer.body:
        raise NoMend
    local = names_stored(*outer.body) | {
        each.arg for each in ast.walk(outer.args) if isinstance(each, ast.arg)
    }
    mine = names_stored(*inner.body) | {
        each.arg for each in ast.walk(inner.args) if isinstance(each, ast.arg)
    }
    within = own_name(draft, inner)
    if (names_read(*inner.body) - mine) & (local - {within or "", inner.name}):
        raise NoMend
    top, bottom = draft.lines_of([inner])
    text = textwrap.dedent("\n".join(draft.lines[top - 1 : bottom]))
    if within is not None:
        text = _as_method(text, inner, within)
    edits: list[Edit] = [
        draft.before(outer, text + "\n" * (1 if within else 2)),
        _taken_away(draft, inner),
    ]
    uses = [
        node
        for node in ast.walk(outer)
        if isinstance(node, ast.Name) and node.id == inner.name and isinstance(node.ctx, ast.Load)
    ]
    if within is not None:
        edits += [draft.replace(use, f"{within}.{inner.name}") for use in uses]
    return Fix("define it once, outside the function", False, tuple(edits))


def _as_method(text: str, inner: ast.FunctionDef | ast.AsyncFunctionDef, own: str) -> str:
    """The text of a function with the object as its first argument."""
    head, _, rest = text.partition(f"def {inner.name}(")
    if not rest or own in {each.arg for each in inner.args.args}:
        raise NoMend
    return f"{head}def {inner.name}({own}{'' if rest.lstrip().startswith(')') else ', '}{rest}"


def _taken_away(draft: Draft, inner: ast.stmt) -> Edit:
    """The lines of a function, and the blank ones behind it."""
    top, bottom = draft.lines_of([inner])
    if len(draft.block(inner)) == 1:
        raise NoMend
    while bottom < len(draft.lines) and not draft.lines[bottom].strip():
        bottom += 1
    return draft.edit(Span(top, 1, bottom + 1, 1), "")


def memory_growth(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A list keeps numbers, and what nobody reads it does not keep at all."""
    statement = draft.statement(node_of(draft, finding))
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or called(call) != "append" or len(call.args) != 1:
        raise NoMend
    assert isinstance(call.func, ast.Attribute)
    kept = ast.unparse(call.func.value)
    reads = [
        node
        for node in ast.walk(draft.tree)
        if isinstance(node, ast.Name | ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node) == kept
    ]
    if len(reads) == 1:
        yield Fix("keep nothing that nobody reads", False, (draft.remove(statement),))
    (value,) = call.args
    if isinstance(value, ast.Name):
        yield Fix("keep a number", False, (draft.replace(value, f"float({value.id})"),))
