"""Mends of clipping that does not reach the update, or bends it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from .draft import Draft, NoMend, called, same
from .reach import makes_optimizer, node_of


def clipping_dropped(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What the clipping returns takes the name of the raw gradients."""
    statement = draft.statement(node_of(draft, finding))
    title = "apply what the clipping returns"
    loop = draft.parents.get(statement)
    for here in (statement, loop):
        if isinstance(here, ast.For):
            yield Fix(title, False, (_clipped_at_once(draft, here),))
            return
    if not isinstance(statement, ast.Expr | ast.Assign):
        raise NoMend
    value = statement.value
    call = value.elt if isinstance(value, ast.ListComp) else value
    raw = value.generators[0].iter if isinstance(value, ast.ListComp) else None
    if raw is None and isinstance(call, ast.Call) and call.args:
        raw = call.args[0]
    if not isinstance(raw, ast.Name):
        raise NoMend
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
        first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
        if not isinstance(first, ast.Name):
            raise NoMend
        yield Fix(title, False, (draft.replace(first, raw.id),))
        return
    names = f"{raw.id}, _" if called(call) == "clip_by_global_norm" else raw.id
    edits = (draft.replace(statement, f"{names} = {draft.source(statement)}"),)
    yield Fix(title, False, edits)


def _clipped_at_once(draft: Draft, loop: ast.For) -> Edit:
    """A loop that binds each gradient anew, as a list that keeps the clipped ones."""
    body = loop.body[0]
    if len(loop.body) != 1 or loop.orelse or not isinstance(body, ast.Assign):
        raise NoMend
    each, target = loop.target, body.targets[0]
    alike = isinstance(each, ast.Name) and isinstance(target, ast.Name) and each.id == target.id
    if not alike or not isinstance(loop.iter, ast.Name):
        raise NoMend
    name = loop.iter.id
    made = f"[{draft.source(body.value)} for {draft.source(each)} in {name}]"
    return draft.replace(loop, f"{name} = {made}")


def clipped_apart(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """One norm bounds all gradients together."""
    title = "bound the norm of all gradients together"
    tf = draft.tensorflow
    for node in ast.walk(draft.tree):
        if isinstance(node, ast.Call) and makes_optimizer(draft, node):
            for word in node.keywords:
                if word.arg == "clipnorm":
                    text = f"global_clipnorm={draft.source(word.value)}"
                    yield Fix(title, False, (draft.replace(word, text),))
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.ListComp):
            continue
        made, call = node.value, node.value.elt
        loop = made.generators[0]
        if called(call) != "clip_by_norm" or not isinstance(call, ast.Call) or call.keywords:
            continue
        alone = len(made.generators) == 1 and not loop.ifs and len(call.args) == 2
        named = isinstance(loop.target, ast.Name) and len(node.targets) == 1
        if alone and named and same(call.args[0], loop.target):
            bound = draft.source(call.args[1])
            text = f"{tf}.clip_by_global_norm({draft.source(loop.iter)}, {bound})"
            name = draft.source(node.targets[0])
            yield Fix(title, False, (draft.replace(node, f"{name}, _ = {text}"),))


def clip_option_ignored(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The bound is given to the optimizer that computes the update, in time."""
    places = [finding.place, *(there.place for there in finding.related)]
    for place in places:
        statement = draft.statement(draft.at(place.span)) if place else None
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not isinstance(target, ast.Attribute) or target.attr not in OPTIONS:
            continue
        assert isinstance(statement, ast.Assign)
        made = _made(draft, target.value)
        wrapped = made is not None and called(made) == "LossScaleOptimizer"
        if made is not None and wrapped:
            made = _made(draft, made.args[0]) if made.args else None
        if made is not None and (made.args or made.keywords):
            last = [*made.args, *made.keywords][-1]
            text = f"{draft.source(last)}, {target.attr}={draft.source(statement.value)}"
            edits = (draft.replace(last, text), draft.remove(statement))
            yield Fix("give the bound when the optimizer is made", False, edits)
        if wrapped:
            text = f"{draft.source(target.value)}.inner_optimizer.{target.attr}"
            yield Fix("give it to the optimizer inside", False, (draft.replace(target, text),))


def _made(draft: Draft, name: ast.expr) -> ast.Call | None:
    """The call that makes what a name stands for, or the call itself."""
    if isinstance(name, ast.Call):
        return name
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if ast.unparse(node.targets[0]) == ast.unparse(name):
            return node.value
    return None


OPTIONS = ("clipnorm", "clipvalue", "global_clipnorm")
"""What bounds gradients in optimizers of Keras."""
