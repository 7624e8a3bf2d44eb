"""Mends of gradients that are asked of TensorFlow 1's functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...finding import Edit, Finding, Fix, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called
from .reach import argument_of, node_of, whole_lines


def tf1_gradient_api(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A tape records the loss, and is asked for the gradient."""
    call = draft.nearest(node_of(draft, finding), ast.Call)
    if called(call) != "gradients" or len(call.args) != 2:
        raise NoMend
    target, statement = call.args[0], draft.statement(call)
    block = draft.block(statement)
    number = block.index(statement)
    losses = [
        place
        for place, each in enumerate(block[:number])
        if isinstance(target, ast.Name) and target.id in names_stored(each)
    ]
    if not losses or "tape" in names_stored(draft.scope(call)):
        raise NoMend
    # The loss alone, or all that leads to it in the same block.
    for first in (losses[-1], 0):
        top, bottom = draft.lines_of(block[first : losses[-1] + 1])
        head = f"{draft.indent(block[first])}with {draft.tensorflow}.GradientTape() as tape:"
        text = "\n".join([head, *draft.shifted(top, bottom)])
        edits = (
            draft.edit(whole_lines(draft, top, bottom), text),
            _asked_of_tape(draft, call),
        )
        yield Fix("record the forward pass with a tape", False, edits)


def given_target(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What a function is given to differentiate it computes itself, under a tape."""
    asked = draft.nearest(node_of(draft, finding), ast.Call)
    function = draft.scope(asked)
    if called(asked) != "gradients" or len(asked.args) != 2 or not isinstance(function, Function):
        raise NoMend
    target, source = asked.args
    names = [each.arg for each in function.args.args]
    free = not names_stored(*function.body) & {"tape", *names}
    if not isinstance(target, ast.Name) or target.id not in names or not free:
        raise NoMend
    calls = [node for node in ast.walk(draft.tree) if called(node) == function.name]
    call = calls[0] if len(calls) == 1 else None
    if not isinstance(call, ast.Call) or len(names) < 2:
        raise NoMend
    number = names.index(target.id)
    given = argument_of(call, number, target.id)
    if given is None or len(call.args) != len(names) or call.keywords:
        raise NoMend
    others = {
        draft.source(each): name
        for each, name in zip(call.args, names, strict=True)
        if each is not given
    }
    statement = draft.statement(asked)
    lines = [
        f"with {draft.tensorflow}.GradientTape() as tape:",
        f"{draft.level}tape.watch({draft.source(source)})",
        f"{draft.level}{target.id} = {_as_inside(draft, given, others, function)}",
    ]
    edits = [draft.before(statement, "\n".join(lines)), _asked_of_tape(draft, asked)]
    edits += _without(draft, function.args.args, number)
    edits += _without(draft, call.args, number)
    yield Fix("compute it under a tape", False, tuple(edits))


def _asked_of_tape(draft: Draft, asked: ast.Call) -> Edit:
    """`gradients` gives a list always, a tape one gradient for one source."""
    text = f"tape.gradient({', '.join(map(draft.source, asked.args))})"
    holder = draft.parents[asked]
    first = isinstance(holder, ast.Subscript) and ast.unparse(holder.slice) == "0"
    alone = not isinstance(asked.args[1], ast.List | ast.Tuple)
    return draft.replace(holder if first and alone else asked, text)


def _as_inside(draft: Draft, given: ast.expr, others: dict[str, str], function: ast.AST) -> str:
    """The text of an argument with the names that a function has for the others.

    Raises:
        NoMend: It needs what only the caller knows.
    """
    text = draft.source(given)
    known = names_stored(*[each for each in draft.tree.body if each is not function])
    for name in sorted(names_read(given)):
        if name in others:
            if others[name] != name:
                raise NoMend
        elif name not in known:
            raise NoMend
    return text


def _without(draft: Draft, given: Sequence[ast.AST], number: int) -> Iterator[Edit]:
    """One of several arguments goes, with its comma."""
    here, other = draft.span(given[number]), draft.span(given[number + 1 if not number else 0])
    if number:
        other = draft.span(given[number - 1])
        start, end = (other.end_line, other.end_column), (here.end_line, here.end_column)
    else:
        start, end = (here.line, here.column), (other.line, other.column)
    yield draft.edit(Span(*start, *end), "")
