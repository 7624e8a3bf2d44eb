"""Mends of gradients that meet the wrong variables, or meet them twice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from ...finding import Finding, Fix
from ..python.methods import names_read, names_stored
from .draft import Draft, NoMend, called, same
from .reach import known_before, node_of


def mispaired_gradients(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Gradients that were taken for these variables are used instead."""
    given = node_of(draft, finding)
    zipped = draft.nearest(given, ast.Call)
    if called(zipped) != "zip" or given not in zipped.args:
        raise NoMend
    variables = given
    gradients = next(one for one in zipped.args if one is not variables)
    if len(zipped.args) > 2:
        # Others go along with these variables.
        yield from _taken_for_them(draft, zipped, variables)
        return
    if _is_cut(gradients):
        yield from _in_the_order_of_cuts(draft, zipped)
        return
    yield from _filtered_in_pairs(draft, zipped)
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
    yield from _taken_for_them(draft, zipped, variables)


def _taken_for_them(draft: Draft, zipped: ast.Call, variables: ast.expr) -> Iterator[Fix]:
    """The gradients are asked for these variables."""
    others = {name for one in zipped.args if one is not variables for name in names_read(one)}
    for node in ast.walk(draft.scope(zipped)):
        if called(node) == "gradient" and isinstance(node, ast.Call) and len(node.args) > 1:
            statement = draft.statement(node)
            made = names_stored(statement)
            if others & made and statement.lineno < zipped.lineno:
                text = draft.source(variables)
                if names_read(variables) <= known_before(draft, statement) | {"self"}:
                    edits = (draft.replace(node.args[1], text),)
                    yield Fix("take them for the variables they go to", False, edits)


def _is_cut(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)


def _in_the_order_of_cuts(draft: Draft, zipped: ast.Call) -> Iterator[Fix]:
    """Two lists are asked in the order in which their gradients are cut apart again."""
    gradients, variables = zipped.args
    for node in ast.walk(draft.scope(zipped)):
        if called(node) != "gradient" or not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        both = node.args[1]
        added = isinstance(both, ast.BinOp) and isinstance(both.op, ast.Add)
        if not added or not names_stored(draft.statement(node)) & names_read(gradients):
            continue
        if same(both.right, variables):  # type: ignore[attr-defined]
            text = f"{draft.source(both.right)} + {draft.source(both.left)}"  # type: ignore[attr-defined]
            edits = (draft.replace(both, text),)
            yield Fix("take them in the order in which they are cut apart", False, edits)


def _filtered_in_pairs(draft: Draft, zipped: ast.Call) -> Iterator[Fix]:
    """What is None goes together with its variable, not out of one list alone."""
    gradients, variables = zipped.args
    kept: ast.expr | None = gradients
    statement: ast.stmt | None = None
    if isinstance(gradients, ast.Name):
        statement = next(
            (
                node
                for node in ast.walk(draft.scope(zipped))
                if isinstance(node, ast.Assign)
                and isinstance(node.value, ast.ListComp)
                and names_stored(*node.targets) == {gradients.id}
            ),
            None,
        )
        kept = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(kept, ast.ListComp) or len(kept.generators) != 1:
        return
    (loop,) = kept.generators
    one = draft.source(loop.target)
    tests = [ast.unparse(test) for test in loop.ifs]
    if tests != [f"{one} is not None"] or ast.unparse(kept.elt) != one:
        return
    raw = draft.source(loop.iter)
    pairs = f"zip({raw}, {draft.source(variables)})"
    new = f"[({one}, variable) for {one}, variable in {pairs} if {one} is not None]"
    edits = [draft.replace(zipped, new)]
    if statement is not None and isinstance(gradients, ast.Name):
        uses = [
            node
            for node in ast.walk(draft.scope(zipped))
            if isinstance(node, ast.Name) and node.id == gradients.id
            if isinstance(node.ctx, ast.Load) and node.lineno > statement.lineno
        ]
        if len(uses) != 1:
            return
        edits.append(draft.remove(statement))
    yield Fix("take what is None out together with its variable", False, tuple(edits))


FEWER_VARIABLES = ("there are variables", "gradients were taken and")
"""What a finding says where gradients are left over."""


