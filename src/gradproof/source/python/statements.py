"""Follows statements: what they bind, in which order, on which branches."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..framework import generations, scopes, updates
from ..joining import join, truth
from ..noticing import costs, floored, keeping, sample_weights, switched
from ..store import Written
from ..values import (
    Constant,
    Instance,
    Managed,
    Other,
    Tape,
    Tensor,
    Value,
)
from . import (
    binding,
    classes,
    imports,
    list_changes,
    loops,
    managers,
    matching,
    operators,
)

if TYPE_CHECKING:
    from ..reader import Reader


def execute(reader: Reader, body: list[ast.stmt]) -> str | None:
    """Follows statements until one leaves the block."""
    for statement in body:
        reader.count_step()
        handler = _HANDLERS.get(type(statement))
        left = handler(reader, statement) if handler is not None else None
        if left is not None:
            return left
    return None


def _expression(reader: Reader, node: ast.Expr) -> None:
    value = reader.evaluate(node.value)
    updates.dropped(reader, value, node)


def _assign(reader: Reader, node: ast.Assign) -> None:
    value = reader.evaluate(node.value)
    for target in node.targets:
        binding.bind(reader, target, value, node)


def _annotated(reader: Reader, node: ast.AnnAssign) -> None:
    if node.value is not None:
        binding.bind(reader, node.target, reader.evaluate(node.value), node)


def _augmented(reader: Reader, node: ast.AugAssign) -> None:
    operators.augment(reader, node)


def _return(reader: Reader, node: ast.Return) -> str:
    reader.frame.returned.append(
        reader.evaluate(node.value) if node.value else Constant(None, node)
    )
    return "return"


def _leave_loop(reader: Reader, node: ast.stmt) -> str:
    return "break" if isinstance(node, ast.Break) else "continue"


def _raise(reader: Reader, node: ast.Raise) -> str:
    return "raise"


def _if(reader: Reader, node: ast.If, *, chained: bool = False) -> str | None:
    test = reader.evaluate(node.test)
    if not isinstance(test, Tensor) or test.form != "tensor":
        return _branches(reader, node, test, chained=chained)
    reader.frame.tests.append(node.test)
    left_by = _branches(reader, node, test, chained=chained)
    reader.frame.tests.pop()
    return left_by


def _branches(reader: Reader, node: ast.If, test: Value, *, chained: bool) -> str | None:
    known = told = truth(test)
    elif_follows = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
    if known is None and node.orelse and not (chained or elif_follows):
        # Of two ways, that of the first round was taken there; of three nobody knows.
        known = test.later if isinstance(test, Tensor) else None
    frame = reader.frame
    switched.met(reader, node, told)
    if known is not None:
        # What stands behind a condition may be meant to run once.
        frame.guarded += 1
        frame.unsure += told is None
        left_by = execute(reader, node.body if known else node.orelse)
        frame.unsure -= told is None
        frame.guarded -= 1
        return left_by
    frame.guarded += 1
    frame.unsure += 1
    first, left = _branch(reader, node.body)
    second, right = _branch(reader, node.orelse, chained=True)
    frame.unsure -= 1
    frame.guarded -= 1
    if first is not None and second is None:
        _keep_outer(reader, left, first)
        reader.store.redo(right)
        return None
    if second is not None and first is None:
        _keep_outer(reader, right, second)
        reader.store.redo(left)
        return None
    reader.store.redo_joined(left, right, join)
    return first


def _branch(
    reader: Reader, body: list[ast.stmt], *, chained: bool = False
) -> tuple[str | None, Written]:
    reader.store.begin()
    if chained and len(body) == 1 and isinstance(body[0], ast.If):
        reader.count_step()
        left = _if(reader, body[0], chained=True)
    else:
        left = execute(reader, body)
    return left, reader.store.take_back()


def _keep_outer(reader: Reader, written: Written, left: str) -> None:
    """Keeps what a branch that leaves did to objects, not to local names."""
    if left != "raise":
        local = id(reader.frame.scopes[0].names)
        outer = {key: entry for key, entry in written.items() if key[0] != local}
        reader.store.redo_joined(outer, {}, join)


def _with(reader: Reader, node: ast.With) -> str | None:
    return _with_items(reader, node, 0)


def _with_items(reader: Reader, node: ast.With | ast.AsyncWith, index: int) -> str | None:
    if index == len(node.items):
        return execute(reader, node.body)
    item = node.items[index]
    value = reader.evaluate(item.context_expr)
    generations.entered(reader, value, item.context_expr)
    if isinstance(value, Managed):
        return _managed(reader, node, index, value)
    entered: Value = value
    if isinstance(value, Instance):
        entered = binding.call_method(reader, value, "__enter__", [], item.context_expr) or value
    if item.optional_vars is not None:
        binding.bind(reader, item.optional_vars, entered, node)
    if isinstance(entered, Tape):
        reader.store.set_field(entered, "asked", ())
        keeping.entered(reader, entered, item.context_expr)
        with reader.recording(entered):
            return _with_items(reader, node, index + 1)
    if isinstance(value, Other) and value.kind == "stopped tape":
        tape = value.arguments.get("tape")
        if isinstance(tape, Tape):
            with reader.not_recording(tape):
                return _with_items(reader, node, index + 1)
    if isinstance(value, Other) and value.kind == "lifted":
        frame = reader.frame
        before, frame.traced = frame.traced, None
        left = _with_items(reader, node, index + 1)
        frame.traced = before
        return left
    if isinstance(value, Other) and value.kind == "exit stack":
        tapes = reader.tapes, reader.active
        left = _with_items(reader, node, index + 1)
        reader.tapes, reader.active = tapes
        return left
    with scopes.inside(reader, value):
        return _with_items(reader, node, index + 1)


def _managed(
    reader: Reader, node: ast.With | ast.AsyncWith, index: int, managed: Managed
) -> str | None:
    """Follows the block where the context manager yields."""
    ends: list[str | None] = []

    def block(value: Value) -> None:
        target = node.items[index].optional_vars
        if target is not None:
            binding.bind(reader, target, value, node)
        ends.append(_with_items(reader, node, index + 1))

    managers.around(reader, managed, block)
    return ends[0] if len(set(ends)) == 1 else None


def _try(reader: Reader, node: ast.Try) -> str | None:
    left = execute(reader, node.body)
    if left is None:
        left = execute(reader, node.orelse)
    for handler in node.handlers:
        # What a handler does is read, for its facts, and taken back: the
        # program goes on from the body.
        reader.frame.guarded += 1
        reader.frame.unsure += 1
        _branch(reader, handler.body)
        reader.frame.unsure -= 1
        reader.frame.guarded -= 1
    final = execute(reader, node.finalbody)
    return final or left


def _function(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    function = binding.make_function(reader, node)
    value: Value = function
    for decorator in reversed(node.decorator_list):
        value = binding.decorate(reader, decorator, value, node)
    reader.functions.append(function)
    costs.traced_in_loop(reader, function, node)
    sample_weights.function_made(reader, node)
    floored.function_made(reader, node)
    binding.bind_name(reader, node.name, value, node)


def _class(reader: Reader, node: ast.ClassDef) -> None:
    binding.bind_name(reader, node.name, classes.make_class(reader, node), node)


def _import(reader: Reader, node: ast.Import | ast.ImportFrom) -> None:
    importer = reader.home(node).path
    if isinstance(node, ast.ImportFrom):
        star = imports.starred(node, importer)
        if star is not None:
            reader.frame.scopes[-1].stars.append(star)
    for name, value in imports.imported(node, importer):
        binding.bind_name(reader, name, value, node)


def _global(reader: Reader, node: ast.Global) -> None:
    reader.frame.scopes[0].globals.update(node.names)


def _nonlocal(reader: Reader, node: ast.Nonlocal) -> None:
    reader.frame.scopes[0].nonlocals.update(node.names)


def _assert(reader: Reader, node: ast.Assert) -> None:
    reader.evaluate(node.test)


def _delete(reader: Reader, node: ast.Delete) -> None:
    for target in node.targets:
        list_changes.deleted(reader, target)


def _match(reader: Reader, node: ast.Match) -> str | None:
    subject = reader.evaluate(node.subject)
    ends: list[str | None] = []
    for case in node.cases:
        fits = matching.fits(case.pattern, subject) if case.guard is None else None
        if fits is False:
            continue
        if fits and not ends:
            matching.bind(reader, case.pattern, subject, node)
            reader.frame.guarded += 1
            left = execute(reader, case.body)
            reader.frame.guarded -= 1
            return left
        ends.append(_case(reader, case, subject, node))
        if fits:
            return ends[0] if len(set(ends)) == 1 else None
    return None


def _case(reader: Reader, case: ast.match_case, subject: Value, node: ast.Match) -> str | None:
    """Follows a case that may be taken; what one that leaves does to names is taken back."""
    reader.store.begin()
    matching.bind(reader, case.pattern, subject, node)
    if case.guard is not None:
        reader.evaluate(case.guard)
    reader.frame.guarded += 1
    reader.frame.unsure += 1
    left = execute(reader, case.body)
    reader.frame.unsure -= 1
    reader.frame.guarded -= 1
    written = reader.store.take_back()
    if left is None:
        reader.store.redo_joined(written, {}, join)
    else:
        _keep_outer(reader, written, left)
    return left


_HANDLERS: dict[type, Callable[..., str | None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Return: _return,
    ast.Break: _leave_loop,
    ast.Continue: _leave_loop,
    ast.Raise: _raise,
    ast.If: _if,
    ast.For: loops.follow_for,
    ast.AsyncFor: loops.follow_for,
    ast.While: loops.follow_while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    getattr(ast, "TryStar", ast.Try): _try,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Assert: _assert,
    ast.Delete: _delete,
    ast.Match: _match,
}
