"""Mends of gradients that reach no variable, or the wrong one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Finding, Fix, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword
from .reach import argument_of, node_of, optimizers_in_reach


def gradients_never_applied(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The gradients are handed to the optimizer."""
    asked = draft.nearest(node_of(draft, finding), ast.Call)
    statement = draft.statement(asked)
    sources = asked.args[1] if len(asked.args) > 1 else keyword(asked, "sources")
    if called(asked) != "gradient" or sources is None:
        raise NoMend
    if isinstance(statement, ast.Return):
        statement, pairs = _handed_back(draft, statement, asked, sources)
    elif isinstance(statement, ast.Assign) and statement.value is asked:
        (target,) = statement.targets
        pairs = _pairs(draft, target, sources)
    else:
        raise NoMend
    scope = draft.scope(statement)
    done = {
        name
        for node in ast.walk(scope)
        if called(node) in ("apply_gradients", "apply")
        for name in names_read(node)
    }
    pairs = [(gradients, variables) for gradients, variables in pairs if gradients not in done]
    block = draft.block(statement)
    last: ast.stmt = statement
    for later in block[block.index(statement) + 1 :]:
        if any(gradients in names_stored(later) for gradients, _ in pairs):
            last = later
    last = _behind_other_updates(block, last)
    for optimizer in optimizers_in_reach(draft, statement):
        lines = [
            f"{optimizer}.apply_gradients(zip({gradients}, {variables}))"
            for gradients, variables in pairs
        ]
        if lines:
            edits = (draft.after(last, *lines),)
            yield Fix(f"hand them to `{optimizer}`", False, edits)


def _pairs(draft: Draft, target: ast.expr, sources: ast.expr) -> list[tuple[str, str]]:
    if isinstance(target, ast.Name):
        text = draft.source(sources)
        if isinstance(sources, ast.List | ast.Tuple | ast.Attribute | ast.Name | ast.BinOp):
            return [(target.id, text)]
    both = isinstance(target, ast.Tuple) and isinstance(sources, ast.List | ast.Tuple)
    if both and len(target.elts) == len(sources.elts):  # type: ignore[attr-defined]
        elements = zip(target.elts, sources.elts, strict=True)  # type: ignore[attr-defined]
        return [(draft.source(one), draft.source(other)) for one, other in elements]
    raise NoMend


def _handed_back(
    draft: Draft, giving: ast.Return, asked: ast.Call, sources: ast.expr
) -> tuple[ast.stmt, list[tuple[str, str]]]:
    """Where a function's gradients get a name, and the variables as they are called there."""
    function = draft.scope(giving)
    if not isinstance(function, Function) or not isinstance(sources, ast.Attribute | ast.Name):
        raise NoMend
    elements = giving.value.elts if isinstance(giving.value, ast.Tuple) else [giving.value]
    place = next(place for place, each in enumerate(elements) if each is asked)
    parameters = [each.arg for each in function.args.args]
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Assign) or called(node.value) != function.name:
            continue
        call, target = node.value, node.targets[0]
        assert isinstance(call, ast.Call)
        if len(elements) > 1:
            same_length = isinstance(target, ast.Tuple) and len(target.elts) == len(elements)
            target = target.elts[place] if same_length else target  # type: ignore[attr-defined]
        root = draft.source(sources).split(".")[0]
        if not isinstance(target, ast.Name) or root == "self":
            continue
        text = draft.source(sources)
        if root in parameters:
            number = parameters.index(root)
            given = argument_of(call, number, root)
            if given is None:
                continue
            text = draft.operand(given) + text.removeprefix(root)
        elif root in names_stored(*function.body):
            continue
        return node, [(target.id, text)]
    raise NoMend


def _behind_other_updates(block: list[ast.stmt], last: ast.stmt) -> ast.stmt:
    """Updates of other parts that follow directly stay in their place."""
    for later in block[block.index(last) + 1 :]:
        if isinstance(later, ast.Expr) and called(later.value) in ("apply_gradients", "apply"):
            last = later
    return last


