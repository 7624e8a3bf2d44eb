"""Mends of gradients that are zero, not finite, or wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from ..noticing.singular import is_infinite
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called
from .reach import node_of

TINY = "1e-7"
"""Keeps an argument away from the edge; float32 holds it beside 1."""


def nan_from_singular_op(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The argument is kept away from the edge before the operation."""
    if finding.label == "0 times infinity":
        yield _finite(draft, node_of(draft, finding))
        return
    call = _operation(draft, finding)
    tf = draft.tensorflow
    mask = next(
        (node for node in draft.up(call) if called(node) == "where" and node is not call), None
    )
    if isinstance(call, ast.BinOp):
        text = f"{tf}.math.divide_no_nan({draft.source(call.left)}, {draft.source(call.right)})"
        yield Fix("divide with `divide_no_nan`", False, (draft.replace(call, text),))
        return
    argument = call.args[0]
    text = draft.source(argument)
    if isinstance(mask, ast.Call) and len(mask.args) == 3:
        inside = argument
        if not isinstance(argument, ast.Name | ast.Attribute):
            names = [node for node in ast.walk(argument) if isinstance(node, ast.Name)]
            meant = [node for node in names if node.id in names_read(mask.args[0])]
            inside = meant[0] if meant else argument
        if not any(isinstance(node, ast.Call) for node in ast.walk(inside)):
            inner = draft.source(inside)
            safe = f"{tf}.where({draft.source(mask.args[0])}, {inner}, {tf}.ones_like({inner}))"
            title = "mask the argument as well as the result"
            yield Fix(title, False, (draft.replace(inside, safe),))
    if called(call) in ("norm",):
        words = [draft.source(word.value) for word in call.keywords if word.arg == "axis"]
        axis = f", axis={words[0]}" if words else ""
        new = f"{tf}.sqrt({tf}.reduce_sum({tf}.square({text}){axis}) + 1e-12)"
        yield Fix("keep the norm away from 0", False, (draft.replace(call, new),))
        return
    if called(call) in ("sqrt", "log", "rsqrt", "reciprocal", "pow", "divide"):
        title = "keep the argument away from the edge"
        yield Fix(title, False, (draft.replace(argument, f"{draft.operand(argument)} + {TINY}"),))


def _finite(draft: Draft, node: ast.AST) -> Fix:
    """A large number in place of infinity."""
    for one in ast.walk(node):
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mult):
            for side in (one.left, one.right):
                if is_infinite(side):
                    text = draft.source(side)
                    number = "-1e9" if "-" in text or "NINF" in text else "1e9"
                    return Fix(
                        "a large number in place of infinity", False, (draft.replace(side, number),)
                    )
    raise NoMend


def _operation(draft: Draft, finding: Finding) -> ast.Call | ast.BinOp:
    """The singular operation at the place of a finding."""
    names = "sqrt log rsqrt reciprocal norm pow divide".split()
    node = node_of(draft, finding)
    around = [here for here in draft.up(node) if isinstance(here, ast.expr)]
    for here in [*around, *ast.walk(node)]:
        if isinstance(here, ast.Call) and called(here) in names and here.args:
            return here
    for here in [*around[:1], *ast.walk(node)]:
        if isinstance(here, ast.BinOp) and isinstance(here.op, ast.Div):
            return here
    raise NoMend


