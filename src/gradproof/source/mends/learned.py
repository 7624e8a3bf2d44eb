"""Mends of losses that are not the ones that were meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...finding import Finding, Fix, Span
from ..python.methods import names_read
from .draft import Draft, NoMend, called, keyword
from .reach import node_of

_MAKING: dict[str, tuple[type[ast.operator], ...]] = {
    "a product": (ast.Mult,),
    "a difference": (ast.Sub,),
    "targets": (ast.Mult, ast.Sub, ast.Add),
    "": (ast.operator,),
}
"""Operators that may have given what a run saw; by source alone any may."""


_ONES = re.compile(r"\([^,]*(,|(, 1)+)\)")
"""A shape of which all lengths but the first are 1."""


def shape_broadcast(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Both sides get one shape."""
    node = node_of(draft, finding)
    shapes = re.findall(r"`([^`]*)` (?:has shape )?(\([^)]*\))", finding.message)
    lengths = {shape: shape.count(", 1") for _, shape in shapes if _ONES.fullmatch(shape)}
    columns = [text for text, shape in shapes if lengths.get(shape, 0) == max(lengths.values()) > 0]
    flats = [text for text, shape in shapes if shape in lengths and text not in columns]
    measured = re.search(
        r"shapes (\([^)]*\)) and (\([^)]*\)) give (a difference|a product|targets)", finding.message
    )
    *shapes_seen, made = measured.groups() if measured else ("",)
    met = [
        here
        for here in ast.walk(node)
        if isinstance(here, ast.BinOp) and isinstance(here.op, _MAKING[made])
    ]
    if made and len(met) > 1:
        return  # Of several on one line nobody knows which was measured.
    sides = [met[0].right, met[0].left] if met else _sides(node)
    if made and met:
        # A run knows them in the order of the operands; calls may swap theirs.
        for side, shape in zip(reversed(sides), shapes_seen, strict=True):
            (columns if shape == max(shapes_seen, key=len) else flats).append(draft.source(side))
    # Without known shapes both ways are offered; a run tells them apart.
    for squeezed, known in ((True, columns), (False, flats)):
        for side in sides:
            if known and draft.source(side) not in known:
                continue
            text = (
                f"{draft.tensorflow}.squeeze({draft.source(side)}, axis=-1)"
                if squeezed
                else f"{draft.operand(side)}[:, {draft.tensorflow}.newaxis]"
            )
            yield Fix("give both sides one shape", False, (draft.replace(side, text),))


def _sides(node: ast.AST) -> list[ast.expr]:
    """The two operands that meet in an expression or statement."""
    for here in ast.walk(node):
        if isinstance(here, ast.BinOp):
            return [here.right, here.left]
        if isinstance(here, ast.Call) and len(here.args) == 2:
            return [here.args[1], here.args[0]]
    return []


