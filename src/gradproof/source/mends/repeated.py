"""Mends of stages "repeated" and "learned", and of what only costs time."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from .draft import Draft, Function, NoMend, called, keyword, loaded, same, stored


def _at(draft: Draft, finding: Finding) -> ast.AST:
    if finding.place is None:
        raise NoMend
    return draft.at(finding.place.span)


def state_created_in_tf_function(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What a traced function makes is made before it."""
    statement = draft.statement(_at(draft, finding))
    function = draft.scope(statement)
    if not isinstance(statement, ast.Assign) or not isinstance(function, Function):
        raise NoMend
    local = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    inside = loaded(statement.value) & (local | stored(*function.body))
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
    node = draft.nearest(_at(draft, finding), ast.expr, ast.stmt)
    if isinstance(node, ast.AugAssign | ast.Assign):
        node = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
    if not isinstance(node, ast.Attribute | ast.Name):
        raise NoMend
    yield _as_variable(draft, node, "make it a variable that is not trained, and assign to it")


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
            edits.append(_grown(draft, node, text))
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        if ast.unparse(node.targets[0]) != text:
            continue
        if _is_start(draft, node, state):
            made = True
            start = _as_float(draft, node.value)
            edits.append(draft.replace(node.value, f"{tf}.Variable({start}, trainable=False)"))
        else:
            edits.append(draft.replace(node, f"{text}.assign({draft.source(node.value)})"))
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


def _grown(draft: Draft, node: ast.AugAssign, text: str) -> Edit:
    value = draft.source(node.value)
    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, int):
        value += ".0"
    if isinstance(node.op, ast.Add | ast.Sub):
        method = "assign_add" if isinstance(node.op, ast.Add) else "assign_sub"
        return draft.replace(node, f"{text}.{method}({value})")
    signs = {ast.Mult: "*", ast.Div: "/"}
    sign = signs.get(type(node.op))
    if sign is None:
        raise NoMend
    return draft.replace(node, f"{text}.assign({text} {sign} {draft.operand(node.value)})")


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
    node = draft.nearest(_at(draft, finding), ast.expr, ast.stmt)
    if isinstance(node, ast.Assign):
        node = node.targets[0]
    elif isinstance(node, ast.AugAssign):
        node = node.target
    if not isinstance(node, ast.Attribute | ast.Name):
        raise NoMend
    yield _as_variable(draft, node, "keep it in a variable that is not trained")


