"""Mends of stages "differentiated", "applied" and "moved"."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix, Span
from .draft import INDENT, Draft, Function, NoMend, called, keyword, loaded, stored

TINY = "1e-7"
"""Keeps an argument away from the edge; float32 holds it beside 1."""


def nan_from_singular_op(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The argument is kept away from the edge before the operation."""
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
            meant = [node for node in names if node.id in loaded(mask.args[0])]
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


def _operation(draft: Draft, finding: Finding) -> ast.Call | ast.BinOp:
    """The singular operation at the place of a finding."""
    names = "sqrt log rsqrt reciprocal norm pow divide".split()
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
    around = [here for here in draft.up(node) if isinstance(here, ast.expr)]
    for here in [*around, *ast.walk(node)]:
        if isinstance(here, ast.Call) and called(here) in names and here.args:
            return here
    for here in [*around[:1], *ast.walk(node)]:
        if isinstance(here, ast.BinOp) and isinstance(here.op, ast.Div):
            return here
    raise NoMend


def wrong_custom_gradient(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The gradient is multiplied by the one from above."""
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
    function = next((here for here in draft.up(node) if isinstance(here, Function)), None)
    if function is None or not function.args.args:
        raise NoMend
    above = function.args.args[0].arg
    returns = [each for each in ast.walk(function) if isinstance(each, ast.Return) and each.value]
    edits: list[Edit] = []
    for each in returns:
        value = each.value
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        for part in parts:
            nothing = isinstance(part, ast.Constant) and part.value is None
            if isinstance(part, ast.expr) and above not in loaded(part) and not nothing:
                edits.append(draft.replace(part, f"{above} * {draft.operand(part)}"))
    if not edits:
        raise NoMend
    yield Fix("multiply by the gradient from above", False, tuple(edits))


def zero_gradient_region(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The same values, with the gradient passed on outside the bounds too."""
    if finding.place is None:
        raise NoMend
    call = draft.nearest(draft.at(finding.place.span), ast.Call)
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


def gradients_never_applied(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The gradients are handed to the optimizer."""
    if finding.place is None:
        raise NoMend
    asked = draft.nearest(draft.at(finding.place.span), ast.Call)
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
    for optimizer in _optimizers(draft, statement):
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


def _optimizers(draft: Draft, near: ast.stmt) -> list[str]:
    """Expressions for optimizers in reach, those that nobody uses first."""
    found: list[str] = []
    method = draft.scope(near)
    owner = draft.parents.get(method)
    for node in ast.walk(draft.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if not _makes_optimizer(draft, node.value):
            continue
        for target in node.targets:
            text = draft.source(target)
            local = draft.scope(node) in (draft.tree, method)
            own = isinstance(owner, ast.ClassDef) and owner in list(draft.up(node))
            if (isinstance(target, ast.Name) and local) or (text.startswith("self.") and own):
                found.append(text)
    in_class = isinstance(owner, ast.ClassDef)
    if in_class and isinstance(method, Function) and method.name == "train_step":
        found.insert(0, "self.optimizer")
    if isinstance(method, Function):
        found += [each.arg for each in method.args.args if "optimizer" in each.arg]
    if isinstance(owner, ast.ClassDef):
        found += [
            ast.unparse(node)
            for node in ast.walk(owner)
            if isinstance(node, ast.Attribute)
            and node.attr == "optimizer"
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ]
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda name: f"{name}.apply" in draft.text)


def _makes_optimizer(draft: Draft, call: ast.Call) -> bool:
    text = ast.unparse(call.func)
    return (
        "optimizers." in text or text.endswith("Optimizer") or _imported_optimizer(draft, call.func)
    )


def _imported_optimizer(draft: Draft, function: ast.expr) -> bool:
    for node in ast.walk(draft.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("optimizers"):
            names = {alias.asname or alias.name for alias in node.names}
            return isinstance(function, ast.Name) and function.id in names
    return False


def update_bypasses_variables(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The new values are assigned to the variables."""
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
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
    if finding.place is None:
        raise NoMend
    given = draft.at(finding.place.span)
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
                if loaded(variables) <= _known_before(draft, statement) | {"self"}:
                    edits = (draft.replace(node.args[1], text),)
                    yield Fix("take them for the variables they go to", False, edits)


def _known_before(draft: Draft, statement: ast.stmt) -> set[str]:
    """Names that have a value when a statement begins."""
    scope = draft.scope(statement)
    names = {node.arg for node in ast.walk(scope) if isinstance(node, ast.arg)}
    for where in (scope, draft.tree):
        for node in ast.walk(where):
            if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load):
                continue
            if node.lineno < statement.lineno or draft.scope(node) is not scope:
                names.add(node.id)
    return names


def short_zip(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The gradients are taken for the whole list."""
    if finding.place is None:
        raise NoMend
    zipped = draft.nearest(draft.at(finding.place.span), ast.Call)
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
        if not loaded(variables) <= _known_before(draft, statement) | {"self"}:
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
    if finding.place is None:
        raise NoMend
    call = draft.nearest(draft.at(finding.place.span), ast.Call)
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


def optimizer_bound_to_old_variables(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """A new optimizer for each model, or one built for all variables."""
    for made in ast.walk(draft.tree):
        if not isinstance(made, ast.Assign) or not isinstance(made.value, ast.Call):
            continue
        if "optimizers." not in ast.unparse(made.value.func):
            continue
        yield from _made_anew(draft, made)
    if finding.variables:
        yield from _built_for_all(draft, finding)


def _made_anew(draft: Draft, made: ast.Assign) -> Iterator[Fix]:
    block = draft.block(made)
    for later in block[block.index(made) + 1 :]:
        if not isinstance(later, ast.For | ast.While):
            continue
        for inner in later.body:
            if not isinstance(inner, ast.Assign) or not isinstance(inner.value, ast.Call):
                continue
            if stored(inner) & loaded(later) and not loaded(made.value) & stored(later):
                edits = (draft.remove(made), draft.after(inner, draft.source(made)))
                yield Fix("make a new optimizer for each model", False, edits)


def _built_for_all(draft: Draft, finding: Finding) -> Iterator[Fix]:
    lists: dict[str, None] = {}
    optimizers: dict[str, None] = {}
    for node in ast.walk(draft.tree):
        if called(node) == "gradient" and isinstance(node, ast.Call) and len(node.args) > 1:
            for name in ast.walk(node.args[1]):
                if isinstance(name, ast.Attribute) and name.attr.startswith("trainable_"):
                    lists[draft.source(name)] = None
    for optimizer in _optimizers(draft, draft.tree.body[-1]):
        optimizers[optimizer] = None
    if not lists:
        known = stored(*draft.tree.body)
        for name in ast.walk(draft.tree):
            attribute = isinstance(name, ast.Attribute) and name.attr.startswith("trainable_")
            if attribute and loaded(name) <= known:
                lists[draft.source(name)] = None
    if not lists:
        return
    for node in draft.tree.body:
        if isinstance(node, ast.For | ast.While) and len(optimizers) == 1:
            (optimizer,) = optimizers
            text = f"{optimizer}.build({' + '.join(lists)})"
            yield Fix("build it for all variables first", False, (draft.before(node, text),))
            return


def keras3_variable_interop(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The tape watches the values of Keras variables."""
    if finding.place is None:
        raise NoMend
    node = draft.nearest(draft.at(finding.place.span), ast.expr)
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


def learning_rate_copied(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What changes the copy changes the optimizer's learning rate as well."""
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
    statement = draft.statement(node)
    yield from _the_optimizers_own(draft, statement)
    names = set(loaded(statement) | stored(statement))
    for optimizer in _optimizers(draft, statement):
        for each in ast.walk(draft.tree):
            target = _changed(draft, each, names)
            if target is None or not isinstance(each, ast.stmt):
                continue
            reach = optimizer
            if optimizer.startswith("self.") and "self" not in _known_before(draft, each):
                continue
            text = f"{reach}.learning_rate = {target}"
            yield Fix("give it to the optimizer too", False, (draft.after(each, text),))


def _the_optimizers_own(draft: Draft, statement: ast.stmt) -> Iterator[Fix]:
    """The name stands for the optimizer's own variable instead of a copy."""
    block = draft.block(statement)
    for copy in block:
        if not isinstance(copy, ast.Assign) or called(copy.value) != "Variable":
            continue
        target, made = copy.targets[0], copy.value
        if not isinstance(target, ast.Name) or not isinstance(made, ast.Call) or not made.args:
            continue
        for optimizer in block[block.index(copy) + 1 :]:
            if not isinstance(optimizer, ast.Assign) or not isinstance(optimizer.value, ast.Call):
                continue
            given = [*optimizer.value.args[:1], keyword(optimizer.value, "learning_rate")]
            for argument in given:
                if isinstance(argument, ast.Name) and argument.id == target.id:
                    name = draft.source(optimizer.targets[0])
                    edits = (
                        draft.remove(copy),
                        draft.replace(argument, draft.source(made.args[0])),
                        draft.after(optimizer, f"{target.id} = {name}.learning_rate"),
                    )
                    yield Fix("use the optimizer's own variable", False, edits)


def _changed(draft: Draft, node: ast.AST, names: set[str]) -> str | None:
    """What a statement gives a new value to, if it is a learning rate."""
    if isinstance(node, ast.AugAssign):
        text = draft.source(node.target)
    elif isinstance(node, ast.Expr) and called(node.value) == "assign":
        function = node.value.func  # type: ignore[attr-defined]
        text = draft.source(function.value)
    elif isinstance(node, ast.Assign) and draft.scope(node) is not draft.tree:
        text = draft.source(node.targets[0])
    else:
        return None
    last = text.split(".")[-1]
    return text if last in names or "rate" in last or last == "lr" else None


def loss_scale_generation_mix(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Keras 3: the loss is scaled with `scale_loss`, and nothing else."""
    if draft.generation == "2" or finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
    scope = draft.scope(node)
    if isinstance(node, Function):
        scope = node
    edits: list[Edit] = []
    title = "scale the loss with `scale_loss`, and nothing else"
    for call in ast.walk(scope):
        if called(call) == "get_scaled_loss" and isinstance(call, ast.Call):
            text = draft.source(call).replace("get_scaled_loss", "scale_loss", 1)
            edits.append(draft.replace(call, text))
        if called(call) == "get_unscaled_gradients" and isinstance(call, ast.Call):
            edits.append(draft.replace(call, draft.source(call.args[0])))
    if edits:
        yield Fix(title, False, tuple(edits))
        return
    for call in ast.walk(scope):
        if called(call) == "gradient" and isinstance(call, ast.Call) and call.args:
            target = call.args[0]
            for optimizer in _optimizers(draft, draft.statement(call)):
                text = draft.source(target)
                opening = _tape_of(draft, call)
                line = f"scaled_loss = {optimizer}.scale_loss({text})"
                more = (draft.after(opening.body[-1], line), draft.replace(target, "scaled_loss"))
                yield Fix(title, False, more)


def _tape_of(draft: Draft, call: ast.Call) -> ast.With:
    """The `with` block of the tape that is asked."""
    asked = loaded(call.func)
    for node in ast.walk(draft.scope(call)):
        if isinstance(node, ast.With) and stored(*node.items) & asked:
            return node
    raise NoMend


def replica_loss_scale(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The mean of a replica is divided by the number of replicas."""
    if finding.place is None:
        raise NoMend
    call = draft.nearest(draft.at(finding.place.span), ast.Call)
    strategy = next(
        (
            draft.source(node.targets[0])
            for node in ast.walk(draft.tree)
            if isinstance(node, ast.Assign) and called(node.value).endswith("Strategy")
        ),
        f"{draft.tensorflow}.distribute.get_strategy()",
    )
    text = f"{draft.source(call)} / {strategy}.num_replicas_in_sync"
    parent = draft.parents[call]
    text = f"({text})" if isinstance(parent, ast.BinOp | ast.UnaryOp) else text
    title = "divide by the number of replicas, whose gradients are summed"
    yield Fix(title, False, (draft.replace(call, text),))


def wrong_sign_update(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What is to grow is differentiated with a minus sign."""
    for call in ast.walk(draft.tree):
        if called(call) != "gradient" or not isinstance(call, ast.Call) or not call.args:
            continue
        target = call.args[0]
        if not isinstance(target, ast.Name):
            continue
        for node in ast.walk(draft.scope(call)):
            if isinstance(node, ast.Assign) and stored(node.targets[0]) == {target.id}:
                if isinstance(node.value, ast.UnaryOp):
                    text = draft.source(node.value.operand)
                else:
                    text = f"-{draft.operand(node.value)}"
                edits = (draft.replace(node.value, text),)
                yield Fix("descend on what is to grow, with a minus sign", False, edits)


def custom_optimizer_bug(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """New state is stored; the counter of steps is advanced."""
    if finding.place is None:
        raise NoMend
    node = draft.at(finding.place.span)
    method = draft.scope(node)
    if not isinstance(method, Function):
        raise NoMend
    if "iterations" in finding.message:
        own = method.args.args[0].arg
        last = method.body[-1]
        line = f"{own}.iterations.assign_add(1)"
        edit = draft.before(last, line) if isinstance(last, ast.Return) else draft.after(last, line)
        yield Fix("count the step", False, (edit,))
        return
    read = next(
        (
            here
            for here in draft.up(node)
            if isinstance(here, ast.Subscript) or (called(here) == "get")
        ),
        None,
    )
    statement = draft.statement(node)
    if read is None or not isinstance(statement, ast.Assign):
        raise NoMend
    if isinstance(read, ast.Subscript):
        state = draft.source(read)
    else:
        assert isinstance(read, ast.Call)
        assert isinstance(read.func, ast.Attribute)
        state = f"{draft.source(read.func.value)}[{draft.source(read.args[0])}]"
    old = stored(statement)
    block = draft.block(statement)
    for later in block[block.index(statement) + 1 :]:
        if isinstance(later, ast.Assign) and old & loaded(later.value):
            (name,) = stored(later)
            edits = (draft.after(later, f"{state} = {name}"),)
            yield Fix("store the new state", False, edits)
            return


def wrong_accumulation(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The loop goes inside the tape, which then records every part."""
    if finding.place is None:
        raise NoMend
    opening = draft.nearest(draft.at(finding.place.span), ast.With)
    loop = draft.parents[opening]
    if not isinstance(loop, ast.For) or loop.body[-1] is not opening or loop.orelse:
        raise NoMend
    lead = draft.indent(loop)
    deep = lead + INDENT
    body = opening.body[0].lineno
    lines = [lead + draft.lines[opening.lineno - 1].strip()]
    lines += [INDENT + line for line in draft.lines[loop.lineno - 1 : loop.body[0].lineno - 1]]
    if draft.indent(opening) != deep or draft.indent(opening.body[0]) != deep + INDENT:
        raise NoMend
    if len(loop.body) > 1:
        top, bottom = draft.lines_of(loop.body[:-1])
        lines += draft.shifted(top, bottom)
    _, last = draft.lines_of(opening.body)
    lines += draft.lines[body - 1 : last]
    span = Span(loop.lineno, 1, last, len(draft.lines[last - 1]) + 1)
    edits = (draft.edit(span, "\n".join(lines)),)
    yield Fix("put the loop inside the tape", False, edits)


MENDS = {
    "custom-optimizer-bug": custom_optimizer_bug,
    "wrong-accumulation": wrong_accumulation,
    "nan-from-singular-op": nan_from_singular_op,
    "wrong-custom-gradient": wrong_custom_gradient,
    "zero-gradient-region": zero_gradient_region,
    "sparse-gradient-arithmetic": sparse_gradient_arithmetic,
    "gradients-never-applied": gradients_never_applied,
    "update-bypasses-variables": update_bypasses_variables,
    "mispaired-gradients": mispaired_gradients,
    "short-zip": short_zip,
    "optimizer-call-misuse": optimizer_call_misuse,
    "optimizer-bound-to-old-variables": optimizer_bound_to_old_variables,
    "keras3-variable-interop": keras3_variable_interop,
    "learning-rate-copied": learning_rate_copied,
    "loss-scale-generation-mix": loss_scale_generation_mix,
    "replica-loss-scale": replica_loss_scale,
    "wrong-sign-update": wrong_sign_update,
}