def logits_mismatch(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The last layer is linear, and the loss takes logits."""
    for there in finding.related:
        if "ends in" not in there.message:
            continue
        layer = draft.at(there.place.span)
        yield from _without_activation(draft, layer)
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
    node = node_of(draft, finding)
    calls = [here for here in draft.up(node) if isinstance(here, ast.Call)]
    for call in calls:
        flag = keyword(call, "from_logits")
        if isinstance(flag, ast.Constant):
            text = str(not flag.value)
            yield Fix("say what it is given", False, (draft.replace(flag, text),))
            return


def _without_activation(draft: Draft, layer: ast.AST) -> Iterator[Fix]:
    """A layer that is nothing but the activation goes out of its list."""
    if isinstance(layer, ast.Call) and called(layer) in ("softmax", "sigmoid") and layer.args:
        edits = (draft.replace(layer, draft.operand(layer.args[0])),)
        yield Fix("give back the logits", False, edits)
    for call in draft.up(layer):
        holder = draft.parents.get(call)
        if not isinstance(call, ast.Call) or not isinstance(holder, ast.List):
            continue
        if called(call) not in ("Softmax", "Activation") or call is not holder.elts[-1]:
            continue
        if len(holder.elts) > 1:
            left, span = draft.span(holder.elts[-2]), draft.span(call)
            here = Span(left.end_line, left.end_column, span.end_line, span.end_column)
            yield Fix("let the last layer be linear", False, (draft.edit(here, ""),))


def regularization_dropped(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The losses of the layers are added inside the tape."""
    statement = draft.statement(node_of(draft, finding))
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
    """The model is called with `training=True`; a helper is handed the flag."""
    node = node_of(draft, finding)
    if "handed on" in finding.message:
        helper = draft.nearest(node, ast.Call)
        decided = keyword(helper, "training")
        if decided is not None:
            yield Fix("pass the flag", False, (draft.replace(decided, "training"),))
            return
        end: ast.AST | None = (helper.keywords or helper.args or [None])[-1]
        if end is not None:
            edits = (draft.replace(end, f"{draft.source(end)}, training=training"),)
            yield Fix("pass `training=training`", False, edits)
        return
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


def _named_at(draft: Draft, finding: Finding) -> ast.expr | None:
    """The name of the other model, where that is made."""
    made = (draft.statement(draft.at(there.place.span)) for there in finding.related)
    return next((one.targets[0] for one in made if isinstance(one, ast.Assign)), None)


def target_copy_wrong(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The target is a clone, and takes in the weights of the other network."""
    node = node_of(draft, finding)
    statement = draft.statement(node)
    shared = called(node) == "Model"
    of = _named_at(draft, finding) if shared else getattr(statement, "value", None)
    if isinstance(statement, ast.Assign) and isinstance(of, ast.Name | ast.Attribute):
        target, online = draft.source(statement.targets[0]), draft.source(of)
        clone = f"{draft.keras}.models.clone_model({online})"
        edits = (
            draft.replace(statement.value, clone),
            draft.after(statement, f"{target}.set_weights({online}.get_weights())"),
        )
        yield Fix("clone the network", False, edits)
    if (
        isinstance(node, ast.Call)
        and called(node) != "assign"
        and len(node.args) > 1
        and not shared
    ):
        first, second = node.args[:2]
        swap = (
            draft.replace(first, draft.source(second)),
            draft.replace(second, draft.source(first)),
        )
        yield Fix("swap the two networks", False, swap)
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
        if other and len(uses) > 1 and other not in names_read(call.args[0]):
            mixed = draft.replace(uses[-1], other)
            yield Fix("mix in the weights of the other network", False, (mixed,))
        elif other and {own, other} <= names_read(call.args[0]):
            yield Fix("assign to the copy", False, (draft.replace(call.func.value, other),))


def sum_vs_mean_reduction(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The loss is the mean over the batch, not the sum."""
    node = node_of(draft, finding)
    calls = [here for here in draft.up(node) if called(here) == "reduce_sum"]
    calls += [here for here in ast.walk(draft.statement(node)) if called(here) == "reduce_sum"]
    for call in dict.fromkeys(calls):
        assert isinstance(call, ast.Call)
        if isinstance(call.func, ast.Attribute) and not call.keywords and len(call.args) == 1:
            text = draft.source(call.func).replace("reduce_sum", "reduce_mean")
            edits = (draft.replace(call.func, text),)
            yield Fix("take the mean over the batch", False, edits)


def sample_weight_ignored(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """Each example counts as much as its weight says."""
    call = draft.nearest(node_of(draft, finding), ast.Call)
    if called(call) != "reduce_mean" or len(call.args) != 1 or call.keywords:
        raise NoMend
    weights = next(
        (
            name
            for there in finding.related
            if "weights" in there.message or there.message == "not used"
            for name in _named(draft, draft.at(there.place.span))
        ),
        "",
    )
    each = call.args[0]
    if not weights or not isinstance(each, ast.Name):
        raise NoMend
    tf, inside = draft.tensorflow, each.id
    if "mask" in finding.message:
        kept = f"{tf}.cast({weights}, {inside}.dtype)"
        mean = f"{tf}.reduce_sum({inside} * {kept}) / {tf}.reduce_sum({kept})"
        alone = isinstance(draft.parents[call], ast.Return | ast.Assign)
        edits = (draft.replace(call, mean if alone else f"({mean})"),)
        yield Fix("average over what the mask keeps", False, edits)
        return
    scaled = f"{tf}.cast({weights}, {inside}.dtype) * {inside}"
    yield Fix("multiply by the weights", False, (draft.replace(each, scaled),))
    shaped = f"{tf}.reshape({tf}.cast({weights}, {inside}.dtype), {tf}.shape({inside}))"
    yield Fix("multiply by the weights", False, (draft.replace(each, f"{inside} * {shaped}"),))


def _named(draft: Draft, node: ast.AST) -> list[str]:
    """What a parameter is called, or the last name that a statement gives a value to."""
    if isinstance(node, ast.arg):
        return [node.arg]
    statement = draft.statement(node)
    names = [
        name.id
        for name in ast.walk(statement)
        if isinstance(name, ast.Name) and not isinstance(name.ctx, ast.Load)
    ]
    return names[-1:] if isinstance(statement, ast.Assign) else []


def replica_loss_divided_twice(draft: Draft, finding: Finding) -> Iterator[Fix]:
    """The division that the loss object does already goes."""
    node = node_of(draft, finding)
    for here in [*draft.up(node), *ast.walk(draft.statement(node))]:
        if isinstance(here, ast.BinOp) and isinstance(here.op, ast.Div):
            edits = (draft.replace(here, draft.source(here.left)),)
            yield Fix("leave the division to the loss object", False, edits)
            return
