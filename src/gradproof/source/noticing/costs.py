"""Habits that cost time and lose no update: traces made anew, steps that run eagerly."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import Spot
from ..joining import flow_of
from ..values import Asked, Constant, Function, Layer, Optimizer, Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


def traced_in_loop(reader: Reader, function: Function, node: ast.AST) -> None:
    """A traced function is defined again and again."""
    traced = function.traced
    if traced is None or reader.speculative:
        return
    # A comprehension keeps what it makes: a function for each model, say.
    if (
        any(frame.looping > frame.gathering for frame in (*reader.frames, reader.frame))
        and not _has_new_optimizer(reader, function)
        and not _trains_others(reader, function)
    ):
        place = traced if isinstance(traced, ast.AST) else node
        habits.remark(reader, "tracing-cost", reader.spot(place), "defined", (function.name,))


def traced_for_one_call(reader: Reader, function: Function, node: ast.AST) -> None:
    """`tf.function(step)(batch)` in a loop: each call has a trace of its own."""
    made = function.traced
    if not isinstance(made, ast.Call) or not isinstance(node, ast.Call) or reader.speculative:
        return
    if not any(frame.looping > frame.gathering for frame in reader.frames):
        return
    if node.func is made or any(
        frame.function is not None and _makes_its_own(frame.function.node, made, node)
        for frame in reader.frames[-1:]
    ):
        habits.remark(reader, "tracing-cost", reader.spot(made), "defined", (function.name,))


def _makes_its_own(caller: ast.AST, made: ast.Call, call: ast.Call) -> bool:
    """A function gives a name of its own to the traced function that it makes and calls once."""
    names: list[str] = []
    read: list[str] = []
    loops: list[set[ast.AST]] = []
    for one in ast.walk(caller):
        if isinstance(one, ast.Assign) and any(part is made for part in ast.walk(one.value)):
            names = [getattr(target, "id", "") for target in one.targets]
        elif isinstance(one, ast.Global | ast.Nonlocal):
            read += one.names
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
            read.append(one.id)
        elif isinstance(one, ast.For | ast.While | ast.ListComp | ast.GeneratorExp):
            loops.append({*ast.walk(one)})
    together = all((made in loop) == (call in loop) for loop in loops)
    mine = len(names) == 1 and read.count(names[0]) == 1
    return mine and together and call in {*ast.walk(caller)}


def _has_new_optimizer(reader: Reader, function: Function) -> bool:
    """Says whether the function trains what this round has made: it has to be a new one."""
    rounds = reader.facts.rounds
    now = tuple(rounds.loops)
    made = [rounds.made.get(id(one)) for one in _used(reader, function, Optimizer)]
    return any(one is not None and one[1] and one[1] == now for one in made)


def _trains_others(reader: Reader, function: Function) -> bool:
    """Says whether the function trains other networks than in the round before, as far as known."""
    now = {id(one) for one in _used(reader, function, Layer, Optimizer)}
    stepped = reader.facts.habits.stepped
    before = stepped.get(id(function.node))
    stepped[id(function.node)] = now
    return bool(now) and (before is None or not now & before)


def _used(reader: Reader, function: Function, *kinds: type) -> list[object]:
    """What the names in a function stand for where it is defined, if it is of these kinds."""
    names = {one.id for one in ast.walk(function.node) if isinstance(one, ast.Name)}
    scopes = reader.frame.scopes
    held = [next((s.names[name] for s in scopes if name in s.names), None) for name in names]
    return [one for one in held if isinstance(one, kinds)]


def number_given(reader: Reader, function: Function, arguments: list[Value], node: ast.AST) -> None:
    """A traced function gets a Python number that changes from call to call."""
    if not isinstance(node, ast.Call) or reader.speculative:
        return
    for value, argument in zip(arguments[-len(node.args) :], node.args, strict=False):
        known = reader.facts.habits.numbers.setdefault(id(argument), value)
        changed = (
            isinstance(value, Constant)
            and isinstance(known, Constant)
            and type(value.value) in (int, float)
            and value.value != known.value
        )
        if _is_truth(argument):
            # It has two values, and a trace for each.
            continue
        if changed or (isinstance(value, Tensor) and value.form == "number" and not flow_of(value)):
            habits.remark(reader, "tracing-cost", reader.spot(argument), "number", (function.name,))


def _is_truth(node: ast.expr) -> bool:
    """`step % 3 == 0`, `not warm`."""
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return negated or isinstance(node, ast.Compare)


def eager_step(reader: Reader, asked: Asked) -> None:
    """A step that runs eagerly in a loop within a loop."""
    frame = reader.frame
    if reader.runs_eagerly or reader.speculative or reader.tapes:
        return
    if frame.function is None:
        _long_loop(reader, asked)
    if frame.traced is not None or frame.function is None:
        return
    loops = sum(one.looping for one in reader.frames)
    if not any(one.long_loops for one in reader.frames):
        return
    node = frame.function.node
    if loops >= 2 and isinstance(node, ast.FunctionDef) and node.name != "train_step_eager":
        line = Spot(reader.head(node), f"def {node.name}")
        habits.remark(reader, "uncompiled-step", line, f"`{node.name}`")


_LONG = 1000
"""Rounds of a loop that is plainly long."""


def _long_loop(reader: Reader, asked: Asked) -> None:
    """`for step in range(5000):`, in the file itself, which runs each of its steps eagerly."""
    for loop in reader.around(asked.node):
        call = loop.iter if isinstance(loop, ast.For) else None
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "range" or not call.args:
            continue
        rounds = reader.evaluate(call.args[min(1, len(call.args) - 1)])
        known = isinstance(rounds, Constant) and type(rounds.value) is int
        if known and rounds.value >= _LONG:  # type: ignore[union-attr, operator]
            spot = reader.spot(call)
            words = "the body of this loop"
            habits.remark(reader, "uncompiled-step", spot, words, (str(rounds.value),))  # type: ignore[union-attr]
            return
