"""Mends of what the tape does not record: it opens earlier, or elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Finding, Fix, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword
from .reach import node_of, only_value, whole_lines


def forward_outside_tape(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape opens earlier, or stays open longer."""
    node = node_of(draft, finding)
    yield from _as_function(draft, node)
    statement = draft.statement(node)
    for block_statement in [here for here in draft.up(statement) if isinstance(here, ast.stmt)]:
        try:
            block = draft.block(block_statement)
        except (NoMend, KeyError):
            continue
        number = block.index(block_statement)
        tapes = [place for place, here in enumerate(block) if _opens_tape(here)]
        later = [place for place in tapes if place > number]
        if later:
            yield _opened_before(draft, block, number, later[0])
        earlier = [place for place in tapes if place < number]
        if earlier and not later:
            yield _open_until(draft, block, earlier[-1], number)


def _as_function(draft: Draft, node: ast.AST) -> Iterator[Fix]:
    """`minimize(lambda: loss)` calls what computes the loss."""
    statement = draft.statement(node)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return
    name = statement.targets[0].id
    scope = draft.scope(statement)
    for inner in ast.walk(scope):
        if not isinstance(inner, ast.Lambda) or not isinstance(inner.body, ast.Name):
            continue
        if inner.body.id == name and not inner.args.args:
            value = statement.value
            text = f"lambda: {draft.source(value)}"
            if isinstance(value, ast.Call) and not value.args and not value.keywords:
                text = draft.source(value.func)
            edit = draft.replace(inner, text)
            yield Fix("compute the loss inside the function", False, (edit,))


def _opens_tape(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.With) and any(
        called(item.context_expr) == "GradientTape" for item in statement.items
    )


def _opened_before(draft: Draft, block: list[ast.stmt], first: int, tape: int) -> Fix:
    """The `with` line goes above what has to be recorded, which moves inside."""
    opening = block[tape]
    assert isinstance(opening, ast.With)
    body = opening.body[0]
    moved = block[first:tape]
    _refuse_gradients(moved, opening)
    lead = draft.indent(block[first])
    top, bottom = draft.lines_of(moved)
    head_end = body.lineno - 1
    if body.lineno == opening.lineno:
        raise NoMend
    inner = draft.indent(opening.body[0])
    if inner != lead + draft.level:
        raise NoMend
    # Comments between the head and the body stay with the body.
    while head_end > opening.lineno and draft.lines[head_end - 1].lstrip().startswith("#"):
        head_end -= 1
    head = draft.lines[opening.lineno - 1 : head_end]
    between = draft.lines[bottom : opening.lineno - 1]
    text = "\n".join([*head, *draft.shifted(top, bottom), *_shifted_comments(draft, between)])
    span = whole_lines(draft, top, head_end)
    return Fix("run it inside the `with` block of the tape", False, (draft.edit(span, text),))


def _open_until(draft: Draft, block: list[ast.stmt], tape: int, last: int) -> Fix:
    """What follows the `with` block moves inside, down to the statement."""
    opening = block[tape]
    moved = block[tape + 1 : last + 1]
    _refuse_gradients(moved, opening)
    top, bottom = draft.lines_of(moved)
    text = "\n".join(draft.shifted(top, bottom))
    span = whole_lines(draft, top, bottom)
    return Fix("run it inside the `with` block of the tape", False, (draft.edit(span, text),))


def _refuse_gradients(moved: list[ast.stmt], opening: ast.stmt) -> None:
    """What asks this tape, or leaves the block, can't move inside."""
    names = names_stored(*list(getattr(opening, "items", [])))
    for statement in moved:
        for node in ast.walk(statement):
            if isinstance(node, Function | ast.ClassDef | ast.Return):
                raise NoMend
            if called(node) in ("gradient", "jacobian") and names_read(node) & names:
                raise NoMend


def _shifted_comments(draft: Draft, lines: list[str]) -> list[str]:
    return [draft.level + line if line.strip() else line for line in lines]


