"""Mends of stage "recorded": the tape sees the way to the loss."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix, Span
from .draft import INDENT, Draft, Function, NoMend, called, keyword, loaded, same, stored

NUMPY = {
    **{name: name for name in "abs cos exp maximum minimum sin sqrt square tanh where".split()},
    **{name: name for name in "stack transpose sign round power add multiply".split()},
    **{name: f"math.{name}" for name in "log log1p expm1 subtract".split()},
    **{name: f"reduce_{name}" for name in "mean sum max min prod any all".split()},
    "concatenate": "concat",
    "clip": "clip_by_value",
    "dot": "tensordot",
    "matmul": "matmul",
    "expand_dims": "expand_dims",
    "squeeze": "squeeze",
    "reshape": "reshape",
}
"""What functions of NumPy are called below `tf`."""


def forward_outside_tape(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape opens earlier, or stays open longer."""
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
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
    if inner != lead + INDENT:
        raise NoMend
    # Comments between the head and the body stay with the body.
    while head_end > opening.lineno and draft.lines[head_end - 1].lstrip().startswith("#"):
        head_end -= 1
    head = draft.lines[opening.lineno - 1 : head_end]
    between = draft.lines[bottom : opening.lineno - 1]
    text = "\n".join([*head, *draft.shifted(top, bottom), *_shifted_comments(between)])
    span = _stretch(draft, top, head_end)
    return Fix("run it inside the `with` block of the tape", False, (draft.edit(span, text),))


def _open_until(draft: Draft, block: list[ast.stmt], tape: int, last: int) -> Fix:
    """What follows the `with` block moves inside, down to the statement."""
    opening = block[tape]
    moved = block[tape + 1 : last + 1]
    _refuse_gradients(moved, opening)
    top, bottom = draft.lines_of(moved)
    text = "\n".join(draft.shifted(top, bottom))
    span = _stretch(draft, top, bottom)
    return Fix("run it inside the `with` block of the tape", False, (draft.edit(span, text),))


def _refuse_gradients(moved: list[ast.stmt], opening: ast.stmt) -> None:
    """What asks this tape, or leaves the block, can't move inside."""
    names = stored(*list(getattr(opening, "items", [])))
    for statement in moved:
        for node in ast.walk(statement):
            if isinstance(node, Function | ast.ClassDef | ast.Return):
                raise NoMend
            if called(node) in ("gradient", "jacobian") and loaded(node) & names:
                raise NoMend


def _shifted_comments(lines: list[str]) -> list[str]:
    return [INDENT + line if line.strip() else line for line in lines]


def _stretch(draft: Draft, first: int, last: int) -> Span:
    return Span(first, 1, last, len(draft.lines[last - 1]) + 1)


