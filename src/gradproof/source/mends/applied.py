"""Mends of gradients that reach no variable, or the wrong one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from ...finding import Edit, Finding, Fix, Span
from .draft import Draft, Function, NoMend, called, keyword, loaded, same, stored
from .reach import known_before, node_of, optimizers_in_reach


def gradients_never_applied(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The gradients are handed to the optimizer."""
    asked = draft.nearest(node_of(draft, finding), ast.Call)
    statement = draft.statement(asked)
    if called(asked) != "gradient" or not isinstance(statement, ast.Assign):
        raise NoMend
    sources = asked.args[1] if len(asked.args) > 1 else keyword(asked, "sources")
    if statement.value is not asked or sources is None:
        raise NoMend
    (target,) = statement.targets
    pairs = _pairs(draft, target, sources)
    scope = draft.scope(statement)
    done = {
        name
        for node in ast.walk(scope)
        if called(node) in ("apply_gradients", "apply")
        for name in loaded(node)
    }
    pairs = [(gradients, variables) for gradients, variables in pairs if gradients not in done]
    block = draft.block(statement)
    last: ast.stmt = statement
    for later in block[block.index(statement) + 1 :]:
        if any(gradients in stored(later) for gradients, _ in pairs):
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
    first = next((name for name in names if name in loaded(made.elt.left)), None)
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
                lines = f"{values}\n    variable.assign(value)"
                yield Fix(title, False, (draft.after(statement, lines),))
                return
            edits.append(
                draft.remove(parent)
                if len(draft.block(parent)) > 1
                else draft.replace(parent, "return")
            )
        yield Fix(title, False, tuple(edits))


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


def mispaired_gradients(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Gradients that were taken for these variables are used instead."""
    given = node_of(draft, finding)
    zipped = draft.nearest(given, ast.Call)
    if called(zipped) != "zip" or len(zipped.args) != 2:
        raise NoMend
    gradients, variables = zipped.args
    for node in ast.walk(draft.scope(zipped)):
        if called(node) != "gradient" or not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        statement = draft.statement(node)
        alike = ast.unparse(node.args[1]) == ast.unparse(variables)
        if alike and isinstance(statement, ast.Assign) and statement.value is node:
            name = draft.source(statement.targets[0])
            if name != draft.source(gradients):
                edits = (draft.replace(gradients, name),)
                yield Fix("use the gradients that were taken for them", False, edits)
    for node in ast.walk(draft.scope(zipped)):
        if called(node) == "gradient" and isinstance(node, ast.Call) and len(node.args) > 1:
            statement = draft.statement(node)
            made = stored(statement)
            if loaded(gradients) & made and statement.lineno < zipped.lineno:
                text = draft.source(variables)
                if loaded(variables) <= known_before(draft, statement) | {"self"}:
                    edits = (draft.replace(node.args[1], text),)
                    yield Fix("take them for the variables they go to", False, edits)


def short_zip(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The gradients are taken for the whole list."""
    zipped = draft.nearest(node_of(draft, finding), ast.Call)
    found = [node for node in ast.walk(zipped) if called(node) == "zip"]
    if not found or not isinstance(found[0], ast.Call) or len(found[0].args) != 2:
        raise NoMend
    variables = found[0].args[1]
    scope = draft.scope(zipped)
    for node in ast.walk(scope):
        if called(node) != "gradient" or not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        statement = draft.statement(node)
        text = draft.source(variables)
        if not loaded(variables) <= known_before(draft, statement) | {"self"}:
            values = [
                each.value
                for each in ast.walk(scope)
                if isinstance(each, ast.Assign)
                and isinstance(variables, ast.Name)
                and getattr(each.targets[0], "id", None) == variables.id
            ]
            if len(values) != 1:
                continue
            text = draft.source(values[0])
        edits = (draft.replace(node.args[1], text),)
        yield Fix("take the gradients for the whole list", False, edits)
        yield Fix(
            "apply them to the list they were taken for",
            False,
            (draft.replace(variables, draft.source(node.args[1])),),
        )


def optimizer_call_misuse(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """`minimize` gets a function that computes the loss."""
    call = draft.nearest(node_of(draft, finding), ast.Call)
    if called(call) in ("apply_gradients", "apply") and len(call.args) == 1:
        yield from _zipped(draft, call)
    if called(call) != "minimize" or not call.args:
        raise NoMend
    value: ast.expr | None = call.args[0]
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
        if asked and argument.id in stored(node):
            text = f"zip({argument.id}, {draft.source(node.value.args[1])})"
            yield Fix("zip them", False, (draft.replace(argument, text),))


def iterations_counter_off(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """One call applies what several did."""
    calls = [
        node
        for node in ast.walk(draft.tree)
        if isinstance(node, ast.Expr) and called(node.value) == "apply_gradients"
    ]
    for first, second in pairwise(calls):
        one, other = first.value, second.value
        assert isinstance(one, ast.Call)
        assert isinstance(other, ast.Call)
        if not same(one.func, other.func) or draft.block(first) is not draft.block(second):
            continue
        pairs = [call.args[0] for call in (one, other) if call.args]
        if len(pairs) != 2 or any(called(pair) != "zip" for pair in pairs):
            continue
        parts = [
            " + ".join(draft.operand(pair.args[place]) for pair in pairs)  # type: ignore[attr-defined]
            for place in (0, 1)
        ]
        text = f"{draft.source(one.func)}(zip({parts[0]}, {parts[1]}))"
        edits = (draft.remove(first), draft.replace(second, text))
        yield Fix("apply all gradients in one call", False, edits)


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


def duplicate_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """One of the two lists that name a variable goes."""
    node = node_of(draft, finding)
    for here in [*draft.up(node), *ast.walk(node)]:
        if isinstance(here, ast.BinOp) and isinstance(here.op, ast.Add):
            for kept in (here.left, here.right):
                edits = (draft.replace(here, draft.source(kept)),)
                yield Fix("name each variable once", False, edits)
            return
    names = loaded(draft.statement(node))
    for here in ast.walk(draft.tree):
        if isinstance(here, ast.Assign) and isinstance(here.value, ast.BinOp):
            unique = f"list({{id(one): one for one in {draft.source(here.value)}}}.values())"
            joined = isinstance(here.value.op, ast.Add) and stored(here.targets[0]) & names
        elif isinstance(here, ast.AugAssign) and isinstance(here.target, ast.Name):
            known = f"all(one is not other for other in {here.target.id})"
            unique = f"[one for one in {draft.source(here.value)} if {known}]"
            joined = isinstance(here.op, ast.Add) and {here.target.id} & names
        else:
            continue
        if joined:
            edits = (draft.replace(here.value, unique),)
            yield Fix("put each variable once into the list", False, edits)


MENDS = {
    "clipping-dropped": clipping_dropped,
    "stale-gradient": stale_gradient,
    "duplicate-variable": duplicate_variable,
    "gradients-never-applied": gradients_never_applied,
    "update-bypasses-variables": update_bypasses_variables,
    "mispaired-gradients": mispaired_gradients,
    "short-zip": short_zip,
    "optimizer-call-misuse": optimizer_call_misuse,
    "iterations-counter-off": iterations_counter_off,
}