def unwatched_tensor(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape is told to watch the tensor, before it is used."""
    asked = draft.nearest(node_of(draft, finding), ast.Call)
    if not isinstance(asked.func, ast.Attribute) or not isinstance(asked.func.value, ast.Name):
        raise NoMend
    tape = asked.func.value.id
    if asked.func.attr == "watch":
        told = draft.statement(asked)
        block = draft.nearest(told, ast.With).body
        if told not in block or block[0] is told:
            raise NoMend
        edits = (draft.before(block[0], draft.with_comment(told)), draft.remove(told))
        yield Fix("watch it before it is used", False, edits)
        return
    sources = asked.args[1] if len(asked.args) > 1 else keyword(asked, "sources")
    if sources is None:
        raise NoMend
    wanted = sources.elts if isinstance(sources, ast.List | ast.Tuple) else [sources]
    tensors = [each for each in wanted if isinstance(each, ast.Name | ast.Attribute)]
    tensors = [
        each
        for each in tensors
        if len(wanted) == 1
        or (draft.source(each) in finding.message or draft.source(each) in finding.variables)
    ]
    opening = next(
        (
            node
            for node in ast.walk(draft.scope(asked))
            if isinstance(node, ast.With)
            and any(
                called(item.context_expr) == "GradientTape"
                and isinstance(item.optional_vars, ast.Name)
                and item.optional_vars.id == tape
                for item in node.items
            )
        ),
        None,
    )
    if opening is None or not tensors:
        raise NoMend
    title = "watch it on the tape, before it is used"
    lines = [f"{tape}.watch({draft.source(each)})" for each in tensors]
    made = [
        number
        for number, statement in enumerate(opening.body)
        for each in tensors
        if draft.source(each) in set(names_stored(statement))
    ]
    if made:
        yield Fix(title, False, (draft.after(opening.body[made[-1]], *lines),))
        return
    yield Fix(title, False, (draft.before(opening.body[0], *lines),))
    names = [draft.source(each) for each in tensors if isinstance(each, ast.Name)]
    if len(names) == len(tensors):
        tf = draft.tensorflow
        before = [f"{name} = {tf}.convert_to_tensor({name})" for name in names]
        edits = (draft.before(opening, *before), draft.before(opening.body[0], *lines))
        yield Fix("make it a tensor, and watch it on the tape", False, edits)


def dataset_loop_in_tape(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape opens inside the loop, which then takes a step for each batch."""
    loop = draft.nearest(node_of(draft, finding), ast.For)
    opening = draft.nearest(loop, ast.With)
    if loop not in opening.body or opening.body != [loop]:
        raise NoMend
    block = draft.block(opening)
    rest = block[block.index(opening) + 1 :]
    applied = next(
        (number for number, each in enumerate(rest) if "apply" in ast.unparse(each)), None
    )
    grown = loop.body[-1]
    if applied is None or not isinstance(grown, ast.AugAssign | ast.Assign):
        raise NoMend
    total, value = _grown(draft, grown)
    if "loss" in names_stored(draft.scope(loop)) and total == "loss":
        raise NoMend
    lead = draft.indent(opening)
    deep, deeper = lead + draft.level, lead + 2 * draft.level
    head = draft.source(loop).split("\n")[0]
    with_line = draft.lines[opening.lineno - 1].strip()
    lines = [lead + head, deep + with_line]
    if len(loop.body) > 1:
        top, bottom = draft.lines_of(loop.body[:-1])
        lines += draft.lines[top - 1 : bottom]
    lines.append(f"{deeper}loss = {value}")
    for each in rest[: applied + 1]:
        top, bottom = draft.lines_of([each])
        text = [
            line.replace(f"gradient({total},", "gradient(loss,")
            for line in draft.shifted(top, bottom)
        ]
        lines += text
    lines.append(f"{deep}{total} += loss")
    _, bottom = draft.lines_of([rest[applied]])
    span = whole_lines(draft, opening.lineno, bottom)
    yield Fix("open the tape inside the loop", False, (draft.edit(span, "\n".join(lines)),))


def dataset_unrolled(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The batches lie in a list, over which the trace runs one by one."""
    spans = [there.place.span for there in finding.related]
    spans += [finding.place.span] if finding.place else []
    for span in spans:
        for opening in draft.up(draft.at(span)):
            if not isinstance(opening, ast.With):
                continue
            for loop in ast.walk(opening):
                if not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Name):
                    continue
                made = only_value(draft.tree, loop.iter.id)
                if made is None or "repeat" in ast.unparse(made) or called(made) == "list":
                    continue
                edits = (draft.replace(made, f"list({draft.source(made)})"),)
                yield Fix("hold the batches in a list, which the trace unrolls", False, edits)
            return


def _grown(draft: Draft, statement: ast.AugAssign | ast.Assign) -> tuple[str, str]:
    """The name that grows in a loop, and by what."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, draft.source(statement.value)
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp):
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Name) and ast.unparse(value.left) == target.id:
            return target.id, draft.source(value.right)
    raise NoMend


