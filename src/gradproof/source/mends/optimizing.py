"""Mends of what optimizers are given, keep, and count."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...finding import Edit, Finding, Fix
from ..python.methods import names_read, names_stored
from .draft import Draft, Function, NoMend, called, keyword, same
from .reach import (
    argument_of,
    known_before,
    makes_optimizer,
    node_of,
    optimizers_in_reach,
    own_name,
    tape_of,
)


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
            before = names_read(made.value) & names_stored(later)
            if names_stored(inner) & names_read(later) and not before:
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
    for optimizer in optimizers_in_reach(draft, draft.tree.body[-1]):
        optimizers[optimizer] = None
    if not lists:
        known = names_stored(*draft.tree.body)
        for name in ast.walk(draft.tree):
            attribute = isinstance(name, ast.Attribute) and name.attr.startswith("trainable_")
            if attribute and names_read(name) <= known:
                lists[draft.source(name)] = None
    if not lists:
        return
    for node in draft.tree.body:
        if isinstance(node, ast.For | ast.While) and len(optimizers) == 1:
            (optimizer,) = optimizers
            text = f"{optimizer}.build({' + '.join(lists)})"
            yield Fix("build it for all variables first", False, (draft.before(node, text),))
            return


def learning_rate_copied(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """What changes the copy changes the optimizer's learning rate as well."""
    node = node_of(draft, finding)
    statement = draft.statement(node)
    yield from _given_to_the_optimizer(draft, statement)
    yield from _the_optimizers_own(draft, statement)
    names = set(names_read(statement) | names_stored(statement))
    for optimizer in optimizers_in_reach(draft, statement):
        for each in ast.walk(draft.tree):
            target = _changed(draft, each, names)
            if target is None or not isinstance(each, ast.stmt):
                continue
            reach = optimizer
            if optimizer.startswith("self.") and "self" not in known_before(draft, each):
                continue
            text = f"{reach}.learning_rate = {target}"
            yield Fix("give it to the optimizer too", False, (draft.after(each, text),))


def _given_to_the_optimizer(draft: Draft, statement: ast.stmt) -> Iterator[Fix]:
    """What an optimizer took as its rate when it was made is assigned to it again."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        changed = statement.targets[0]
    elif isinstance(statement, ast.AugAssign):
        changed = statement.target
    else:
        return
    for made in ast.walk(draft.tree):
        if not isinstance(made, ast.Assign) or not isinstance(made.value, ast.Call):
            continue
        given = argument_of(made.value, 0, "learning_rate")
        taken = given is not None and same(given, changed)
        near = draft.scope(made) in (draft.scope(statement), draft.tree)
        if taken and near and makes_optimizer(draft, made.value):
            name = draft.source(made.targets[0])
            line = f"{name}.learning_rate.assign({draft.source(changed)})"
            yield Fix("give it to the optimizer too", False, (draft.after(statement, line),))


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
    node = node_of(draft, finding)
    scope = draft.scope(node)
    if isinstance(node, Function):
        scope = node
    edits: list[Edit] = []
    asked = [
        one.args[0]
        for one in ast.walk(scope)
        if isinstance(one, ast.Call) and called(one) == "gradient" and one.args
    ]
    for one in ast.walk(scope):
        # It was scaled, under another name.
        made = one.value if isinstance(one, ast.Assign) and len(one.targets) == 1 else None
        if isinstance(made, ast.Call) and called(made) == "scale_loss":
            (name,) = map(draft.source, one.targets)  # type: ignore[attr-defined]
            for target in asked:
                if [draft.source(part) for part in made.args] == [draft.source(target)]:
                    edits = [draft.replace(target, name)]
                    yield Fix(f"take the gradients of `{name}`", False, tuple(edits))
    edits = []
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
            for optimizer in optimizers_in_reach(draft, draft.statement(call)):
                text = draft.source(target)
                opening = tape_of(draft, call)
                line = f"scaled_loss = {optimizer}.scale_loss({text})"
                more = (draft.after(opening.body[-1], line), draft.replace(target, "scaled_loss"))
                yield Fix(title, False, more)


def replica_loss_scale(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The mean of a replica is divided by the number of replicas."""
    node = node_of(draft, finding)
    mean = node.value if isinstance(node, ast.Return | ast.Assign) else None
    quotient = isinstance(mean, ast.BinOp) and isinstance(mean.op, ast.Div)
    call = mean if mean is not None and quotient else draft.nearest(node, ast.Call)
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


