"""Mends of numbers that are too short for what is done with them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from .draft import Draft, NoMend, called, keyword
from .reach import node_of, tape_of


def float16_range(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """`1 / (1 + exp(-x))` is the sigmoid, which does not overflow."""
    node = node_of(draft, finding)
    around = [*draft.up(node), *ast.walk(draft.statement(node))]
    for here in around:
        if not isinstance(here, ast.BinOp) or not isinstance(here.op, ast.Div):
            continue
        given = _sigmoid_of(here.right)
        if given is None:
            continue
        text = f"{draft.tensorflow}.sigmoid({draft.source(given)})"
        if not (isinstance(here.left, ast.Constant) and here.left.value == 1):
            text = f"{draft.operand(here.left)} * {text}"
        title = "use the sigmoid, which does not overflow"
        yield Fix(title, False, (draft.replace(here, text),))
        return


def computed_longer(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Float16 gives way to float32 in the function that overflows."""
    node = node_of(draft, finding)
    edits = _longer(draft, draft.scope(node))
    if draft.scope(node) is not draft.tree and edits:
        yield Fix("compute it in float32", False, edits)


def _longer(draft: Draft, whole: ast.AST) -> tuple[Edit, ...]:
    """Every mention of a short float becomes float32."""
    edits: list[Edit] = []
    for node in ast.walk(whole):
        if isinstance(node, ast.Attribute) and node.attr in SHORT:
            edits.append(draft.replace(node, f"{draft.source(node.value)}.float32"))
        elif isinstance(node, ast.Constant) and node.value in SHORT:
            edits.append(draft.replace(node, '"float32"'))
    return tuple(edits)


def rounded_away(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The variable is kept in float32, where the update is not lost."""
    names = {name.split("/")[-1] for name in finding.variables}
    makers = [
        node
        for node in ast.walk(draft.tree)
        if isinstance(node, ast.Call) and called(node) in ("Variable", "add_weight", "add_variable")
    ]
    named = [
        node
        for node in makers
        if isinstance(word := keyword(node, "name"), ast.Constant) and word.value in names
    ]
    for node in named or makers:
        edits = _longer(draft, node)
        if edits:
            yield Fix("keep the variable in float32", False, edits)


def unscaled_gradients(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Keras 2: both halves of loss scaling, around the gradient call."""
    if draft.generation == "3":
        raise NoMend
    scope = draft.scope(node_of(draft, finding))
    asked = [each for each in ast.walk(scope) if called(each) == "gradient"]
    halves = {
        called(each): each
        for each in ast.walk(scope)
        if called(each) in ("get_scaled_loss", "get_unscaled_gradients")
    }
    if len(asked) != 1 or len(halves) != 1:
        raise NoMend
    ((half, made),) = halves.items()
    (call,) = asked
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Attribute):
        raise NoMend
    optimizer = draft.source(made.func.value)
    if half == "get_scaled_loss":
        text = f"{optimizer}.get_unscaled_gradients({draft.source(call)})"
        title = "unscale the gradients as well"
        yield Fix(title, False, (draft.replace(call, text),))
        return
    target = call.args[0] if isinstance(call, ast.Call) and call.args else None
    if not isinstance(target, ast.Name) or not isinstance(call, ast.Call):
        raise NoMend
    opening = tape_of(draft, call)
    line = f"scaled = {optimizer}.get_scaled_loss({target.id})"
    edits = (draft.after(opening.body[-1], line), draft.replace(target, "scaled"))
    yield Fix("scale the loss as well", False, edits)


def _sigmoid_of(below: ast.expr) -> ast.expr | None:
    """The `x` of `1 + exp(-x)`."""
    if not isinstance(below, ast.BinOp) or not isinstance(below.op, ast.Add):
        return None
    for one, other in ((below.left, below.right), (below.right, below.left)):
        if not isinstance(one, ast.Constant) or one.value != 1 or called(other) != "exp":
            continue
        argument = other.args[0] if isinstance(other, ast.Call) and other.args else None
        if isinstance(argument, ast.UnaryOp) and isinstance(argument.op, ast.USub):
            return argument.operand
    return None


SHORT = ("float16", "bfloat16", "half")
"""Floats whose neighbours are far apart."""