def _begun_once(draft: Draft, begun: ast.stmt) -> Fix:
    """What each round of a loop begins with is made before the loop."""
    loop = draft.statement(draft.parents[begun])
    edits = (draft.before(loop, draft.source(begun)), draft.remove(begun))
    return Fix("begin with zeros before the loop", False, edits)


def wrong_accumulation(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The loop goes inside the tape, which then records every part."""
    node = node_of(draft, finding)
    if "nothing empties" in finding.message:
        yield from _emptied(draft)
    if "in each round of the loop that adds" in finding.message:
        yield _begun_once(draft, draft.statement(node))
        return
    if "each gradient" in finding.message:
        call = draft.nearest(node, ast.Call)
        if not isinstance(call.func, ast.Attribute):
            raise NoMend
        edits = (draft.replace(call.func, f"{draft.source(call.func.value)}.assign_add"),)
        yield Fix("add the gradient", False, edits)
        return
    opening = draft.nearest(node, ast.With)
    loop = draft.parents[opening]
    if not isinstance(loop, ast.For) or loop.body[-1] is not opening or loop.orelse:
        raise NoMend
    lead = draft.indent(loop)
    deep = lead + draft.level
    body = opening.body[0].lineno
    lines = [lead + draft.lines[opening.lineno - 1].strip()]
    lines += [draft.level + line for line in draft.lines[loop.lineno - 1 : loop.body[0].lineno - 1]]
    if draft.indent(opening) != deep or draft.indent(opening.body[0]) != deep + draft.level:
        raise NoMend
    if len(loop.body) > 1:
        top, bottom = draft.lines_of(loop.body[:-1])
        lines += draft.shifted(top, bottom)
    _, last = draft.lines_of(opening.body)
    lines += draft.lines[body - 1 : last]
    span = Span(loop.lineno, 1, last, len(draft.lines[last - 1]) + 1)
    edits = (draft.edit(span, "\n".join(lines)),)
    yield Fix("put the loop inside the tape", False, edits)


def keras3_variable_interop(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape watches the values of Keras variables."""
    node = draft.nearest(node_of(draft, finding), ast.expr)
    call = draft.nearest(node, ast.Call)
    if called(call) != "watch" or len(call.args) != 1:
        raise NoMend
    (argument,) = call.args
    text = draft.source(argument)
    if isinstance(argument, ast.List | ast.Tuple):
        inner = ", ".join(f"{draft.source(each)}.value" for each in argument.elts)
        new = f"[{inner}]"
    elif text.endswith(("variables", "weights")):
        new = f"[variable.value for variable in {text}]"
    else:
        new = f"{text}.value"
    yield Fix("watch the value of each", False, (draft.replace(argument, new),))


def _emptied(draft: Draft) -> Iterator[Fix]:
    """Buffers of gradients are set to zero when they have been applied."""
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Expr) or called(node.value) not in ("apply_gradients", "apply"):
            continue
        assert isinstance(node.value, ast.Call)
        given: ast.AST | None = node.value.args[0] if node.value.args else None
        if isinstance(given, ast.Name):
            # The pairs have a name, which is given a value before.
            given = only_value(draft.scope(node), given.id)
        pairs = (
            next((each for each in ast.walk(given) if called(each) == "zip"), None)
            if given
            else None
        )
        buffers = pairs.args[0] if isinstance(pairs, ast.Call) and pairs.args else None
        if isinstance(buffers, ast.ListComp | ast.GeneratorExp) and len(buffers.generators) == 1:
            buffers = buffers.generators[0].iter
        if isinstance(buffers, ast.Name | ast.Attribute):
            head = f"for buffer in {draft.source(buffers)}:"
            lines = f"{head}\n{draft.level}buffer.assign({draft.tensorflow}.zeros_like(buffer))"
            title = "empty the buffers when they have been applied"
            yield Fix(title, False, (draft.after(node, lines),))