def numpy_on_loss_path(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Operations of NumPy become those of TensorFlow."""
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
    title = "stay in TensorFlow: keep tensors, and use its operations"
    for here in draft.up(node):
        if isinstance(here, ast.stmt):
            break
        if called(here) in ("predict", "predict_on_batch") and isinstance(here, ast.Call):
            model = here.func
            assert isinstance(model, ast.Attribute)
            arguments = ", ".join(draft.source(argument) for argument in here.args[:1])
            text = f"{draft.source(model.value)}({arguments})"
            yield Fix("call the model as a function", False, (draft.replace(here, text),))
        if called(here) == "float" and isinstance(here, ast.Call) and here.args:
            yield Fix(title, True, (draft.replace(here, draft.operand(here.args[0])),))
    numpy = _module(draft, "numpy")
    statement = draft.statement(node)
    scope = draft.scope(node)
    wholes = [statement] if scope is draft.tree else [statement, scope]
    for whole in wholes:
        edits = [*_without_numpy_calls(draft, whole, numpy), *_without_values(draft, whole)]
        if edits:
            yield Fix(title, False, tuple(_outermost_only(edits)))


def _module(draft: Draft, module: str) -> str:
    for node in ast.walk(draft.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == module:
                    return alias.asname or alias.name
    return ""


def _without_numpy_calls(draft: Draft, whole: ast.AST, numpy: str) -> Iterator[Edit]:
    for node in ast.walk(whole):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        function = node.func
        if isinstance(function.value, ast.Name) and function.value.id == numpy:
            if function.attr in ("array", "asarray") and len(node.args) == 1:
                yield draft.replace(function, f"{draft.tensorflow}.convert_to_tensor")
            elif function.attr in ("float32", "float64") or function.attr not in NUMPY:
                raise NoMend
            else:
                yield draft.replace(function, f"{draft.tensorflow}.{NUMPY[function.attr]}")


def _without_values(draft: Draft, whole: ast.AST) -> Iterator[Edit]:
    """`.numpy()` is taken away."""
    for node in ast.walk(whole):
        if called(node) == "numpy" and isinstance(node, ast.Call) and not node.args:
            function = node.func
            if isinstance(function, ast.Attribute):
                span, inner = draft.span(node), draft.span(function.value)
                here = type(span)(inner.end_line, inner.end_column, span.end_line, span.end_column)
                yield draft.edit(here, "")


def _outermost_only(edits: list[Edit]) -> list[Edit]:
    return list(dict.fromkeys(edits))


def nondifferentiable_op(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The same forward values, with the gradient passed straight through."""
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
    for here in draft.up(node):
        if isinstance(here, ast.stmt):
            break
        if not isinstance(here, ast.Call):
            continue
        inside = _rounded(here)
        if inside is None or any(isinstance(each, ast.Await) for each in ast.walk(inside)):
            continue
        tf = draft.tensorflow
        through, text = draft.operand(inside), draft.source(here)
        pure = not any(isinstance(each, ast.Call) for each in ast.walk(inside))
        statement = draft.statement(here)
        if pure:
            new = f"{through} + {tf}.stop_gradient({text} - {through})"
            edits: tuple[Edit, ...] = (draft.replace(here, _closed(draft, here, new)),)
        else:
            line = f"smooth = {draft.source(inside)}"
            short = text.replace(draft.source(inside), "smooth")
            new = f"smooth + {tf}.stop_gradient({short} - smooth)"
            if "smooth" in stored(draft.scope(here)):
                raise NoMend
            edits = (
                draft.before(statement, line),
                draft.replace(here, _closed(draft, here, new)),
            )
        title = "keep the values, and pass the gradient straight through"
        yield Fix(title, False, edits)


def _rounded(call: ast.Call) -> ast.expr | None:
    """What a step function is given, if it keeps the shape."""
    if called(call) in ("round", "rint", "floor", "ceil", "sign") and len(call.args) == 1:
        return call.args[0]
    if called(call) == "one_hot" and call.args and called(call.args[0]) in ("argmax", "arg_max"):
        inner = call.args[0]
        assert isinstance(inner, ast.Call)
        axis = keyword(inner, "axis") or (inner.args[1] if len(inner.args) > 1 else None)
        last = isinstance(axis, ast.UnaryOp) and ast.unparse(axis) == "-1"
        return inner.args[0] if inner.args and last else None
    return None


def _closed(draft: Draft, node: ast.expr, text: str) -> str:
    """The text in brackets, where it stands among operators."""
    tight = isinstance(draft.parents[node], ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript)
    return f"({text})" if tight else text


def unwatched_tensor(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape is told to watch the tensor, before it is used."""
    if finding.place is None:
        raise NoMend
    asked = draft.nearest(draft.at(finding.place.span), ast.Call)
    if not isinstance(asked.func, ast.Attribute) or not isinstance(asked.func.value, ast.Name):
        raise NoMend
    tape = asked.func.value.id
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
        if draft.source(each) in set(stored(statement))
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


def assign_on_loss_path(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """After the assignment the tensor itself is used."""
    if finding.place is None:
        raise NoMend
    call = draft.nearest(draft.at(finding.place.span), ast.Call)
    if called(call) != "assign" or not isinstance(call.func, ast.Attribute) or not call.args:
        raise NoMend
    variable, value = call.func.value, call.args[0]
    statement = draft.statement(call)
    block = draft.block(statement)
    edits: list[Edit] = []
    text = draft.source(value)
    if not isinstance(value, ast.Name):
        if "new_value" in stored(draft.scope(call)):
            raise NoMend
        edits += [draft.before(statement, f"new_value = {text}"), draft.replace(value, "new_value")]
        text = "new_value"
    uses = [
        node
        for later in block[block.index(statement) + 1 :]
        for node in ast.walk(later)
        if isinstance(node, ast.Name | ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and same(node, variable)
        and not (
            isinstance(draft.parents[node], ast.Attribute)
            and called(draft.parents[draft.parents[node]]).startswith("assign")
        )
    ]
    if not uses:
        raise NoMend
    edits += [draft.replace(use, text) for use in uses]
    yield Fix("use the tensor itself", False, tuple(edits))


def variable_rebound_to_tensor(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The variable is assigned instead of its name."""
    if finding.place is None:
        raise NoMend
    statement = draft.statement(draft.at(finding.place.span))
    title = "assign to the variable"
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add | ast.Sub):
        method = "assign_add" if isinstance(statement.op, ast.Add) else "assign_sub"
        text = f"{draft.source(statement.target)}.{method}({draft.source(statement.value)})"
        yield Fix(title, False, (draft.replace(statement, text),))
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        (target,) = statement.targets
        if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
            text = _assigned(draft, draft.source(target), target, statement.value)
            yield Fix(title, False, (draft.replace(statement, text),))
        elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            pairs = zip(target.elts, statement.value.elts, strict=False)
            lines = [_assigned(draft, draft.source(one), one, value) for one, value in pairs]
            lead = draft.indent(statement)
            yield Fix(title, False, (draft.replace(statement, f"\n{lead}".join(lines)),))
    elif isinstance(statement, ast.Expr) and called(statement.value) == "setattr":
        call = statement.value
        assert isinstance(call, ast.Call)
        if len(call.args) != 3:
            raise NoMend
        what = f"getattr({draft.source(call.args[0])}, {draft.source(call.args[1])})"
        text = _assigned(draft, what, ast.parse(what, mode="eval").body, call.args[2])
        yield Fix(title, False, (draft.replace(statement, text),))


def _assigned(draft: Draft, text: str, target: ast.AST, value: ast.expr) -> str:
    """`w - step` is `w.assign_sub(step)`; anything else is assigned whole."""
    alike = isinstance(value, ast.BinOp) and ast.unparse(value.left) == ast.unparse(target)
    if alike and isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub | ast.Add):
        method = "assign_sub" if isinstance(value.op, ast.Sub) else "assign_add"
        return f"{text}.{method}({draft.source(value.right)})"
    return f"{text}.assign({draft.source(value)})"


