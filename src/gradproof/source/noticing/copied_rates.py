"""Learning rates that an optimizer has copied, and others write or a schedule would change."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ..values import Constant, Instance, Optimizer, Other, Scope, Tensor, Unknown, Value, Variable

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
    anew = [one for one in reader.facts.habits.rate_writes if one[0].node is node]
    for write in anew:  # whoever makes the optimizer anew takes the new value
        reader.facts.habits.rate_writes.remove(write)
    if not anew and isinstance(value, Constant | Tensor | Unknown):
        reader.facts.habits.rate_slots[id(value)] = (value, optimizer)
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


def slot_written(reader: Reader, before: Value | None, target: ast.AST) -> None:
    """What a name, an entry or an option held when an optimizer copied it is scaled down later.

    Whoever reads it for more than a report may use it by hand, or hand it on.
    """
    copied = reader.facts.habits.rate_slots.get(id(before))
    if copied is None or reader.silent or reader.frame.traced is not None:
        return
    optimizer = copied[1]
    around = list(reader.around(target))
    together = any(
        isinstance(one, ast.For | ast.While) and one in around
        for one in reader.around(optimizer.node)
    )
    if together or not _scales(around, target) or _used(reader, target, optimizer.node):
        return
    reader.facts.habits.rate_writes.append((optimizer, reader.spot(target)))


def config_written(reader: Reader, target: ast.Subscript) -> None:
    """`settings = optimizer.get_config()`, and then `settings["learning_rate"] *= 0.1`."""
    key, holder = target.slice, target.value
    if not isinstance(key, ast.Constant) or key.value not in ("learning_rate", "lr"):
        return
    if not isinstance(holder, ast.Name) or reader.silent:
        return
    home = reader.home(target)
    made = home.named.get(holder.id, [])
    call = made[0] if len(made) == 1 else None
    asked = call.func if isinstance(call, ast.Call) else None
    if not isinstance(asked, ast.Attribute) or asked.attr != "get_config":
        return
    optimizer = reader.evaluate(asked.value)
    whole = any(
        isinstance(one, ast.Name)
        and one.id == holder.id
        and isinstance(one.ctx, ast.Load)
        and not isinstance(list(reader.around(one))[-2], ast.Subscript)
        for one in home.nodes
    )
    if isinstance(optimizer, Optimizer) and not whole:
        reader.facts.habits.rate_writes.append((optimizer, reader.spot(target)))


def _scales(around: list[ast.AST], target: ast.AST) -> bool:
    """`rate *= 0.1`, `rate = max(rate / 2, least)`."""
    for one in around:
        if isinstance(one, ast.AugAssign):
            return one.target is target
        if isinstance(one, ast.Assign):
            text = ast.unparse(target)
            return any(ast.unparse(part) == text for part in ast.walk(one.value))
    return False


_REPORTS = re.compile(r"print|log|info|debug|append|write|scalar|format|postfix|round|float")


def _used(reader: Reader, target: ast.AST, made: ast.AST) -> bool:
    """Says whether anything but reports, conditions and the optimizer reads what is written."""
    functions = [
        one
        for one in reader.around(target)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    own = isinstance(target, ast.Name) and functions and not _declared(functions[-1], target.id)
    for node in ast.walk(functions[-1] if own else reader.home(target).tree):
        if _same(node, target) and not any(
            one is made
            or isinstance(one, ast.Compare | ast.JoinedStr)
            or (isinstance(one, ast.Assign) and any(_same(t, target, True) for t in one.targets))
            or (isinstance(one, ast.Call) and _REPORTS.search(ast.unparse(one.func)))
            for one in reader.around(node)
        ):
            return True
    return False


def _declared(function: ast.AST, name: str) -> bool:
    return any(
        isinstance(one, ast.Global | ast.Nonlocal) and name in one.names
        for one in ast.walk(function)
    )


def _same(node: ast.AST, target: ast.AST, stored: bool = False) -> bool:
    """Says whether a node reads (or, `stored`, writes) a name, attribute or entry of that name."""
    if isinstance(getattr(node, "ctx", ast.Load()), ast.Store) is not stored:
        return False
    if isinstance(target, ast.Name):
        return isinstance(node, ast.Name) and node.id == target.id
    if isinstance(target, ast.Attribute):
        return isinstance(node, ast.Attribute) and node.attr == target.attr
    key = getattr(getattr(target, "slice", None), "value", None)
    if isinstance(node, ast.Subscript):
        return getattr(node.slice, "value", None) == key
    called = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(called, ast.Attribute)
        and called.attr in ("get", "pop")
        and any(isinstance(one, ast.Constant) and one.value == key for one in node.args)  # type: ignore[attr-defined]
    )