def numpy_in_graph_mode(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """As a last resort the program runs eagerly."""
    node = _at(draft, finding)
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


def shape_broadcast(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Both sides get one shape."""
    node = _at(draft, finding)
    import re

    shapes = re.findall(r"`([^`]*)` (?:has shape )?(\([^)]*\))", finding.message)
    tf = draft.tensorflow
    columns = [text for text, shape in shapes if re.fullmatch(r"\([^,]*, 1\)", shape)]
    flats = [text for text, shape in shapes if re.fullmatch(r"\([^,]*,\)", shape)]
    for wanted, form in (
        *((text, "{tf}.squeeze({0}, axis=-1)") for text in columns),
        *((text, "{0}[:, {tf}.newaxis]") for text in flats),
    ):
        for inner in ast.walk(node):
            if isinstance(inner, ast.expr) and draft.source(inner) == wanted:
                text = draft.source(inner) if "squeeze" in form else draft.operand(inner)
                new = form.format(text, tf=tf)
                yield Fix("give both sides one shape", False, (draft.replace(inner, new),))
                break


def logits_mismatch(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The last layer is linear, and the loss takes logits."""
    for there in finding.related:
        if "ends in" not in there.message:
            continue
        layer = draft.at(there.place.span)
        for call in [here for here in draft.up(layer) if isinstance(here, ast.Call)]:
            activation = keyword(call, "activation")
            if activation is None:
                continue
            number = next(
                place for place, word in enumerate(call.keywords) if word.arg == "activation"
            )
            word = call.keywords[number]
            span = draft.span(word)
            before = call.keywords[number - 1] if number else (call.args[-1] if call.args else None)
            if before is not None:
                left = draft.span(before)
                here = type(span)(left.end_line, left.end_column, span.end_line, span.end_column)
                yield Fix("let the last layer be linear", False, (draft.edit(here, ""),))
            else:
                fix = (draft.replace(activation, "None"),)
                yield Fix("let the last layer be linear", False, fix)
            return
    node = _at(draft, finding)
    calls = [here for here in draft.up(node) if isinstance(here, ast.Call)]
    for call in calls:
        flag = keyword(call, "from_logits")
        if isinstance(flag, ast.Constant):
            text = str(not flag.value)
            yield Fix("say what it is given", False, (draft.replace(flag, text),))
            return


def regularization_dropped(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The losses of the layers are added inside the tape."""
    statement = draft.statement(_at(draft, finding))
    opening = draft.nearest(statement, ast.With)
    asked = [
        node
        for node in ast.walk(draft.scope(statement))
        if called(node) == "gradient" and isinstance(node, ast.Call) and node.args
    ]
    for call in asked:
        target = call.args[0]
        if not isinstance(target, ast.Name):
            continue
        for model in _models(draft, opening):
            line = f"{target.id} += {draft.tensorflow}.add_n({model}.losses)"
            edits = (draft.after(opening.body[-1], line),)
            yield Fix("add the losses of the layers", False, edits)


def _models(draft: Draft, opening: ast.With) -> list[str]:
    """What is called in a `with` block and asked for its variables."""
    asked = {
        draft.source(node.value)
        for node in ast.walk(draft.scope(opening))
        if isinstance(node, ast.Attribute) and node.attr.startswith("trainable_")
    }
    called_here = [
        draft.source(node.func) for node in ast.walk(opening) if isinstance(node, ast.Call)
    ]
    return list(dict.fromkeys(name for name in called_here if name in asked))


def training_flag_missing(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The model is called with `training=True`."""
    node = _at(draft, finding)
    statement = draft.statement(node)
    calls = [here for here in draft.up(node) if isinstance(here, ast.Call)]
    calls += [here for here in ast.walk(statement) if isinstance(here, ast.Call)]
    for call in calls:
        flag = keyword(call, "training")
        if isinstance(flag, ast.Constant) and flag.value is False:
            edits = (draft.replace(flag, "True"),)
            yield Fix("pass `training=True`", False, edits)
        text = draft.source(call.func)
        asked = f"{text}.trainable_" in draft.text or text == "self"
        if asked and flag is None and (call.args or call.keywords):
            last: ast.AST = call.keywords[-1] if call.keywords else call.args[-1]
            edits = (draft.replace(last, f"{draft.source(last)}, training=True"),)
            yield Fix("pass `training=True`", False, edits)


def target_copy_wrong(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The target is a clone, and takes in the weights of the other network."""
    node = _at(draft, finding)
    statement = draft.statement(node)
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name | ast.Attribute):
        target, online = draft.source(statement.targets[0]), draft.source(statement.value)
        clone = f"{draft.keras}.models.clone_model({online})"
        edits = (
            draft.replace(statement.value, clone),
            draft.after(statement, f"{target}.set_weights({online}.get_weights())"),
        )
        yield Fix("clone the network", False, edits)
    for here in draft.up(node):
        if not isinstance(here, ast.For) or called(here.iter) != "zip":
            continue
        if not isinstance(here.target, ast.Tuple) or len(here.target.elts) != 2:
            continue
        names = [draft.source(each) for each in here.target.elts]
        call = next((each for each in ast.walk(here) if called(each) == "assign"), None)
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        own = draft.source(call.func.value)
        other = next((name for name in names if name != own), None)
        uses = [
            each for each in ast.walk(call.args[0]) if isinstance(each, ast.Name) and each.id == own
        ]
        if other and len(uses) > 1 and other not in loaded(call.args[0]):
            mixed = draft.replace(uses[-1], other)
            yield Fix("mix in the weights of the other network", False, (mixed,))


def uncompiled_step(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The step is decorated with `tf.function`."""
    around = draft.up(_at(draft, finding))
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
    node = draft.nearest(_at(draft, finding), ast.expr)
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
        if not any(isinstance(here, ast.For | ast.While) for here in list(draft.up(loop))[1:]):
            continue
        values = [
            node
            for node in ast.walk(draft.scope(loop))
            if isinstance(node, ast.Assign) and stored(node.targets[0]) == {loop.iter.id}
        ]
        if len(values) == 1 and isinstance(values[0].value, ast.Call | ast.GeneratorExp):
            others = [
                node
                for node in ast.walk(draft.tree)
                if isinstance(node, ast.Name) and node.id == loop.iter.id
            ]
            text = draft.source(values[0].value)
            edits = [draft.replace(loop.iter, text)]
            if len(others) == 2:
                edits.append(draft.remove(values[0]))
            yield Fix("make the iterator anew for each pass", False, tuple(edits))


def sum_vs_mean_reduction(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The loss is the mean over the batch, not the sum."""
    node = _at(draft, finding)
    calls = [here for here in draft.up(node) if called(here) == "reduce_sum"]
    calls += [here for here in ast.walk(draft.statement(node)) if called(here) == "reduce_sum"]
    for call in dict.fromkeys(calls):
        assert isinstance(call, ast.Call)
        if isinstance(call.func, ast.Attribute) and not call.keywords and len(call.args) == 1:
            text = draft.source(call.func).replace("reduce_sum", "reduce_mean")
            edits = (draft.replace(call.func, text),)
            yield Fix("take the mean over the batch", False, edits)


def iterations_counter_off(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """One call applies what several did."""
    calls = [
        node
        for node in ast.walk(draft.tree)
        if isinstance(node, ast.Expr) and called(node.value) == "apply_gradients"
    ]
    for first, second in itertools.pairwise(calls):
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


MENDS = {
    "state-created-in-tf-function": state_created_in_tf_function,
    "python-state-frozen-at-trace": python_state_frozen_at_trace,
    "symbolic-tensor-leak": symbolic_tensor_leak,
    "shape-broadcast": shape_broadcast,
    "logits-mismatch": logits_mismatch,
    "regularization-dropped": regularization_dropped,
    "training-flag-missing": training_flag_missing,
    "target-copy-wrong": target_copy_wrong,
    "uncompiled-step": uncompiled_step,
    "tracing-cost": tracing_cost,
    "data-iterator-spent": data_iterator_spent,
    "sum-vs-mean-reduction": sum_vs_mean_reduction,
    "iterations-counter-off": iterations_counter_off,
}
LAST_RESORT = {"numpy-in-graph-mode": numpy_in_graph_mode}
