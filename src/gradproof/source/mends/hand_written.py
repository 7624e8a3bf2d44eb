"""Mends of optimizers that people write themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called
from .reach import node_of


def custom_optimizer_bug(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """New state is stored; the counter of steps is advanced."""
    node = node_of(draft, finding)
    method = draft.scope(node)
    if not isinstance(method, Function):
        raise NoMend
    if "iterations" in finding.message:
        own = method.args.args[0].arg
        last = method.body[-1]
        line = f"{own}.iterations.assign_add(1)"
        edit = draft.before(last, line) if isinstance(last, ast.Return) else draft.after(last, line)
        yield Fix("count the step", False, (edit,))
        return
    read = next(
        (
            here
            for here in draft.up(node)
            if isinstance(here, ast.Subscript) or (called(here) == "get")
        ),
        None,
    )
    statement = draft.statement(node)
    if read is None or not isinstance(statement, ast.Assign):
        raise NoMend
    if isinstance(read, ast.Subscript):
        state = draft.source(read)
    else:
        assert isinstance(read, ast.Call)
        assert isinstance(read.func, ast.Attribute)
        state = f"{draft.source(read.func.value)}[{draft.source(read.args[0])}]"
    old = names_stored(statement)
    block = draft.block(statement)
    for later in block[block.index(statement) + 1 :]:
        if isinstance(later, ast.Assign) and old & names_read(later.value):
            (name,) = names_stored(later)
            edits = (draft.after(later, f"{state} = {name}"),)
            yield Fix("store the new state", False, edits)
            return


def legacy_custom_optimizer(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The hooks of Keras 2 become those of Keras 3; tf-keras still has the base of old."""
    owner = draft.nearest(node_of(draft, finding), ast.ClassDef)
    if draft.generation == "2":
        for base in owner.bases:
            text = ast.unparse(base)
            if text.endswith("optimizers.Optimizer"):
                new = f"{text.removesuffix('.Optimizer')}.legacy.Optimizer"
                title = "derive from the base class that calls these hooks"
                yield Fix(title, False, (draft.replace(base, new),))
        return
    methods = {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}
    apply = methods.get("_resource_apply_dense")
    if apply is None or "update_step" in methods:
        raise NoMend
    edits = list(_update_step(draft, apply))
    if "_create_slots" in methods:
        edits.append(_build(draft, methods["_create_slots"]))
    if "_resource_apply_sparse" in methods:
        edits.append(draft.remove(methods["_resource_apply_sparse"]))
    yield Fix("move it to `update_step`, and the slots to `build`", False, tuple(edits))


def _build(draft: Draft, method: ast.FunctionDef) -> Edit:
    """Makes in `build` what `add_slot` made."""
    own = method.args.args[0].arg
    slots = [_slot(node) for node in ast.walk(method) if called(node) == "add_slot"]
    lead = draft.indent(method) + draft.level
    lines = [
        f"def build({own}, variables):",
        f"{lead}if {own}.built:",
        f"{lead}{draft.level}return",
        f"{lead}super().build(variables)",
    ]
    for name in slots:
        made = f'{own}.add_variable_from_reference(each, name="{name}")'
        lines.append(f"{lead}{own}.{name}s = [{made} for each in variables]")
    return draft.replace(method, "\n".join(lines))


def _slot(call: ast.AST) -> str:
    """The name of a slot that `add_slot` makes or `get_slot` gives."""
    name = call.args[1] if isinstance(call, ast.Call) and len(call.args) > 1 else None
    if not isinstance(name, ast.Constant) or not str(name.value).isidentifier():
        raise NoMend
    return str(name.value)


def _update_step(draft: Draft, method: ast.FunctionDef) -> Iterator[Edit]:
    """The dense update under its new name, with what it may call there."""
    own, gradient, variable = (each.arg for each in method.args.args[:3])
    head = f"def update_step({own}, {gradient}, {variable}, learning_rate):"
    first = method.body[0]
    end = draft.lines[first.lineno - 2]
    span = draft.span(method)
    yield draft.edit(Span(span.line, span.column, first.lineno - 1, len(end) + 1), head)
    state = {variable}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and called(node.value) == "get_slot":
            state |= names_stored(node)
    for node in ast.walk(method):
        if called(node) == "get_slot":
            text = f"{own}.{_slot(node)}s[{own}._get_variable_index({variable})]"
            yield draft.replace(node, text)
        elif called(node) in ("_get_hyper", "_decayed_lr"):
            yield draft.replace(node, "learning_rate")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == f"{own}.learning_rate":
            yield draft.replace(node, f"{draft.tensorflow}.cast(learning_rate, {variable}.dtype)")
        elif isinstance(node, ast.Call) and called(node) in ("assign", "assign_add", "assign_sub"):
            yield _assigned(draft, node, own, state)


def _assigned(draft: Draft, call: ast.Call, own: str, state: set[str]) -> Edit:
    """`variable.assign_sub(` becomes `self.assign_sub(variable, `."""
    function = call.func
    if not isinstance(function, ast.Attribute) or not names_read(function.value) & state:
        raise NoMend
    if len(call.args) != 1 or call.keywords:
        raise NoMend
    start, inner = draft.span(call), draft.span(call.args[0])
    text = f"{own}.{function.attr}({draft.source(function.value)}, "
    return draft.edit(Span(start.line, start.column, inner.line, inner.column), text)
