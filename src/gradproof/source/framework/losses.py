"""Losses: what they expect, what they are given, and shapes that do not fit."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ...evidence.loop import Broadcast, LossCall
from ..flow import merge
from ..noticing import habits, over_one, replicas, undivided, weighing
from ..python.methods import name_of
from ..values import (
    Bound,
    Constant,
    DictValue,
    Function,
    Instance,
    Layer,
    Library,
    ListValue,
    LossFunction,
    Partial,
    Tensor,
    Unknown,
    Value,
)
from . import api, shapes
from .names import last

if TYPE_CHECKING:
    from ..reader import Reader

Arguments = list[Value]
Keywords = dict[str, Value]

_REGRESSIONS = frozenset(
    """MeanSquaredError MeanAbsoluteError Huber LogCosh mean_squared_error mean_absolute_error
    huber mse
    mae MSE MAE""".split()
)


def loss_called(
    reader: Reader, loss: LossFunction, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A Keras loss is called with targets and predictions."""
    given = dict(zip(("y_true", "y_pred", "sample_weight"), arguments, strict=False)) | keywords
    prediction = given.get("y_pred")
    flow = merge(
        reader.read(value, node)
        for key, value in given.items()
        if key not in ("from_logits", "axis")
    )
    settings = {**loss.arguments, **keywords}
    if loss.kind in api.CROSS_ENTROPIES and prediction is not None:
        _compare(reader, loss.kind, settings, prediction, node, loss.node)
    elif loss.kind in api.DIVERGENCES and prediction is not None:
        _compare(reader, loss.kind, {}, prediction, node, None)
    over_one.predicted(reader, loss.kind, prediction, node)
    if loss.kind in _REGRESSIONS and loss.kind[:1].islower() and reader.generation == "2":
        target = given.get("y_true")
        if target is not None and prediction is not None:
            broadcast(reader, node, target, prediction)
    result = Tensor(flow, "tensor", loss=1, made=reader.path(node), traced=reader.frame.traced)
    replicas.loss_taken(reader, loss, result)
    reduction = loss.arguments.get("reduction")
    if loss.kind[:1].islower() or shapes.keeps_examples(reduction):
        result.shape = shapes.of_examples(prediction)
    if loss.kind[:1].isupper():
        undivided.mean_taken(reader, reduction, result, node)
    if isinstance(reduction, Constant) and reduction.value == "sum":
        reader.facts.batches.sums.update(dict.fromkeys(result.tokens, node))
    if loss.kind[:1].islower() and loss.kind in api.CROSS_ENTROPIES:
        weighing.per_item(reader, prediction, result, node)
    return result