def unconnected_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What was computed and never used takes the place of a twin."""
    if finding.place is None:
        raise NoMend
    scope = draft.scope(draft.at(finding.place.span))
    unused = [
        (node, name)
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and draft.scope(node) is scope
        for name in stored(node)
        if name not in loaded(scope) and name != "_" and isinstance(node.value, ast.Call)
    ]
    for node, name in unused:
        for pair in ast.walk(scope):
            if not isinstance(pair, ast.List | ast.Tuple) or pair.lineno < node.lineno:
                continue
            names = [each.id for each in pair.elts if isinstance(each, ast.Name)]
            if len(names) == len(pair.elts) == 2 and names[0] == names[1]:
                edit = draft.replace(pair.elts[1], name)
                title = f"use `{name}`, which nothing uses, instead of `{names[0]}` twice"
                yield Fix(title, False, (edit,))


def dataset_loop_in_tape(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape opens inside the loop, which then takes a step for each batch."""
    if finding.place is None:
        raise NoMend
    loop = draft.nearest(draft.at(finding.place.span), ast.For)
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
    if "loss" in stored(draft.scope(loop)) and total == "loss":
        raise NoMend
    lead = draft.indent(opening)
    deep, deeper = lead + INDENT, lead + 2 * INDENT
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
    span = _stretch(draft, opening.lineno, bottom)
    yield Fix("open the tape inside the loop", False, (draft.edit(span, "\n".join(lines)),))


def _grown(draft: Draft, statement: ast.AugAssign | ast.Assign) -> tuple[str, str]:
    """The name that grows in a loop, and by what."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, draft.source(statement.value)
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp):
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Name) and ast.unparse(value.left) == target.id:
            return target.id, draft.source(value.right)
    raise NoMend


MENDS = {
    "forward-outside-tape": forward_outside_tape,
    "inner-gradient-not-recorded": forward_outside_tape,
    "numpy-on-loss-path": numpy_on_loss_path,
    "numpy-in-graph-mode": numpy_on_loss_path,
    "nondifferentiable-op": nondifferentiable_op,
    "unwatched-tensor": unwatched_tensor,
    "assign-on-loss-path": assign_on_loss_path,
    "variable-rebound-to-tensor": variable_rebound_to_tensor,
    "unconnected-variable": unconnected_variable,
    "dataset-loop-in-tape": dataset_loop_in_tape,
}
