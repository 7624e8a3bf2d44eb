"""Mends of a part of a model that is run apart from the model."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from ..python.methods import names_stored
from .draft import Draft, NoMend, called, keyword, same
from .reach import argument_of, node_of, only_value


def disconnected_submodel(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The rest of the model goes on from what its part gave, or one model gives both."""
    near = draft.statement(node_of(draft, finding))
    scope = draft.scope(near)
    for made in ast.walk(scope):
        if not isinstance(made, ast.Assign) or not isinstance(made.value, ast.Call):
            continue
        if not isinstance(made.targets[0], ast.Name) or len(made.targets) != 1:
            continue
        for again in ast.walk(scope):
            part = made.value
            if not isinstance(again, ast.Call) or again is part or not _alike(part, again):
                continue
            title = "go on from what the part of the model gave"
            for text in _rest(draft, part, again, made.targets[0].id):
                yield Fix(title, False, (draft.replace(again, text),))
            edits = _both_at_once(draft, made, part, again)
            if edits:
                yield Fix("let one model give both", False, edits)


def _alike(one: ast.Call, other: ast.Call) -> bool:
    """Two calls of two things with the same first argument."""
    return (
        bool(one.args and other.args)
        and same(one.args[0], other.args[0])
        and not same(one.func, other.func)
    )


def _rest(draft: Draft, part: ast.Call, whole: ast.Call, name: str) -> Iterator[str]:
    """What the model does after its part, called on the name of what the part gave."""
    model = _definition(draft, whole.func)
    if model is None:
        return
    more = "".join(f", {draft.source(word)}" for word in whole.keywords)
    layers = model.args[0] if model.args else None
    if called(model) == "Sequential" and isinstance(layers, ast.List | ast.Tuple):
        text, number = "", -1
        for each in layers.elts:
            number += called(each) not in ("Input", "InputLayer")
            if not text:
                text = name if same(each, part.func) else ""
                continue
            whose = draft.source(whole.func)
            layer = draft.source(each) if _named(each) else f"{whose}.layers[{number}]"
            text = f"{layer}({text}{more})"
        if text not in ("", name):
            yield text
    elif called(model) == "Model":
        outputs, inputs = argument_of(model, 1, "outputs"), argument_of(model, 0, "inputs")
        if outputs is not None and inputs is not None:
            text = _expanded(draft, outputs, part.func, inputs, name)
            if name in text:
                yield text


def _definition(draft: Draft, model: ast.expr) -> ast.Call | None:
    """The call that makes a model which is bound once, in the module or to an attribute."""
    found = [
        node.value
        for node in ast.walk(draft.tree)
        if isinstance(node, ast.Assign) and same_name(node.targets[0], model)
    ]
    return found[0] if len(found) == 1 and isinstance(found[0], ast.Call) else None


def same_name(one: ast.expr, other: ast.expr) -> bool:
    """Says whether two expressions are written alike, whatever is done with them."""
    return ast.unparse(one) == ast.unparse(other)


def _named(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Attribute)


def _expanded(
    draft: Draft, node: ast.expr, part: ast.expr, inputs: ast.expr, name: str, depth: int = 0
) -> str:
    """A graph of layers as calls, in which what the part gave has a name.

    Raises:
        NoMend: A layer on the way is made where it is called.
    """
    if isinstance(node, ast.Name) and depth < MOST_CALLS:
        value = only_value(draft.tree, node.id)
        if value is not None:
            return _expanded(draft, value, part, inputs, name, depth + 1)
    if not isinstance(node, ast.Call) or len(node.args) != 1 or not _named(node.func):
        raise NoMend
    if same_name(node.func, part) and same_name(node.args[0], inputs):
        return name
    inside = _expanded(draft, node.args[0], part, inputs, name, depth + 1)
    return f"{draft.source(node.func)}({inside})"


MOST_CALLS = 30
"""Layers that lie one behind the other between inputs and outputs."""


def _both_at_once(
    draft: Draft, made: ast.Assign, part: ast.Call, whole: ast.Call
) -> tuple[Edit, ...]:
    """One model with the outputs of both, where the part is cut out of the model."""
    cut = _definition(draft, part.func)
    if cut is None or called(cut) != "Model" or made.lineno >= whole.lineno:
        return ()
    inputs, output = argument_of(cut, 0, "inputs"), argument_of(cut, 1, "outputs")
    model = draft.source(whole.func)
    roots = (f"{model}.input", f"{model}.inputs")
    if inputs is None or output is None or ast.unparse(inputs) not in roots:
        return ()
    twice = called(output) in ("list", "tuple") or isinstance(output, ast.List | ast.Tuple)
    if twice or "whole" in names_stored(draft.tree) or keyword(cut, "name") is not None:
        return ()
    name = draft.source(made.targets[0])
    outputs = f"[{draft.source(output)}, {model}.output]"
    more = whole if len(whole.keywords) >= len(part.keywords) else part
    given = ", ".join(draft.source(each) for each in [*more.args, *more.keywords])
    return (
        draft.replace(output, outputs),
        draft.replace(made, f"{name}, whole = {draft.source(part.func)}({given})"),
        draft.replace(whole, "whole"),
    )