def logit_loss(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A cross-entropy of `tf.nn`, `keras.ops` or `keras.backend`."""
    short = last(name)
    if name in api.LOGIT_LOSSES:
        given = dict(zip(("labels", "logits"), arguments, strict=False)) | keywords
        prediction = given.get("logits")
        if prediction is not None:
            _compare(reader, short, {"from_logits": Constant(True)}, prediction, node, None)
            over_one.predicted(reader, short, prediction, node)
    else:
        given = dict(zip(("target", "output"), arguments, strict=False)) | keywords
        prediction = given.get("output")
        if prediction is not None:
            _compare(reader, short, dict(keywords), prediction, node, node)
    flow = merge(reader.read(value, node) for value in (*arguments, *keywords.values()))
    result = Tensor(flow, "tensor", loss=1, made=reader.path(node), traced=reader.frame.traced)
    if short.startswith(("softmax", "sparse_softmax")):
        result.shape = shapes.of_examples(prediction)
    elif name in api.LOGIT_LOSSES and short != "ctc_loss" and prediction is not None:
        result.shape = shapes.of(prediction)
    weighing.per_item(reader, prediction, result, node)
    return result


def _compare(
    reader: Reader,
    kind: str,
    settings: Keywords,
    prediction: Value,
    node: ast.AST,
    flag: ast.AST | None,
) -> None:
    if not isinstance(prediction, Tensor) or prediction.ending is None or reader.silent:
        return
    given = settings.get("from_logits")
    if given is not None and not isinstance(given, Constant):
        return
    logits = bool(given.value) if isinstance(given, Constant) else False
    probability = prediction.ending in ("softmax", "sigmoid")
    linear = prediction.ending in ("linear", "log_softmax")
    if (logits and probability) or (not logits and linear):
        _mismatch(reader, kind, prediction, node, flag, logits=logits)


def logarithm(reader: Reader, prediction: Tensor, node: ast.AST) -> None:
    """`tf.nn.log_softmax(prediction)`: it takes logits, as a loss from them would."""
    if prediction.ending == "softmax" and reader.active and not reader.silent:
        _mismatch(reader, "log_softmax", prediction, node, None, logits=True)


def _mismatch(
    reader: Reader,
    kind: str,
    prediction: Tensor,
    node: ast.AST,
    flag: ast.AST | None,
    *,
    logits: bool,
) -> None:
    """A cross-entropy is given the other kind of prediction."""
    spot = reader.spot
    ender = prediction.ender
    made = ender.node if isinstance(ender, Layer) else ender
    reader.facts.losses[
        LossCall(
            spot(node),
            kind,
            logits,
            prediction.ending or "",
            spot(flag) if flag is not None else None,
            spot(made) if isinstance(made, ast.AST) else None,
        )
    ] = None


def compiled_loss(
    reader: Reader, loss: Value | None, target: Value, output: Value, node: ast.AST
) -> Value:
    """What `fit` computes with the loss given to `compile`."""
    target = _aligned(target, output)
    if isinstance(loss, LossFunction):
        return loss_called(reader, loss, [target, output], {}, node)
    named = isinstance(loss, Constant) and isinstance(loss.value, str)
    if named and isinstance(output, Tensor):
        kind = str(getattr(loss, "value", ""))
        return loss_called(reader, LossFunction(kind, node), [target, output], {}, node)
    if isinstance(loss, Library):
        return loss_called(reader, LossFunction(last(loss.name), node), [target, output], {}, node)
    if isinstance(loss, Function | Instance | Bound | Partial):
        if reader.frame.traced is not None and isinstance(target, Tensor):
            reader.facts.traced_inputs.setdefault(id(reader.frame.traced), []).append(target)
        return reader.call(loss, [target, output], {}, node)
    if isinstance(loss, ListValue | DictValue):
        return _joint_loss(reader, loss, output, node)
    if loss is None or isinstance(loss, Constant):
        return Tensor(reader.read(output, node))
    return Unknown("loss", flow=reader.read(output, node))


def _joint_loss(
    reader: Reader, losses: ListValue | DictValue, output: Value, node: ast.AST
) -> Value:
    """The sum of the losses of several outputs; one of the program's own may read weights, too."""
    items = losses.items if isinstance(losses, ListValue) else list(losses.items.values())
    own = [
        compiled_loss(reader, one, Tensor(), output, node)
        for one in items
        if isinstance(one, Function | Instance | Bound | Partial)
    ]
    flow = merge(reader.read(one, node) for one in (output, *own))
    return Tensor(flow, loss=1)


def _aligned(target: Value, output: Value) -> Value:
    """The target as the compiled loss gets it: a column, if the output is one."""
    first, second = shapes.of(target), shapes.of(output)
    if not isinstance(target, Tensor) or not first or not second or len(first) > len(second):
        return target
    # Tried with Keras 3.15.1 and tf-keras 2.21.0, own functions included.
    if shapes.makes_a_table(first, second):
        return replace(target, shape=(first[0], *second[1:]))
    return target


def broadcast(reader: Reader, node: ast.AST, left: Value, right: Value) -> None:
    """Two operands meet elementwise."""
    if reader.silent or not reader.active:
        return
    first, second = shapes.of(left), shapes.of(right)
    if shapes.makes_a_table(first, second):
        # One side has to come from what trains, or it is a table on purpose.
        live = any(isinstance(value, Tensor) and value.flow for value in (left, right))
        both = all(isinstance(value, Tensor) for value in (left, right))
        if live and both and first is not None and second is not None:
            meet(reader, node, first, second)
    elif isinstance(node, ast.BinOp):
        for part, other in ((node.left, second), (node.right, first)):
            if other is not None and len(other) == 2 and other[1] != 1:
                # `|a|^2 + |b|^2 - 2ab`: a table that meets a table is meant to be one.
                where = reader.spot(part)
                for one in [one for one in reader.facts.broadcasts if one.at == where]:
                    del reader.facts.broadcasts[one]


def labels_in_a_column(
    reader: Reader, node: ast.AST, operands: tuple[tuple[Value, ast.AST], ...]
) -> None:
    """One-hot rows of labels of shape `(n, 1)` meet predictions of shape `(n, c)`."""
    if reader.silent or not reader.active or len(operands) != 2:
        return
    for (labels, text), (scores, other) in (operands, operands[::-1]):
        if not isinstance(labels, Tensor) or not isinstance(scores, Tensor) or not scores.flow:
            continue
        rows, table = shapes.of(labels), shapes.of(scores)
        made = labels.made[-1] if labels.made else None
        hot = isinstance(made, ast.Call) and name_of(made.func) == "one_hot"
        if hot and rows and table and shapes.meets_every_row(rows, table):
            reader.facts.broadcasts[
                Broadcast(
                    reader.spot(node),
                    reader.spot(text),
                    reader.spot(other),
                    shapes.words(rows),
                    shapes.words(table),
                    "",
                )
            ] = None


def meet(reader: Reader, node: ast.AST, left: shapes.Shape, right: shapes.Shape) -> None:
    """Says that `(n,)` meets `(n, 1)`."""
    spot = reader.spot
    if isinstance(node, ast.BinOp):
        first, second = spot(node.left), spot(node.right)
    elif isinstance(node, ast.Call) and len(node.args) > 1:
        first, second = spot(node.args[0]), spot(node.args[1])
    else:
        return
    flat = "left" if len(left) < len(right) else "right"
    reader.facts.broadcasts[
        Broadcast(spot(node), first, second, shapes.words(left), shapes.words(right), flat)
    ] = None


def custom_gradient(reader: Reader, function: Function, result: Value, node: ast.AST) -> None:
    """A function with its own gradient was called."""
    if not reader.silent:
        habits.ignores_upstream(reader, function, result)
        habits.gives_too_few(reader, function, result)
