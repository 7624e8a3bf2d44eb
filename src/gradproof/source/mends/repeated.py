"""Mends of state that a traced function reads or makes once."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix, Span
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword
from .reach import node_of


def state_created_in_tf_function(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What a traced function makes is made before it."""
    statement = draft.statement(node_of(draft, finding))
    function = draft.scope(statement)
    if not isinstance(statement, ast.Assign) or not isinstance(function, Function):
        raise NoMend
    local = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    inside = names_read(statement.value) & (local | names_stored(*function.body))
    owner = draft.parents[function]
    text = draft.source(statement)
    if isinstance(owner, ast.ClassDef):
        yield _made_by_init(draft, statement, function, owner, inside)
        return
    if inside or len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
        raise NoMend
    gap = ["", ""] if isinstance(owner, ast.Module) else [""]
    edits = (draft.before(function, "\n".join([text, *gap])), draft.remove(statement))
    yield Fix("make it once, outside the function", False, edits)


def _made_by_init(
    draft: Draft, statement: ast.Assign, function: Function, owner: ast.ClassDef, inside: set[str]
) -> Fix:
    own = function.args.args[0].arg if function.args.args else ""
    build = next(
        (node for node in owner.body if isinstance(node, Function) and node.name == "__init__"),
        None,
    )
    (target,) = statement.targets
    if build is None or inside - {own} or not isinstance(target, ast.Name | ast.Attribute):
        raise NoMend
    if isinstance(target, ast.Attribute):
        edits = [draft.after(build.body[-1], draft.source(statement)), draft.remove(statement)]
        return Fix("make it once, in `__init__`", False, tuple(edits))
    name = f"{own}.{target.id}"
    edits = [
        draft.after(build.body[-1], f"{name} = {draft.source(statement.value)}"),
        draft.remove(statement),
    ]
    edits += [
        draft.replace(node, name)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
    ]
    return Fix("make it once, in `__init__`", False, tuple(edits))


