"""Python's own functions of numbers: `range`, `len`, `float`, `sum`, `max` and their like."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import escaping
from ..flow import cut, merge
from ..framework import arithmetic, parts
from ..noticing import sparse
from ..values import Constant, Dataset, Group, ListValue, Tensor, Unknown, Value, Zip
from . import binding

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def _range(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    known = [
        value.value
        for value in arguments
        if isinstance(value, Constant) and isinstance(value.value, int)
    ]
    if len(known) == len(arguments) and known:
        numbers = range(*known[:3]) if len(known) < 3 or known[2] != 0 else range(0)
        if len(numbers) <= 16:
            return ListValue([Constant(number, node) for number in numbers])
    return Dataset(Tensor(form="number"))


def _len(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    value = arguments[0] if arguments else None
    if isinstance(value, ListValue) and value.exact:
        # Of variables, the lists that they were put together of tell more than a number.
        known = not any(isinstance(item, Group) for item in value.items)
        single = parts.spread(value.items) if known else None
        if single is not None:
            return Constant(len(single), node)
    if isinstance(value, Tensor) and value.shape and value.shape[0] is not None:
        return Constant(value.shape[0], node)
    if isinstance(value, ListValue) and value.exact:
        return Tensor(form="number", counts=tuple(value.items))
    return Tensor(form="number")


def _float(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    if not arguments:
        return Constant(0)
    value = arguments[0]
    if isinstance(value, Constant):
        named = node.func if isinstance(node, ast.Call) else None
        whole = isinstance(named, ast.Name) and named.id == "int"
        return _computed(int if whole else float, [value]) or Tensor(form="number")
    escaping.look(reader, value)
    name = (
        node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else "float"
    )
    flow = cut(reader.read(value, node), "numpy", f"{name}()", reader.path(node), reader.active)
    return Tensor(flow, "number", made=reader.path(node))


_NUMBERS: dict[str, Callable[..., int | float]] = {"max": max, "min": min, "round": round}


def _computed(function: Callable[..., int | float], values: list[Value]) -> Constant | None:
    """What a function of Python gives for numbers that are known, or for the text of one."""
    given = [one.value for one in values if isinstance(one, Constant)]
    plain = all(isinstance(one, int | float | str) for one in given)
    if not plain or len(given) < len(values):
        return None
    try:
        return Constant(function(*given), getattr(values[0], "node", None))
    except (ValueError, TypeError, OverflowError):
        return None


def _sum(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    if not arguments:
        return None
    value = arguments[0]
    if (
        isinstance(value, ListValue)
        and value.items
        and all(isinstance(i, ListValue) for i in value.items)
    ):
        joined = ListValue([], value.exact)
        for item in value.items:
            assert isinstance(item, ListValue)
            joined.items.extend(item.items)
            joined.exact = joined.exact and item.exact
        return joined
    if isinstance(value, ListValue | Zip | Dataset):
        items, _ = binding.elements(reader, value, node)
        if len(arguments) == 1:
            sparse.summed(reader, items, node)
        flow = merge(reader.read(item, node) for item in items)
        form = (
            "tensor"
            if any(isinstance(i, Tensor) and i.form == "tensor" for i in items)
            else "unknown"
        )
        kinds = {item.loss for item in items if isinstance(item, Tensor)}
        result = Tensor(
            flow, form, loss=kinds.pop() if len(kinds) == 1 else 0, made=reader.path(node)
        )
        arithmetic.dead_terms(reader, items, result)
        return result
    return None


def _extreme(
    reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value | None:
    named = node.func if isinstance(node, ast.Call) else None
    function = _NUMBERS.get(named.id) if isinstance(named, ast.Name) else None
    if function is not None and not keywords and len(arguments) > 1:
        known = _computed(function, arguments)
        if known is not None:
            return known
    if all(isinstance(value, Constant | Tensor | Unknown) for value in arguments):
        flow = merge(
            reader.read(value, node) for value in arguments if not isinstance(value, Unknown)
        )
        number = all(
            isinstance(v, Constant | Unknown) or (isinstance(v, Tensor) and v.form == "number")
            for v in arguments
        )
        return Tensor(flow, "number" if number else "unknown", made=reader.path(node))
    return None


def _abs(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.AST) -> Value | None:
    if arguments and isinstance(arguments[0], Tensor):
        value = arguments[0]
        return Tensor(
            reader.read(value, node), value.form, value.shape, loss=1, made=reader.path(node)
        )
    return None


FUNCTIONS = {
    "range": _range,
    "len": _len,
    "float": _float,
    "int": _float,
    "bool": _float,
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    "round": _extreme,
    "abs": _abs,
}