def masked_weights_still_move(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The variables that are masked are left out of the decay."""
    for there in finding.related:
        statement = draft.statement(draft.at(there.place.span))
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        # Keras 3 looks for the words in the last part of a path only.
        names = list(dict.fromkeys(name.split("/")[-1] for name in finding.variables))
        if names and makes_optimizer(draft, statement.value):
            target = draft.source(statement.targets[0])
            inside = ", ".join(f'"{name}"' for name in names)
            line = f"{target}.exclude_from_weight_decay(var_names=[{inside}])"
            yield Fix("leave them out of the decay", False, (draft.after(statement, line),))


def optimizer_swapped_under_trace(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The step is traced again with the new optimizer."""
    statement = draft.statement(node_of(draft, finding))
    name = finding.message.split("`")[1] if "`" in finding.message else ""
    yield from _only_the_rate(draft, statement)
    for step in ast.walk(draft.tree):
        if not isinstance(step, Function) or step.name != name:
            continue
        own = own_name(draft, step.body[0])
        text = f"{own}.{name}" if own else name
        if own is None and draft.scope(statement) is not draft.tree:
            continue
        line = f"{text} = {draft.tensorflow}.function({text}.python_function)"
        yield Fix("trace the step again", False, (draft.after(statement, line),))


def _only_the_rate(draft: Draft, statement: ast.stmt) -> Iterator[Fix]:
    """An optimizer that differs in its rate alone is not made anew."""
    new = statement.value if isinstance(statement, ast.Assign) else None
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if not isinstance(new, ast.Call) or not isinstance(target, ast.Attribute | ast.Name):
        return
    last = target.attr if isinstance(target, ast.Attribute) else target.id
    rate, rest = _rate_apart(new)
    for old in ast.walk(draft.tree):
        if (
            not isinstance(old, ast.Assign)
            or old is statement
            or not isinstance(old.value, ast.Call)
        ):
            continue
        name = old.targets[0]
        alike = last == (name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", ""))
        if alike and rate is not None and _rate_apart(old.value)[1] == rest:
            text = f"{draft.source(target)}.learning_rate.assign({draft.source(rate)})"
            edits = (draft.replace(statement, text),)
            yield Fix("keep the optimizer, and assign its learning rate", False, edits)
            return


def _rate_apart(call: ast.Call) -> tuple[ast.expr | None, str]:
    """The learning rate that a call is given, and all else of it."""
    named = keyword(call, "learning_rate")
    rate = named if named is not None else (call.args[0] if call.args else None)
    rest = [ast.unparse(call.func), *map(ast.unparse, call.args[1 if named is None else 0 :])]
    rest += [ast.unparse(word) for word in call.keywords if word.arg != "learning_rate"]
    return rate, " ".join(rest)


def optimizer_state_not_restored(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The checkpoint holds the optimizer beside the model."""
    yield from _restored_as_saved(draft, finding)
    checkpoints = [
        node
        for node in ast.walk(draft.tree)
        if called(node) == "Checkpoint" and isinstance(node, ast.Call) and node.keywords
    ]
    if not checkpoints or any(keyword(node, "optimizer") is not None for node in checkpoints):
        raise NoMend
    applied = [
        draft.source(node.func.value)
        for node in ast.walk(draft.tree)
        if isinstance(node, ast.Call)
        and called(node) in ("apply_gradients", "apply")
        and isinstance(node.func, ast.Attribute)
    ]
    for name in dict.fromkeys(applied):
        if not all(_known_at(draft, node, name) for node in checkpoints):
            continue
        edits: list[Edit] = []
        builds: list[Edit] = []
        for node in checkpoints:
            last = node.keywords[-1]
            edits.append(draft.replace(last, f"{draft.source(last)}, optimizer={name}"))
            model = keyword(node, "model")
            if "restore" in ast.unparse(draft.statement(node)) and model is not None:
                line = f"{name}.build({draft.source(model)}.trainable_variables)"
                builds.append(draft.before(draft.statement(node), line))
        title = "keep the optimizer in the checkpoint too"
        yield Fix(title, False, tuple(edits))
        if builds:
            yield Fix(f"{title}, and build it first", False, (*edits, *builds))


def _restored_as_saved(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The new optimizer is restored under the name that the saved one has."""
    ends = {one.message: draft.at(one.place.span) for one in finding.related}
    saved, made = ends.get("saved with the optimizer"), ends.get("starts anew")
    calls = [
        next((one for one in ast.walk(end) if called(one) == "Checkpoint"), None)
        for end in (saved, node_of(draft, finding))
        if end is not None
    ]
    if len(calls) != 2 or made is None or not all(isinstance(one, ast.Call) for one in calls):
        return
    there, here = (one.keywords for one in calls if isinstance(one, ast.Call))
    names = {one.arg for one in there} - {one.arg for one in here}
    name = _name_of(draft, made)
    if len(names) == 1 and here and name:
        last = here[-1]
        edits = (draft.replace(last, f"{draft.source(last)}, {names.pop()}={name}"),)
        yield Fix("restore the optimizer too", False, edits)


def _name_of(draft: Draft, made: ast.AST) -> str:
    """The name that an object gets where it is made, one of several maybe."""
    statement = draft.statement(made)
    if not isinstance(statement, ast.Assign):
        return ""
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=False))
    else:
        pairs = [(target, value)]
    return next((draft.source(name) for name, part in pairs if part is made), "")


def _known_at(draft: Draft, node: ast.AST, name: str) -> bool:
    """Says whether an expression has a value where a node stands."""
    return name.split(".")[0] in known_before(draft, draft.statement(node)) and (
        draft.scope(node) is draft.tree or "." in name
    )