def python_state_frozen_at_trace(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Python state becomes a variable, and what changes it assigns to it."""
    node = draft.nearest(node_of(draft, finding), ast.expr, ast.stmt)
    if isinstance(node, ast.Call):
        yield _drawn_by_tensorflow(draft, node)
        return
    if isinstance(node, ast.AugAssign | ast.Assign):
        node = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
    if not isinstance(node, ast.Attribute | ast.Name):
        raise NoMend
    yield _as_variable(draft, node, "make it a variable that is not trained, and assign to it")


def _drawn_by_tensorflow(draft: Draft, call: ast.Call) -> Fix:
    """Random numbers come from an operation, which draws at each step."""
    name, tf = ast.unparse(call.func), draft.tensorflow
    module, _, last = name.rpartition(".")
    given = [draft.source(each) for each in call.args]
    words = {word.arg: draft.source(word.value) for word in call.keywords}
    whole: ast.expr = call
    if module.endswith(".random") and last in ("randn", "rand", "standard_normal"):
        shape = (
            given[0] if last == "standard_normal" else f"({', '.join(given)},)" if given else "()"
        )
        text = f"{tf}.random.{'uniform' if last == 'rand' else 'normal'}({shape})"
    elif module.endswith(".random") and last in ("normal", "uniform"):
        names = ("loc", "scale", "size") if last == "normal" else ("low", "high", "size")
        words.update(zip(names, given, strict=False))
        shape = words.get("size", "()")
        shape = f"({shape},)" if shape.isdigit() else shape
        low, high = (
            words.get(word, start) for word, start in zip(names, ("0.0", "1.0"), strict=False)
        )
        text = f"{tf}.random.{last}({shape}, {low}, {high})"
    elif name == "random.random" or (module.endswith(".random") and last == "random" and not given):
        text = f"{tf}.random.uniform(())"
    elif name in ("random.uniform", "random.gauss"):
        kind = "uniform" if last == "uniform" else "normal"
        text = f"{tf}.random.{kind}((), {', '.join(given)})"
    else:
        raise NoMend
    attribute = draft.parents[call]
    if isinstance(attribute, ast.Attribute) and attribute.attr == "astype":
        cast = draft.parents[attribute]
        if not isinstance(cast, ast.Call) or "float32" not in ast.unparse(cast.args[0]):
            raise NoMend
        whole = cast
    return Fix("let TensorFlow draw the numbers", False, (draft.replace(whole, text),))


def _as_variable(draft: Draft, state: ast.Attribute | ast.Name, title: str) -> Fix:
    """Every write of an attribute or name becomes an assignment to a variable."""
    scope: ast.AST = draft.tree
    if isinstance(state, ast.Attribute):
        scope = draft.nearest(state, ast.ClassDef)
    text = ast.unparse(state)
    tf = draft.tensorflow
    edits: list[Edit] = []
    made = False
    for node in ast.walk(scope):
        if isinstance(node, ast.Global) and text in node.names:
            edits.append(_without_global(draft, node, text))
        if isinstance(node, ast.AugAssign) and ast.unparse(node.target) == text:
            edits += _grown_by(draft, node, text)
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        if ast.unparse(node.targets[0]) != text:
            continue
        if _is_start(draft, node, state):
            made = True
            start = _as_float(draft, node.value)
            edits.append(draft.replace(node.value, f"{tf}.Variable({start}, trainable=False)"))
        else:
            edits += _called_with(draft, node, node.value, f"{text}.assign")
    if not made or len(edits) < 2:
        raise NoMend
    return Fix(title, False, (*edits, *_tensor_minimum(draft, state)))


def _is_start(draft: Draft, node: ast.Assign, state: ast.Attribute | ast.Name) -> bool:
    function = draft.scope(node)
    if isinstance(state, ast.Attribute):
        return isinstance(function, Function) and function.name in ("__init__", "build")
    loops = [here for here in draft.up(node) if isinstance(here, ast.For | ast.While)]
    return function is draft.tree and not loops


def _as_float(draft: Draft, value: ast.expr) -> str:
    text = draft.source(value)
    if isinstance(value, ast.Call) and called(value) in ("constant", "convert_to_tensor"):
        text = draft.source(value.args[0]) if len(value.args) == 1 and not value.keywords else text
    elif isinstance(value, ast.Constant) and isinstance(value.value, bool):
        return text
    elif isinstance(value, ast.Constant) and isinstance(value.value, int):
        return f"{text}.0"
    elif isinstance(value, ast.Constant) and value.value is None:
        return "0.0"
    return text


def _called_with(draft: Draft, node: ast.stmt, value: ast.expr, call: str) -> Iterator[Edit]:
    """`name = value` becomes `call(value)`; the value is left to other edits."""
    start, inner, end = draft.span(node), draft.span(value), draft.span(node)
    if draft.source(value) != draft.lines[inner.line - 1][inner.column - 1 : inner.end_column - 1]:
        raise NoMend
    # A value in brackets starts and ends with them.
    text = draft.lines[start.line - 1][start.column - 1 : inner.column - 1]
    opened = text.count("(") - text.count(")")
    yield draft.edit(
        Span(start.line, start.column, inner.line, inner.column), f"{call}({'(' * opened}"
    )
    yield draft.edit(Span(end.end_line, end.end_column, end.end_line, end.end_column), ")")


def _grown_by(draft: Draft, node: ast.AugAssign, text: str) -> Iterator[Edit]:
    if isinstance(node.op, ast.Add | ast.Sub):
        method = "assign_add" if isinstance(node.op, ast.Add) else "assign_sub"
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, int):
            # Before the bracket, which is put in at the same place.
            end = draft.span(node.value)
            yield draft.edit(Span(end.line, end.end_column, end.line, end.end_column), ".0")
        yield from _called_with(draft, node, node.value, f"{text}.{method}")
        return
    sign = {ast.Mult: "*", ast.Div: "/"}.get(type(node.op))
    if sign is None:
        raise NoMend
    yield draft.replace(node, f"{text}.assign({text} {sign} {draft.operand(node.value)})")


def _without_global(draft: Draft, node: ast.Global, name: str) -> Edit:
    left = [each for each in node.names if each != name]
    if left:
        return draft.replace(node, f"global {', '.join(left)}")
    return draft.remove(node)


def _tensor_minimum(draft: Draft, state: ast.Attribute | ast.Name) -> Iterator[Edit]:
    """`min` and `max` of Python can't compare what has no value yet."""
    text = ast.unparse(state)
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in ("min", "max") or len(node.args) != 2:
            continue
        reads = any(
            isinstance(inner, ast.Attribute | ast.Name)
            and isinstance(inner.ctx, ast.Load)
            and ast.unparse(inner) == text
            for inner in ast.walk(node)
        )
        if reads:
            yield draft.replace(node.func, f"{draft.tensorflow}.{node.func.id}imum")


def symbolic_tensor_leak(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What outlives the trace is kept in a variable."""
    node = draft.nearest(node_of(draft, finding), ast.expr, ast.stmt)
    if isinstance(node, ast.Assign):
        node = node.targets[0]
    elif isinstance(node, ast.AugAssign):
        node = node.target
    if not isinstance(node, ast.Attribute | ast.Name):
        raise NoMend
    yield _as_variable(draft, node, "keep it in a variable that is not trained")


def numpy_in_graph_mode(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """As a last resort the program runs eagerly."""
    node = node_of(draft, finding)
    for call in ast.walk(draft.tree):
        if called(call) != "compile" or not isinstance(call, ast.Call):
            continue
        if keyword(call, "run_eagerly") is None and (call.args or call.keywords):
            last = call.keywords[-1].value if call.keywords else call.args[-1]
            text = f"{draft.source(last)}, run_eagerly=True"
            yield Fix("run it eagerly", False, (draft.replace(last, text),))
    function = draft.scope(node)
    if isinstance(function, Function):
        for mark in function.decorator_list:
            if "function" in ast.unparse(mark):
                line = mark.lineno
                span = draft.span(mark)
                here = type(span)(line, 1, line + 1, 1)
                yield Fix("run it eagerly", False, (draft.edit(here, ""),))


def uncompiled_step(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The step is decorated with `tf.function`."""
    around = draft.up(node_of(draft, finding))
    function = next((here for here in around if isinstance(here, Function)), None)
    if function is None or function.decorator_list or not _traceable(function):
        raise NoMend
    line = f"@{draft.tensorflow}.function"
    yield Fix("decorate the step", False, (draft.before(function, line),))


def _traceable(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Says whether nothing in a step asks a tensor for its value."""
    values = ("numpy", "float", "int", "print", "append", "fit", "predict")
    return any(called(node) == "GradientTape" for node in ast.walk(function)) and not any(
        called(node) in values for node in ast.walk(function)
    )


def tracing_cost(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Numbers are handed over as tensors."""
    node = draft.nearest(node_of(draft, finding), ast.expr)
    if isinstance(node, ast.Call) and not isinstance(draft.parents[node], ast.Call):
        raise NoMend
    if isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.BinOp | ast.Constant):
        text = f"{draft.tensorflow}.constant({draft.source(node)})"
        parent = draft.parents[node]
        if isinstance(parent, ast.Call) and node is not parent.func:
            edits = (draft.replace(node, text),)
            yield Fix("hand over a tensor", False, edits)


def data_iterator_spent(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The iterator is made anew for each pass."""
    for loop in ast.walk(draft.tree):
        if not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Name):
            continue
        again = any(isinstance(here, ast.For | ast.While) for here in list(draft.up(loop))[1:])
        scope = draft.scope(loop)
        name = loop.iter.id
        values = [
            node
            for node in ast.walk(draft.tree)
            if isinstance(node, ast.Assign)
            and names_stored(node.targets[0]) == {name}
            and draft.scope(node) in (scope, draft.tree)
        ]
        # A function may be called again; a loop of the module is passed once.
        if len(values) != 1 or not (again or scope is not draft.tree):
            continue
        if isinstance(values[0].value, ast.Call | ast.GeneratorExp):
            uses = [
                node
                for node in ast.walk(draft.tree)
                if isinstance(node, ast.Name) and node.id == name
            ]
            edits = [draft.replace(loop.iter, draft.source(values[0].value))]
            if len(uses) == 2:
                edits.append(draft.remove(values[0]))
            yield Fix("make the iterator anew for each pass", False, tuple(edits))