def update_bypasses_variables(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The new values are assigned to the variables."""
    node = node_of(draft, finding)
    statement = draft.statement(node)
    title = "assign the new values to the variables"
    made = next((here for here in ast.walk(statement) if isinstance(here, ast.ListComp)), None)
    if made is None or len(made.generators) != 1:
        raise NoMend
    loop = made.generators[0]
    lead = draft.indent(statement)
    names = _targets(loop.target)
    if not names or loop.ifs or not isinstance(made.elt, ast.BinOp):
        raise NoMend
    first = next((name for name in names if name in names_read(made.elt.left)), None)
    if first is None:
        raise NoMend
    head = f"for {draft.source(loop.target)} in {draft.source(loop.iter)}:"
    line = f"{first}.assign({draft.source(made.elt)})"
    text = f"{head}\n{lead}    {line}"
    if isinstance(statement, ast.Assign):
        name = getattr(statement.targets[0], "id", None)
        uses = [
            use
            for use in ast.walk(draft.scope(statement))
            if isinstance(use, ast.Name) and use.id == name and isinstance(use.ctx, ast.Load)
        ]
        edits = [draft.replace(statement, text)]
        for use in uses:
            parent = draft.parents[use]
            if not isinstance(parent, ast.Return):
                values = f"for variable, value in zip({_variables(draft, loop)}, {name}):"
                lines = f"{values}\n{draft.level}variable.assign(value)"
                yield Fix(title, False, (draft.after(statement, lines),))
                return
            edits.append(
                draft.remove(parent)
                if len(draft.block(parent)) > 1
                else draft.replace(parent, "return")
            )
        yield Fix(title, False, tuple(edits))


def copies_put_back(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """`model.set_weights(weights)` behind the loop that changes what `get_weights` gave."""
    if "get_weights" not in finding.message:
        raise NoMend
    statement = draft.statement(node_of(draft, finding))
    made = [
        one
        for one in ast.walk(draft.scope(statement))
        if isinstance(one, ast.Assign) and called(one.value) == "get_weights"
    ]
    if len(made) != 1 or not isinstance(made[0].targets[0], ast.Name):
        raise NoMend
    (target,), call = made[0].targets, made[0].value
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Attribute)
    block = draft.block(made[0])
    around = [one for one in draft.up(statement) if one in block]
    if not around:
        raise NoMend
    line = f"{draft.source(call.func.value)}.set_weights({draft.source(target)})"
    last = around[0]
    assert isinstance(last, ast.stmt)
    yield Fix("give the network its new values", False, (draft.after(last, line),))


def _targets(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Tuple):
        return [each.id for each in target.elts if isinstance(each, ast.Name)]
    return []


def _variables(draft: Draft, loop: ast.comprehension) -> str:
    if called(loop.iter) == "zip" and isinstance(loop.iter, ast.Call) and loop.iter.args:
        return draft.source(loop.iter.args[0])
    return draft.source(loop.iter)


def optimizer_call_misuse(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """`minimize` gets a function that computes the loss; Keras 3 has none, and takes a tape."""
    call = draft.nearest(node_of(draft, finding), ast.Call)
    if called(call) in ("apply_gradients", "apply") and len(call.args) == 1:
        if finding.message.startswith("one pair"):
            listed = f"[{draft.source(call.args[0])}]"
            yield Fix("put it into a list", True, (draft.replace(call.args[0], listed),))
            return
        yield from _zipped(draft, call)
    if called(call) != "minimize" or not call.args:
        raise NoMend
    value: ast.expr | None = call.args[0]
    if draft.generation == "3" or isinstance(value, ast.Lambda):
        yield from _taped(draft, call)
        return
    if isinstance(value, ast.Name):
        name, scope = value.id, draft.scope(call)
        values = [
            node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name
        ]
        value = values[0] if len(values) == 1 else None
    if value is not None:
        text = f"lambda: {draft.source(value)}"
        yield Fix("hand over a function", False, (draft.replace(call.args[0], text),))


def _taped(draft: Draft, call: ast.Call) -> Iterator[Fix]:
    """What `minimize` did with a function, written out."""
    function, statement = call.args[0], draft.statement(call)
    variables = call.args[1] if len(call.args) > 1 else keyword(call, "var_list")
    if not isinstance(statement, ast.Expr) or not isinstance(call.func, ast.Attribute):
        raise NoMend
    if variables is None or isinstance(variables, ast.Lambda):
        raise NoMend
    if isinstance(function, ast.Lambda) and not isinstance(function.body, ast.Name):
        loss = draft.source(function.body)
    elif isinstance(function, ast.Name) and _is_function(draft, function.id):
        loss = f"{function.id}()"
    else:
        raise NoMend
    if {"tape", "loss"} & names_stored(draft.scope(call)):
        raise NoMend
    handed = draft.source(variables)
    text = (
        f"with {draft.tensorflow}.GradientTape() as tape:\n"
        f"{draft.level}loss = {loss}\n"
        f"{draft.source(call.func.value)}.apply_gradients("
        f"zip(tape.gradient(loss, {handed}), {handed}))"
    )
    lead = draft.indent(statement)
    yield Fix(
        "take the gradients with a tape, and apply them",
        False,
        (draft.replace(statement, text.replace("\n", f"\n{lead}")),),
    )


def _is_function(draft: Draft, name: str) -> bool:
    return any(isinstance(node, Function) and node.name == name for node in ast.walk(draft.tree))


def _zipped(draft: Draft, call: ast.Call) -> Iterator[Fix]:
    """Gradients alone, or a pair of lists, become pairs."""
    (argument,) = call.args
    if isinstance(argument, ast.Tuple | ast.List) and len(argument.elts) == 2:
        one, other = (draft.source(each) for each in argument.elts)
        yield Fix("zip them", True, (draft.replace(argument, f"zip({one}, {other})"),))
    if not isinstance(argument, ast.Name):
        return
    for node in ast.walk(draft.scope(call)):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        asked = called(node.value) == "gradient" and len(node.value.args) > 1
        if asked and argument.id in names_stored(node):
            text = f"zip({argument.id}, {draft.source(node.value.args[1])})"
            yield Fix("zip them", False, (draft.replace(argument, text),))


def stale_gradient(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The forward pass and the gradient move into the loop."""
    node = node_of(draft, finding)
    loop = next((here for here in draft.up(node) if isinstance(here, ast.For | ast.While)), None)
    if loop is None:
        raise NoMend
    block = draft.block(loop)
    number = block.index(loop)
    opening = next(
        (place for place in range(number - 1, -1, -1) if isinstance(block[place], ast.With)), None
    )
    if opening is None:
        opening = _gradients_from(draft, node, block, number)
    if opening is None or loop.body[0].lineno == loop.lineno:
        raise NoMend
    moved = block[opening:number]
    if any(isinstance(each, Function | ast.ClassDef) for each in moved):
        raise NoMend
    top, bottom = draft.lines_of(moved)
    inside = "".join(f"{line}\n" for line in draft.shifted(top, bottom))
    first = draft.first_line(loop.body[0])
    edits = (
        draft.edit(Span(top, 1, bottom + 1, 1), ""),
        draft.edit(Span(first, 1, first, 1), inside),
    )
    yield Fix("record the forward pass in every round", False, edits)


def _gradients_from(draft: Draft, node: ast.AST, block: list[ast.stmt], number: int) -> int | None:
    """The place of the call before a loop that gives what is applied inside."""
    apply = next((here for here in draft.up(node) if isinstance(here, ast.stmt)), node)
    for place in range(number - 1, -1, -1):
        each = block[place]
        if isinstance(each, ast.Assign) and names_stored(*each.targets) & names_read(apply):
            return place if isinstance(each.value, ast.Call) else None
    return None
