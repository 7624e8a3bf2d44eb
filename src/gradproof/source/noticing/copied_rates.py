"""Learning rates that an optimizer has copied, and others write or a schedule would change."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import Instance, Optimizer, Other, Scope, Value, Variable

if TYPE_CHECKING:
    from ..reader import Reader


def taken(reader: Reader, optimizer: Optimizer, value: Value, node: ast.Call) -> None:
    """An optimizer gets its learning rate from a variable or a name."""
    # Keras 3 refuses a variable by itself.
    if isinstance(value, Variable) and reader.generation != "3":
        reader.facts.habits.rate_variables.append((value, reader.spot(node)))
    given = next((k.value for k in node.keywords if k.arg == "learning_rate"), None)
    argument = given or (node.args[0] if node.args else None)
    if argument is not None and _asks_a_schedule_once(reader, argument):
        reader.facts.habits.rates_asked_once.append((optimizer, reader.spot(node)))
    read = _number_of(reader, argument)
    if read is not None:
        made = reader.facts.habits.rate_values
        made[reader.spot(node)] = (optimizer, read)
        if read.assigned:  # made with the new value, maybe anew for each phase
            del made[reader.spot(node)]
    if isinstance(argument, ast.Attribute):
        holder = reader.evaluate(argument.value)
        if isinstance(holder, Instance):
            reader.facts.habits.rate_names[id(holder.attributes), argument.attr] = optimizer


def _number_of(reader: Reader, argument: ast.expr | None) -> Variable | None:
    """The variable whose number is taken: `float(rate)`, `rate.numpy()`."""
    called = argument.func if isinstance(argument, ast.Call) else None
    inner: ast.expr | None = None
    if isinstance(argument, ast.Call) and isinstance(called, ast.Name) and called.id == "float":
        inner = argument.args[0] if len(argument.args) == 1 else None
    elif isinstance(called, ast.Attribute) and called.attr in ("numpy", "item"):
        inner = called.value
    if isinstance(inner, ast.Name | ast.Attribute):
        value = reader.evaluate(inner)
        return value if isinstance(value, Variable) else None
    return _number_of(reader, inner) if inner is not None else None


def _asks_a_schedule_once(reader: Reader, argument: ast.expr) -> bool:
    """`float(schedule(0))`: a number of the first step."""
    return any(
        isinstance(asked, ast.Call)
        and isinstance(asked.func, ast.Name | ast.Attribute)
        and [type(given) for given in asked.args] == [ast.Constant]
        and isinstance(callee := reader.evaluate(asked.func), Other)
        and callee.kind == "schedule"
        for asked in ast.walk(argument)
    )


def name_written(reader: Reader, scope: Scope, name: str, node: ast.AST) -> None:
    """The name whose value an optimizer copied gets another value."""
    optimizer = reader.facts.habits.rate_names.get((id(scope), name))
    frame = reader.frame
    initial = frame.function is not None and frame.function.name == "__init__"
    if optimizer is not None and not initial:
        reader.facts.habits.rate_writes.append((optimizer, reader.spot(node)))
