"""Mends of operations that cut the path from variables to the loss."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from ..python.methods import handed_back_by, names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword, same
from .reach import closed, node_of

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


def numpy_on_loss_path(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Operations of NumPy become those of TensorFlow."""
    node = node_of(draft, finding)
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
    node = node_of(draft, finding)
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
            edits: tuple[Edit, ...] = (draft.replace(here, closed(draft, here, new)),)
        else:
            line = f"smooth = {draft.source(inside)}"
            short = text.replace(draft.source(inside), "smooth")
            new = f"smooth + {tf}.stop_gradient({short} - smooth)"
            if "smooth" in names_stored(draft.scope(here)):
                raise NoMend
            edits = (
                draft.before(statement, line),
                draft.replace(here, closed(draft, here, new)),
            )
        title = "keep the values, and pass the gradient straight through"
        yield Fix(title, False, edits)


def _rounded(call: ast.Call) -> ast.expr | None:
    """What a step function is given, if it keeps the shape."""
    if called(call) in ("round", "rint", "floor", "ceil", "sign") and len(call.args) == 1:
        return call.args[0]
    if called(call) == "cast" and call.args and isinstance(call.args[0], ast.Compare):
        return call.args[0].left if len(call.args[0].ops) == 1 else None
    if called(call) == "one_hot" and call.args and called(call.args[0]) in ("argmax", "arg_max"):
        inner = call.args[0]
        assert isinstance(inner, ast.Call)
        axis = keyword(inner, "axis") or (inner.args[1] if len(inner.args) > 1 else None)
        last = isinstance(axis, ast.UnaryOp) and ast.unparse(axis) == "-1"
        return inner.args[0] if inner.args and last else None
    return None


def assign_on_loss_path(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """After the assignment the tensor itself is used."""
    call = draft.nearest(node_of(draft, finding), ast.Call)
    if called(call) != "assign" or not isinstance(call.func, ast.Attribute) or not call.args:
        raise NoMend
    variable, value = call.func.value, call.args[0]
    statement = draft.statement(call)
    block = draft.block(statement)
    edits: list[Edit] = []
    text = draft.source(value)
    if not isinstance(value, ast.Name):
        if "new_value" in names_stored(draft.scope(call)):
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
    if "get_weights" in finding.message:
        raise NoMend  # an array has no `assign`
    statement = draft.statement(node_of(draft, finding))
    title = "assign to the variable"
    if handed_back_by(statement):
        yield from _alone(draft, statement)
        return
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add | ast.Sub):
        method = "assign_add" if isinstance(statement.op, ast.Add) else "assign_sub"
        text = f"{draft.source(statement.target)}.{method}({draft.source(statement.value)})"
        yield Fix(title, False, (draft.replace(statement, text),))
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        (target,) = statement.targets
        if len(finding.variables) > 1 and isinstance(statement.value, ast.Call):
            raise NoMend  # a list or tree of variables has no `assign`
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


def _alone(draft: Draft, statement: ast.stmt) -> Iterator[Fix]:
    """`w.assign_sub(...)` alone; a list of such becomes a loop."""
    assert isinstance(statement, ast.Assign)
    value, kept = statement.value, statement.targets[0]
    lead = draft.indent(statement)
    text = ""
    if isinstance(value, ast.ListComp):
        (each, *more) = value.generators
        if more or each.ifs or each.is_async:
            raise NoMend
        text = f"for {draft.source(each.target)} in {draft.source(each.iter)}:\n"
        value, lead = value.elt, f"{lead}    "
        kept = each.target.elts[0] if isinstance(each.target, ast.Tuple) else each.target
        text += lead
    if isinstance(value, ast.IfExp):
        if not same(value.orelse, kept):
            raise NoMend
        text += f"if {draft.source(value.test)}:\n{lead}    "
        value = value.body
    function = value.func if isinstance(value, ast.Call) else None
    # What it is bound to may have another name, that others use.
    if not isinstance(function, ast.Attribute) or not same(function.value, kept):
        raise NoMend
    if len(statement.targets) > 1:
        raise NoMend
    yield Fix(
        "keep the variable under its name",
        False,
        (draft.replace(statement, text + draft.source(value)),),
    )


def _assigned(draft: Draft, text: str, target: ast.AST, value: ast.expr) -> str:
    """`w - step` is `w.assign_sub(step)`; anything else is assigned whole."""
    alike = isinstance(value, ast.BinOp) and ast.unparse(value.left) == ast.unparse(target)
    if alike and isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub | ast.Add):
        method = "assign_sub" if isinstance(value.op, ast.Sub) else "assign_add"
        return f"{text}.{method}({draft.source(value.right)})"
    return f"{text}.assign({draft.source(value)})"


def unconnected_variable(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What was computed and never used takes the place of a twin."""
    scope = draft.scope(node_of(draft, finding))
    unused = [
        (node, name)
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and draft.scope(node) is scope
        for name in names_stored(node)
        if name not in names_read(scope) and name != "_" and isinstance(node.value, ast.Call)
    ]
    for node, name in unused:
        for twice in ast.walk(scope):
            # `u * u` where `v` was computed as well.
            if not isinstance(twice, ast.BinOp) or twice.lineno < node.lineno:
                continue
            if isinstance(twice.left, ast.Name) and same(twice.left, twice.right):
                title = f"use `{name}`, which nothing uses, instead of `{twice.left.id}` twice"
                yield Fix(title, False, (draft.replace(twice.right, name),))
        for pair in ast.walk(scope):
            if not isinstance(pair, ast.List | ast.Tuple) or pair.lineno < node.lineno:
                continue
            names = [each.id for each in pair.elts if isinstance(each, ast.Name)]
            if len(names) == len(pair.elts) == 2 and names[0] == names[1]:
                edit = draft.replace(pair.elts[1], name)
                title = f"use `{name}`, which nothing uses, instead of `{names[0]}` twice"
                yield Fix(title, False, (edit,))


def opaque_python_function(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The function is written in TensorFlow, and called as it is."""
    wrapper = draft.nearest(node_of(draft, finding), ast.Call)
    if called(wrapper) not in ("numpy_function", "py_function", "py_func"):
        raise NoMend
    inner = wrapper.args[0]
    function = next(
        (
            node
            for node in ast.walk(draft.tree)
            if isinstance(node, Function) and isinstance(inner, ast.Name) and node.name == inner.id
        ),
        None,
    )
    if function is None:
        raise NoMend
    edits = [
        *_without_numpy_calls(draft, function, _module(draft, "numpy")),
        *_without_values(draft, function),
    ]
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Call) or called(node) != called(wrapper):
            continue
        if not same(node.args[0], inner) or not isinstance(node.args[1], ast.List | ast.Tuple):
            raise NoMend
        given = ", ".join(draft.source(each) for each in node.args[1].elts)
        edits.append(draft.replace(node, f"{draft.source(inner)}({given})"))
    yield Fix("write it in operations of TensorFlow", False, tuple(edits))


def stopped_gradient(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What was stopped goes on."""
    node = node_of(draft, finding)
    for here in [*draft.up(node), *ast.walk(draft.statement(node))]:
        if isinstance(here, ast.Call) and called(here) == "stop_gradient" and here.args:
            edits = (draft.replace(here, draft.operand(here.args[0])),)
            yield Fix("take `stop_gradient` off that path", False, edits)
            return
