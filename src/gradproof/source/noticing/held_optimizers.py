"""Optimizers that a traced function holds while others take their place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import (
    Constant,
    DictValue,
    Function,
    Instance,
    Layer,
    Optimizer,
    Scope,
    Unknown,
    Value,
    Variable,
)
from . import habits
from .rounds import of

if TYPE_CHECKING:
    from ..reader import Reader


_NEW_TRACE = Variable | Layer | Optimizer | Instance


def _is_optimizer(value: Value | None) -> bool:
    return isinstance(value, Optimizer) or (
        isinstance(value, Instance) and value.of.base == "optimizer"
    )


def _ways(value: Value | None) -> tuple[Value | None, ...]:
    """What a value may be, where a branch may have put another in its place."""
    return value.either if isinstance(value, Unknown) and value.either else (value,)


def state_read(
    reader: Reader,
    scope: Scope | DictValue,
    name: str,
    function: Function,
    value: Value,
    node: ast.AST,
) -> None:
    """A traced function looks up an optimizer, by a name or in a dict."""
    if any(map(_is_optimizer, _ways(value))):
        of(reader).held.setdefault((id(scope), name), (scope, function, value, node))


def state_written(
    reader: Reader, scope: Scope | DictValue, name: str, value: Value, node: ast.AST
) -> None:
    """An optimizer is put in the place of another."""
    rounds = of(reader)
    held = rounds.held.get((id(scope), name))
    if held is None or held[0] is not scope:
        return
    made = getattr(value, "node", None)
    ways = _ways(held[2])
    nodes = [getattr(one, "node", None) for one in ways]
    again = nodes.count(made) == len(nodes)
    if len(ways) > 1 and (again or not all(map(_is_optimizer, ways))):
        return
    if again and reader.frame.guarded:
        # `if step == 0: optimizer = ...` is met in both rounds of a loop.
        return
    if reader.speculative and made is getattr(held[2], "node", None):
        # The same line again, in a function that the file itself never calls.
        return
    if _is_optimizer(value) and value is not held[2]:
        rounds.swapped[id(scope), name] = node
    else:
        rounds.swapped.pop((id(scope), name), None)


def traced_call(reader: Reader, function: Function, arguments: list[Value]) -> None:
    """A traced function is called; an optimizer it holds may have been replaced."""
    rounds = of(reader)
    # A method is traced for each object by itself.
    owner = id(arguments[0]) if function.owner is not None and arguments else 0
    given: list[object] = [value for value in arguments if isinstance(value, _NEW_TRACE)]
    given += [repr(value.value) for value in arguments if isinstance(value, Constant)]
    known = rounds.signatures.setdefault((id(function), owner), [])
    rounds.tracing[id(function)] = []
    if given not in known:
        known.append(given)
        rounds.tracing[id(function)] = rounds.traces.setdefault((id(function), owner), [])
        rounds.tracing[id(function)].append({})
    objects: list[Value] = [value for value in arguments if isinstance(value, _NEW_TRACE)]
    before = rounds.given.setdefault(id(function), objects)
    if any(all(value is not known for known in before) for value in objects):
        # An object that it has not met: traced again, with what stands there now.
        rounds.given[id(function)] = objects
        return
    for key, node in rounds.swapped.items():
        scope, holder, _, read = rounds.held[key]
        if holder is not function:
            continue
        receiver = arguments[0] if arguments else None
        own = isinstance(receiver, Instance) and _holds(receiver.attributes, scope)
        if _holds(reader.module, scope) or own or not isinstance(receiver, Instance):
            others = ((reader.spot(read), "looked up once, when it was traced"),)
            spot = reader.spot(node)
            habits.remark(reader, "optimizer-swapped-under-trace", spot, function.name, (), others)


def applied(reader: Reader, optimizer: Optimizer, node: ast.AST) -> None:
    """A traced function hands gradients to an optimizer that its first call did not have.

    What an optimizer keeps it makes at its first step, and a function may make variables in
    its first call alone.
    """
    rounds, traced = of(reader), reader.frame.traced
    calls = rounds.tracing.get(id(traced), []) if traced is not None else []
    if not calls or traced is None or reader.silent or reader.speculative:
        return
    calls[-1][id(optimizer)] = optimizer
    before = [one for call in calls[:-1] for one in call.values()]
    plain = optimizer.kind == "SGD" and "momentum" not in optimizer.arguments
    known = optimizer.built or any(one.optimizer is optimizer for one in rounds.applied)
    if not calls[0] or not before or known or optimizer in before or optimizer.custom is not None:
        return
    if any(traced.node in reader.around(one) for one in optimizer.path):
        # Made in the trace, which is another fault.
        return
    if (plain and reader.generation != "2") or any(map(_runs_eagerly, reader.lines)):
        return
    spot = reader.spot(node)
    topic, others = "optimizer-swapped-under-trace", ((reader.spot(optimizer.node), "made here"),)
    habits.remark(reader, topic, spot, traced.name, ("second",), others)


def _runs_eagerly(line: str) -> bool:
    return "run_functions_eagerly" in line


def _holds(names: Scope, place: Scope | DictValue) -> bool:
    """Says whether these are the names, or one of them stands for the dict."""
    return names is place or any(value is place for value in names.names.values())
