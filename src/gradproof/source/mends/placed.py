"""Mends of optimizers that are made in the wrong place, or too seldom."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called
from .reach import argument_of, makes_optimizer, node_of


def optimizer_recreated(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The optimizer is made once, before the loop or the function."""
    statement = draft.statement(node_of(draft, finding))
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        raise NoMend
    function = draft.scope(statement)
    if _given(statement, function) and not isinstance(draft.parents[statement], ast.If):
        edits: tuple[Edit, ...] = (draft.remove(statement),)
        yield Fix("go on with the optimizer that is given", False, edits)
    around = [here for here in draft.up(statement) if isinstance(here, ast.For | ast.While)]
    loops = [loop for loop in around if draft.scope(loop) is function]
    outer: ast.stmt | None = loops[-1] if loops else None
    if outer is None and isinstance(function, Function):
        outer = function
    if outer is None or isinstance(draft.parents[outer], ast.ClassDef):
        raise NoMend
    inside = names_stored(outer) | {
        node.arg for node in ast.walk(outer) if isinstance(node, ast.arg)
    }
    if names_read(statement.value) & inside:
        yield _rate_assigned(draft, statement, outer, inside)
        return
    made = draft.with_comment(statement)
    edits = (_made_before(draft, outer, made), draft.remove(statement))
    yield Fix("make the optimizer once", False, edits)


def _given(statement: ast.Assign, function: ast.AST) -> bool:
    """Says whether the caller has to hand in what a statement puts something else for."""
    if not isinstance(function, Function):
        return False
    must = function.args.args[: len(function.args.args) - len(function.args.defaults)]
    names = {one.arg for one in must}
    return names_stored(*statement.targets) <= names and not names & names_read(statement.value)


def _rate_assigned(draft: Draft, statement: ast.Assign, outer: ast.stmt, inside: set[str]) -> Fix:
    """Made once without the rate that varies, which is assigned where it was made anew."""
    call = statement.value
    if not isinstance(call, ast.Call) or not makes_optimizer(draft, call):
        raise NoMend
    rate = argument_of(call, 0, "learning_rate")
    others = [*call.args, *call.keywords]
    others = [
        each for each in others if each is not rate and getattr(each, "arg", "") != "learning_rate"
    ]
    if rate is None or names_read(*others) & inside:
        raise NoMend
    target = draft.source(statement.targets[0])
    given = ", ".join(draft.source(each) for each in others)
    made = f"{target} = {draft.source(call.func)}({given})"
    change = f"{target}.learning_rate.assign({draft.source(rate)})"
    edits = (_made_before(draft, outer, made), draft.replace(statement, change))
    return Fix("make the optimizer once, and assign its learning rate", False, edits)


def _made_before(draft: Draft, outer: ast.stmt, line: str) -> Edit:
    """A line before a loop or function, two blank ones between it and one of the file's own."""
    top = isinstance(draft.parents[outer], ast.Module) and isinstance(outer, Function)
    return draft.before(outer, "\n".join([line, *(["", ""] if top else [])]))


def shared_optimizer(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Each network gets an optimizer of its own."""
    for there in finding.related:
        made = draft.statement(draft.at(there.place.span))
        if "this optimizer" not in there.message or not isinstance(made, ast.Assign):
            continue
        if len(made.targets) > 1 and isinstance(made.value, ast.Call):
            value, lead = draft.source(made.value), draft.indent(made)
            each = [f"{draft.source(target)} = {value}" for target in made.targets]
            edits = (draft.replace(made, f"\n{lead}".join(each)),)
            yield Fix("make one for each name", False, edits)
    call = draft.nearest(node_of(draft, finding), ast.Call)
    while called(call) not in ("apply_gradients", "apply", "minimize"):
        call = draft.nearest(draft.parents[call], ast.Call)
    if not isinstance(call.func, ast.Attribute):
        raise NoMend
    for there in finding.related:
        statement = draft.statement(draft.at(there.place.span))
        if "never used" in there.message and isinstance(statement, ast.Assign):
            name = draft.source(statement.targets[0])
            edits = (draft.replace(call.func.value, name),)
            yield Fix(f"give it to `{name}`, which nobody uses", False, edits)


def strategy_scope_mismatch(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What was made outside of the scope is made inside, with the model."""
    made = draft.statement(node_of(draft, finding))
    if not isinstance(made, ast.Assign) or not isinstance(made.value, ast.Call):
        raise NoMend
    block = draft.block(made)
    for scope in block:
        if not isinstance(scope, ast.With) or scope.body[0].lineno == scope.lineno:
            continue
        if not any(called(item.context_expr) == "scope" for item in scope.items):
            continue
        first, last = sorted((block.index(made), block.index(scope)))
        if names_stored(made) & names_read(*block[first + 1 : last + 1]):
            continue
        edits = (draft.remove(made), draft.after(scope.body[-1], draft.source(made)))
        yield Fix("make it within the scope of the strategy", False, edits)


def run_by_replicas(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A step that is called within the scope is run in each replica instead."""
    applying = {
        function.name
        for function in ast.walk(draft.tree)
        if isinstance(function, Function)
        and any(called(node) in ("apply_gradients", "apply") for node in ast.walk(function))
    }
    for scope in ast.walk(draft.tree):
        if not isinstance(scope, ast.With) or len(scope.items) != 1 or len(scope.body) != 1:
            continue
        opened, (body,) = scope.items[0].context_expr, scope.body
        call = body.value if isinstance(body, ast.Return | ast.Assign | ast.Expr) else None
        inside = isinstance(opened, ast.Call) and called(opened) == "scope"
        if not inside or not isinstance(call, ast.Call) or called(call) not in applying:
            continue
        if call.keywords or not isinstance(opened.func, ast.Attribute):  # type: ignore[attr-defined]
            continue
        strategy = draft.source(opened.func.value)  # type: ignore[attr-defined]
        given = ", ".join(draft.source(each) for each in call.args)
        given += "," if len(call.args) == 1 else ""
        text = f"{strategy}.run({draft.source(call.func)}, args=({given}))"
        if not isinstance(body, ast.Expr):
            text = f'{strategy}.reduce("SUM", {text}, axis=None)'
        whole = draft.source(body).replace(draft.source(call), text)
        yield Fix("let each replica run the step", False, (draft.replace(scope, whole),))
