"""Learning rates that an optimizer has copied, and others write or a schedule would change."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .values import Instance, Optimizer, Other, Scope, Value, Variable

if TYPE_CHECKING:
    from .reader import Reader


def taken(reader: Reader, optimizer: Optimizer, value: Value, node: ast.Call) -> None:
    """An optimizer gets its learning rate from a variable or a name."""
    # Keras 3 refuses a variable by itself.
    if isinstance(value, Variable) and reader.generation != "3":
        reader.facts.habits.rate_variables.append((value, reader.spot(node)))
    given = next((k.value for k in node.keywords if k.arg == "learning_rate"), None)
    argument = given or (node.args[0] if node.args else None)
    if argument is not None and _asks_a_schedule_once(reader, argument):
        reader.facts.habits.rates_asked_once.append((optimizer, reader.spot(node)))
    if isinstance(argument, ast.Attribute):
        holder = reader.evaluate(argument.value)
        if isinstance(holder, Instance):
            reader.facts.habits.rate_names[id(holder.attributes), argument.attr] = optimizer


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