def wrong_custom_gradient(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The gradient is multiplied by the one from above; a swapped residual is turned."""
    node = node_of(draft, finding)
    yield from _turned_residual(draft, node)
    function = next((here for here in draft.up(node) if isinstance(here, Function)), None)
    if function is None or not function.args.args or not _is_gradient(draft, function):
        raise NoMend
    above = function.args.args[0].arg
    returns = [each for each in ast.walk(function) if isinstance(each, ast.Return) and each.value]
    edits: list[Edit] = []
    for each in returns:
        value = each.value
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        for part in parts:
            nothing = isinstance(part, ast.Constant) and part.value is None
            if isinstance(part, ast.expr) and above not in names_read(part) and not nothing:
                edits.append(draft.replace(part, f"{above} * {draft.operand(part)}"))
    if not edits:
        raise NoMend
    yield Fix("multiply by the gradient from above", False, tuple(edits))


def _is_gradient(draft: Draft, function: ast.AST) -> bool:
    """A function inside of one that is decorated with `custom_gradient`."""
    return any(
        "custom_gradient" in draft.source(mark)
        for here in list(draft.up(function))[1:]
        if isinstance(here, Function)
        for mark in here.decorator_list
    )


def _turned_residual(draft: Draft, node: ast.AST) -> Iterator[Fix]:
    """`hard + stop_gradient(soft - hard)` has the value of the soft one: they change places."""
    for here in ast.walk(draft.statement(node)):
        if not isinstance(here, ast.BinOp) or not isinstance(here.op, ast.Add):
            continue
        for added, stopped in ((here.left, here.right), (here.right, here.left)):
            if called(stopped) != "stop_gradient" or not isinstance(stopped, ast.Call):
                continue
            inner = stopped.args[0] if stopped.args else None
            if not isinstance(inner, ast.BinOp) or not isinstance(inner.op, ast.Sub):
                continue
            if draft.source(inner.right) == draft.source(added):
                soft, hard = draft.operand(inner.left), draft.operand(added)
                edits = (draft.replace(added, soft), draft.replace(inner, f"{hard} - {soft}"))
                yield Fix("stop the gradient of the other residual", False, edits)


def zero_gradient_region(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The same values, with the gradient passed on outside the bounds too."""
    call = draft.nearest(node_of(draft, finding), ast.Call)
    if called(call) not in ("clip_by_value", "maximum", "minimum", "relu") or not call.args:
        raise NoMend
    first = call.args[0]
    if any(isinstance(node, ast.Call) for node in ast.walk(first)):
        raise NoMend
    inner, text = draft.operand(first), draft.source(call)
    new = f"{inner} + {draft.tensorflow}.stop_gradient({text} - {inner})"
    parent = draft.parents[call]
    new = f"({new})" if isinstance(parent, ast.BinOp | ast.UnaryOp) else new
    title = "keep the bounds, and pass the gradient on outside them too"
    yield Fix(title, False, (draft.replace(call, new),))


def sparse_gradient_arithmetic(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Gradients are made dense where they are taken."""
    tf = draft.tensorflow
    for node in ast.walk(draft.tree):
        if called(node) != "gradient" or not isinstance(node, ast.Call):
            continue
        statement = draft.statement(node)
        if not isinstance(statement, ast.Assign) or statement.value is not node:
            continue
        text = f"[{tf}.convert_to_tensor(gradient) for gradient in {draft.source(node)}]"
        yield Fix("make the gradients dense first", False, (draft.replace(node, text),))


def wrong_sign_update(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What climbs goes down; what is to grow is differentiated with a minus sign."""
    change = node_of(draft, finding)
    if isinstance(change, ast.Attribute):
        change = draft.parents[change]
    if isinstance(change, ast.Call) and called(change) == "assign_add":
        text = draft.source(change.func).removesuffix("add") + "sub"
        yield Fix("subtract the gradient", False, (draft.replace(change.func, text),))
    if isinstance(change, ast.Call) and called(change) == "assign" and change.args:
        yield from _subtracted(draft, change.func, change.args[0])
    for call in ast.walk(draft.tree):
        if called(call) != "gradient" or not isinstance(call, ast.Call) or not call.args:
            continue
        target = call.args[0]
        if not isinstance(target, ast.Name):
            continue
        for node in ast.walk(draft.scope(call)):
            if isinstance(node, ast.Assign) and names_stored(node.targets[0]) == {target.id}:
                if isinstance(node.value, ast.UnaryOp):
                    text = draft.source(node.value.operand)
                else:
                    text = f"-{draft.operand(node.value)}"
                edits = (draft.replace(node.value, text),)
                yield Fix("descend on what is to grow, with a minus sign", False, edits)


def _subtracted(draft: Draft, method: ast.expr, new: ast.expr) -> Iterator[Fix]:
    """The new value of `v.assign(v + step)` becomes `v - step`."""
    if not isinstance(method, ast.Attribute) or not isinstance(new, ast.BinOp):
        return
    if not isinstance(new.op, ast.Add):
        return
    own = draft.source(method.value)
    for old, step in ((new.left, new.right), (new.right, new.left)):
        text = draft.source(old)
        if text in (own, f"{own}.value", f"{own}.value()", f"{own}.read_value()", f"{own}.numpy()"):
            tight = ast.Mult | ast.Div | ast.MatMult | ast.Pow
            product = isinstance(step, ast.BinOp) and isinstance(step.op, tight)
            less = draft.source(step) if product else draft.operand(step)
            edit = draft.replace(new, f"{text} - {less}")
            yield Fix("subtract the gradient", False, (edit,))
            return


def nearest_code(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What is looked up by an index passes its gradient on to what the index was found for."""
    statement = draft.statement(node_of(draft, finding))
    function = draft.scope(statement)
    if not isinstance(statement, ast.Assign) or not isinstance(function, Function):
        raise NoMend
    block = draft.block(statement)
    given = [each.arg for each in function.args.args if each.arg not in ("self", "training")]
    reached = names_stored(statement)
    for later in block[block.index(statement) + 1 :]:
        if not isinstance(later, ast.Assign) or not names_read(later.value) & reached:
            continue
        reached |= names_stored(later)
        (target,) = later.targets
        looks_up = called(later.value) in ("gather", "embedding_lookup", "matmul")
        for name in given if looks_up and isinstance(target, ast.Name) else ():
            found = target.id  # type: ignore[attr-defined]
            through = f"{name} + {draft.tensorflow}.stop_gradient({found} - {name})"
            edits = [
                draft.replace(use, through)
                for use in ast.walk(function)
                if isinstance(use, ast.Name)
                and use.id == found
                and isinstance(draft.parents[use], ast.Return)
            ] or [draft.after(later, f"{found} = {through}")]
            title = "keep the values, and pass the gradient straight through"
            yield Fix(title, False, tuple(edits))