def short_zip(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Both calls take the longer list; the shorter one only if that does not do."""
    zipped = draft.nearest(node_of(draft, finding), ast.Call)
    found = [node for node in ast.walk(zipped) if called(node) == "zip"]
    if not found or not isinstance(found[0], ast.Call) or len(found[0].args) != 2:
        raise NoMend
    gradients, variables = found[0].args
    if isinstance(gradients, ast.Subscript) and isinstance(gradients.slice, ast.Slice):
        yield from _cut_no_shorter(draft, gradients, gradients.slice)
        return
    scope = draft.scope(zipped)
    for node in ast.walk(scope):
        if called(node) != "gradient" or not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        statement = draft.statement(node)
        text = draft.source(variables)
        if not names_read(variables) <= known_before(draft, statement) | {"self"}:
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
        taken = draft.source(node.args[1])
        cut = isinstance(variables, ast.Subscript) and draft.source(variables.value) == taken
        fewer = cut or any(words in finding.message for words in FEWER_VARIABLES)
        there = (draft.replace(variables, taken),)
        here = (draft.replace(node.args[1], text),)
        title = f"take the gradients for {'these only' if fewer else 'the whole list'}"
        fixes = [
            Fix(title, False, here),
            Fix("apply them to the list they were taken for", False, there),
        ]
        yield from reversed(fixes) if fewer else fixes


def _cut_no_shorter(draft: Draft, gradients: ast.Subscript, cut: ast.Slice) -> Iterator[Fix]:
    """Gradients that are cut go on to the end of the list."""
    if cut.upper is None or cut.step is not None:
        return
    lower = draft.source(cut.lower) if cut.lower is not None else ""
    text = draft.source(gradients.value) + (f"[{lower}:]" if lower else "")
    yield Fix("take the gradients to the end", False, (draft.replace(gradients, text),))


def iterations_counter_off(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """One call applies what several did."""
    yield from _applied_one_by_one(draft, finding)
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


def _applied_one_by_one(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A loop over pairs that applies each alone hands all of them over at once."""
    for loop in draft.up(node_of(draft, finding)):
        if not isinstance(loop, ast.For) or len(loop.body) != 1 or loop.orelse:
            continue
        (body,) = loop.body
        call = body.value if isinstance(body, ast.Expr) else None
        if not isinstance(call, ast.Call) or called(call) not in ("apply_gradients", "apply"):
            continue
        pair = f"[{ast.unparse(loop.target)}]" if isinstance(loop.target, ast.Tuple) else ""
        if len(call.args) == 1 and not call.keywords and ast.unparse(call.args[0]) == pair:
            text = f"{draft.source(call.func)}({draft.source(loop.iter)})"
            edits = (draft.replace(loop, text),)
            yield Fix("apply all gradients in one call", False, edits)


def duplicate_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """One of the two lists that name a variable goes."""
    node = node_of(draft, finding)
    for here in [*draft.up(node), *ast.walk(node)]:
        if isinstance(here, ast.BinOp) and isinstance(here.op, ast.Add):
            for kept in (here.left, here.right):
                edits = (draft.replace(here, draft.source(kept)),)
                yield Fix("name each variable once", False, edits)
            unique = f"list({{id(one): one for one in {draft.source(here)}}}.values())"
            edits = (draft.replace(here, unique),)
            yield Fix("put each variable once into the list", False, edits)
            return
    names = names_read(draft.statement(node))
    for here in ast.walk(draft.tree):
        if isinstance(here, ast.Assign) and isinstance(here.value, ast.BinOp):
            unique = f"list({{id(one): one for one in {draft.source(here.value)}}}.values())"
            joined = isinstance(here.value.op, ast.Add) and names_stored(here.targets[0]) & names
        elif isinstance(here, ast.AugAssign) and isinstance(here.target, ast.Name):
            known = f"all(one is not other for other in {here.target.id})"
            unique = f"[one for one in {draft.source(here.value)} if {known}]"
            joined = isinstance(here.op, ast.Add) and {here.target.id} & names
        else:
            continue
        if joined:
            edits = (draft.replace(here.value, unique),)
            yield Fix("put each variable once into the list", False, edits)
