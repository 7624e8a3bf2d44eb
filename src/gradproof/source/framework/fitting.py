"""What `fit` does: the model's own `train_step`, or that of Keras."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..escaping import mark_updated
from ..noticing import averaging, rates, trainable_flips
from ..python import attributes
from ..values import (
    Bound,
    Constant,
    DictValue,
    Function,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Other,
    Tensor,
    Unknown,
    Value,
)
from . import applying, tapes
from .optimizers import mark_all

if TYPE_CHECKING:
    from ..reader import Reader

Arguments = list[Value]
Keywords = dict[str, Value]

_NO_FUNCTION = ast.Lambda(
    ast.arguments([], [], None, [], [], None, []), ast.Constant(None), lineno=1, col_offset=0
)


def fit(
    reader: Reader,
    thing: Layer | Instance,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.Call,
) -> Value:
    """`model.fit(...)`: follows the model's own `train_step`, or Keras's."""
    x = arguments[0] if arguments else keywords.get("x", Unknown("x", data=True))
    y = arguments[1] if len(arguments) > 1 else keywords.get("y")
    data = _batch(x, y, keywords)
    given = thing.compiled if isinstance(thing, Instance) else thing.arguments
    callbacks = _callbacks(reader, thing, given, keywords.get("callbacks"))
    _call_back(reader, callbacks, _BEFORE, node)
    reader.facts.fitted(thing, given, keywords, node)
    step = attributes.member(thing.of, "train_step") if isinstance(thing, Instance) else None
    if isinstance(step, Function) and isinstance(thing, Instance):
        function = _train_function(reader, thing, step, given)
        reader.frame.looping += 1
        for _ in range(2):
            reader.call(Bound(thing, function), [data], {}, node)
            _call_back(reader, callbacks, _BETWEEN, node)
        reader.frame.looping -= 1
        return Other("history", "history")
    eager = keywords_say_eager(given) or reader.runs_eagerly
    frame = reader.frame
    before = frame.traced
    if not eager:
        frame.traced = before or Function(_NO_FUNCTION, (), traced=node, name="fit")
    _keras_step(reader, thing, given, data, node)
    frame.traced = before
    _call_back(reader, callbacks, _BETWEEN, node)
    if not eager:
        trainable_flips.fits(reader, thing, name)
    return Other("history", "history") if name == "fit" else Tensor(form="number")


def _train_function(reader: Reader, thing: Instance, step: Function, given: Keywords) -> Function:
    """What `fit` traces: once for each `compile`, unless it runs eagerly."""
    made = reader.facts.habits.train_functions.get(id(thing))
    if made is not None and made.node is step.node:
        return made
    eager = keywords_say_eager(given)
    function = Function(
        step.node,
        step.scopes,
        step.owner,
        step.traced or (None if eager else step.node),
        defaults=step.defaults,
        name=step.name,
    )
    if not eager:
        reader.facts.habits.train_functions[id(thing)] = function
    return function


_BEFORE = ("on_train_begin",)
_BETWEEN = (
    "on_epoch_begin",
    "on_train_batch_begin",
    "on_batch_begin",
    "on_train_batch_end",
    "on_batch_end",
    "on_epoch_end",
)


def _callbacks(
    reader: Reader, thing: Layer | Instance, compiled: Keywords, callbacks: Value | None
) -> list[Instance]:
    """The program's own callbacks, who know the model; others may set the learning rate."""
    given = callbacks.items if isinstance(callbacks, ListValue) else [callbacks]
    own = [one for one in given if isinstance(one, Instance)]
    optimizer = compiled.get("optimizer")
    scheduled = any(isinstance(one, Unknown) and not one.name.endswith(_CALM) for one in given)
    if isinstance(optimizer, Optimizer) and scheduled:
        rates.rate_replaced(reader, optimizer)
    for callback in own:
        callback.attributes.names.setdefault("model", thing)
        averaging.called_back(reader, callback.of)
    return own


_CALM = ("EarlyStopping", "ModelCheckpoint", "TensorBoard", "CSVLogger", "TerminateOnNaN")
"""Callbacks of the library that leave the learning rate as it is."""


def _call_back(
    reader: Reader, callbacks: list[Instance], moments: tuple[str, ...], node: ast.Call
) -> None:
    """What the program's own callbacks do before the first step, or between two of them."""
    for callback in callbacks:
        for moment in moments:
            method = attributes.member(callback.of, moment)
            if isinstance(method, Function):
                named = method.node.args if isinstance(method.node, ast.FunctionDef) else None
                numbered = named is not None and len(named.args) > 2
                given: Arguments = [Tensor(form="number")] if numbered else []
                reader.call(Bound(callback, method), [*given, DictValue({}, False)], {}, node)


def keywords_say_eager(given: Keywords) -> bool:
    """Says whether `compile` was told to run eagerly, or may have been."""
    flag = given.get("run_eagerly")
    return flag is not None and not (isinstance(flag, Constant) and flag.value is False)


def _batch(x: Value, y: Value | None, keywords: Keywords) -> Value:
    from ..values import Dataset

    if isinstance(x, Dataset):
        return x.element
    parts = [_as_batch(x)]
    if y is not None:
        parts.append(_as_batch(y))
    weight = keywords.get("sample_weight", keywords.get("class_weight"))
    if weight is not None and y is not None:
        parts.append(Tensor())
    if len(parts) == 1:
        # Keras 3 hands a bare array on as a tuple of one; programs look.
        return Unknown("data", data=True) if isinstance(x, Unknown) else parts[0]
    return ListValue(parts, fixed=True)


def _as_batch(value: Value) -> Value:
    if isinstance(value, ListValue):
        return ListValue([_as_batch(item) for item in value.items], value.exact, value.fixed)
    if isinstance(value, Tensor):
        shape = (None, *value.shape[1:]) if value.shape else None
        return Tensor({}, "tensor", shape, value.whole)
    return Unknown("data", data=True)


def _keras_step(
    reader: Reader, thing: Layer | Instance, given: Keywords, data: Value, node: ast.Call
) -> None:
    from . import losses, ownership

    inputs, targets = data, Tensor()
    if isinstance(data, ListValue) and data.fixed and len(data.items) >= 2:
        inputs, found = data.items[0], data.items[1]
        targets = found if isinstance(found, Tensor) else Tensor()
    loss = given.get("loss")
    tape = tapes.make_tape(reader, [], {}, node)
    optimizer = given.get("optimizer")
    with reader.recording(tape):
        output = reader.call(thing, [inputs], {"training": Constant(True)}, node)
        target = losses.compiled_loss(reader, loss, targets, output, node)
    sources = ownership.collection(reader, thing, "trainable", node)
    for item in sources.items:
        mark_updated(reader, item)
    if isinstance(target, Tensor) and loss is not None and target.flow:
        mark_all(reader, tapes.gradient(reader, tape, target, sources, node))
    if isinstance(optimizer, Optimizer):
        applying.meets(reader, optimizer, sources, node)
