"""Weights that samples are given, and that a loss leaves aside."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..joining import flow_of
from ..python.methods import own_attribute
from ..values import Class, Constant, Function, Instance, Layer, Tensor, Unknown, Value
from . import habits, unread

if TYPE_CHECKING:
    from ..reader import Reader

_UNPACKS = frozenset({"unpack_x_y_sample_weight"})


def class_made(reader: Reader, cls: Class) -> None:
    """A model's own `train_step` is read."""
    if cls.base != "model" or reader.silent:
        return
    for method in cls.node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "train_step":
            found = _unpacking(method)
            if found is not None and len(found[0].elts) == 3 and _trains(method):
                _unused(reader, method, *found)


def fitted(reader: Reader, thing: Layer | Instance, keywords: dict[str, Value]) -> None:
    """`fit` is given weights; the model's own step has to take them."""
    weights = [keywords.get(name) for name in ("sample_weight", "class_weight")]
    given = any(
        one is not None and not (isinstance(one, Constant) and one.value is None) for one in weights
    )
    step = thing.of.members.get("train_step") if isinstance(thing, Instance) else None
    if not given or not isinstance(step, Function) or not isinstance(step.node, ast.FunctionDef):
        return
    if not _trains(step.node):
        return
    taking = _handed_whole(thing, step.node)
    found = _unpacking(taking)
    if found is None:
        for taken in _taken_by_index(taking):
            habits.remark(reader, "sample-weight-ignored", reader.spot(taken), "two")
        return
    target, node = found
    if len(target.elts) == 2 and _name(node.value) not in _UNPACKS:
        habits.remark(reader, "sample-weight-ignored", reader.spot(target), "two")
    elif len(target.elts) == 3:
        third = target.elts[2]
        if isinstance(third, ast.Name) and not _weighs(taking, third.id):
            _tell(reader, taking, target, third.id)


def _handed_whole(thing: Layer | Instance, step: ast.FunctionDef) -> ast.FunctionDef:
    """The method that a step gives its data to as they came, or the step."""
    given = [argument.arg for argument in step.args.args if argument.arg != "self"]
    calls = [
        node
        for node in ast.walk(step)
        if isinstance(node, ast.Call) and own_attribute(node.func) and not node.keywords
        if len(node.args) == 1 and _name(node.args[0]) in given[:1]
    ]
    methods = {own_attribute(call.func) for call in calls}
    read = len(list(_loading(step, given[0]))) if given else 0
    if not isinstance(thing, Instance) or len(methods) != 1 or read != len(calls):
        return step
    method = thing.of.members.get(methods.pop())
    taking = method.node if isinstance(method, Function) else step
    return taking if isinstance(taking, ast.FunctionDef) else step


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _trains(method: ast.AST) -> bool:
    return any(_name(node) == "GradientTape" for node in ast.walk(method))


def _unpacking(method: ast.FunctionDef) -> tuple[ast.Tuple, ast.Assign] | None:
    """Where a step takes its data apart, if it does that once and nothing else."""
    given = [argument.arg for argument in method.args.args if argument.arg != "self"]
    if not given:
        return None
    data = given[0]
    found = [
        (node.targets[0], node)
        for node in ast.walk(method)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Tuple)
        and (
            (isinstance(node.value, ast.Name) and node.value.id == data)
            or (_name(node.value) in _UNPACKS and data in _names(node.value))
        )
    ]
    if len(found) != 1 or len(list(_loading(method, data))) != 1:
        return None
    target, node = found[0]
    plain = all(isinstance(part, ast.Name) for part in target.elts[:2])
    return (target, node) if plain else None


def _taken_by_index(method: ast.FunctionDef) -> list[ast.Subscript]:
    """`data[1]`, of a step that takes inputs and targets by their places and nothing else."""
    given = [argument.arg for argument in method.args.args if argument.arg != "self"]
    taken = [
        node
        for node in ast.walk(method)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in given[:1]
    ]
    places = [getattr(node.slice, "value", None) for node in taken]
    if sorted(map(str, places)) != ["0", "1"] or len(list(_loading(method, given[0]))) != 2:
        return []
    return [node for node, place in zip(taken, places, strict=True) if place == 1]


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _loading(method: ast.AST, name: str) -> Iterator[ast.Name]:
    for node in ast.walk(method):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _weighs(method: ast.AST, name: str) -> bool:
    """Says whether anything but a metric is given the weights."""
    measured = {
        id(one)
        for node in ast.walk(method)
        if isinstance(node, ast.Call) and _name(node.func) in _METRICS
        for one in _loading(node, name)
    }
    return any(id(one) not in measured for one in _loading(method, name))


_METRICS = frozenset({"update_state", "compute_metrics", "update_metrics"})


def _unused(reader: Reader, method: ast.FunctionDef, target: ast.Tuple, node: ast.Assign) -> None:
    third = target.elts[2]
    if not isinstance(third, ast.Name) or _weighs(method, third.id):
        return
    named = re.match(unread.WEIGHTS, third.id) is not None
    if named or (_name(node.value) in _UNPACKS and not third.id.startswith("_")):
        _tell(reader, method, target, third.id)


def _tell(
    reader: Reader, method: ast.FunctionDef | ast.For, given: ast.AST, name: str = ""
) -> None:
    """Says at the loss what it leaves aside."""
    measured = next(_loading(method, name), None) is not None
    loss = _loss(method)
    others = ((reader.spot(given), "the weights are here"),) if loss is not None else ()
    spot = reader.spot(loss or given)
    words = "measured" if measured else "unused"
    habits.remark(reader, "sample-weight-ignored", spot, words, (), others)


def _loss(method: ast.AST) -> ast.AST | None:
    """What is assigned last to the name whose gradient is asked for."""
    asked = [
        node.args[0].id
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
        and _name(node.func) in ("gradient", "minimize", "compute_gradients")
        and node.args
        and isinstance(node.args[0], ast.Name)
    ]
    made = [
        node.value
        for node in ast.walk(method)
        if isinstance(node, ast.Assign)
        and any(isinstance(one, ast.Name) and one.id in asked for one in node.targets)
    ]
    return made[-1] if made else None


def function_made(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A step takes weights by name, or makes a mask, and never looks at them."""
    if reader.silent or not isinstance(node, ast.FunctionDef) or not _trains(node):
        return
    given, made = unread.names(reader, node)
    for name, argument in given.items():
        if "_" in name and re.match(unread.WEIGHTS, name):
            _tell(reader, node, argument)
    for one in made:
        loss = _loss(node)
        if loss is not None:
            unread.idle(reader, one, reader.spot(loss))


def step_called(reader: Reader, function: Function, given: dict[str, Value]) -> None:
    """A step is handed data as `weights`, beside inputs and targets, and never looks at them."""
    definition = function.node
    if reader.silent or reader.speculative or not isinstance(definition, ast.FunctionDef):
        return
    left, _ = unread.names(reader, definition)
    for name, argument in left.items():
        value = given.get(name)
        data = isinstance(value, Tensor) or (isinstance(value, Unknown) and value.data)
        short = "_" not in name and re.match(unread.WEIGHTS, name)
        if value is None or not data or flow_of(value) or not short or len(given) < 3:
            continue
        if _trains(definition):
            _tell(reader, definition, argument)
