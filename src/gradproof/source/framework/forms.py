"""Shapes and spellings of what operations give."""

from __future__ import annotations

import ast

from ..values import ListValue, Value
from . import api, shapes

Arguments = list[Value]
Keywords = dict[str, Value]


def written_as(node: ast.AST, name: str) -> str:
    """The operation as the program writes it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        try:
            return ast.unparse(node.func)
        except (ValueError, RecursionError):
            return name
    return name


_OF_TWO = frozenset(
    """subtract add multiply divide maximum minimum squared_difference greater greater_equal less
    less_equal equal not_equal logical_and logical_or""".split()
)
"""Operations that meet element by element."""


def shape_of(short: str, arguments: Arguments, keywords: Keywords) -> shapes.Shape | None:
    """The shape that an operation gives."""
    first = arguments[0] if arguments else next(iter(keywords.values()), None)
    if first is None:
        return None
    shape = shapes.of(first)
    axis = keywords.get("axis", arguments[1] if len(arguments) > 1 else None)
    if short in api.REDUCTIONS:
        keep = keywords.get("keepdims")
        third = arguments[2] if len(arguments) > 2 else None
        if keep is None and isinstance(getattr(third, "value", None), bool):
            keep = third
        return shapes.reduced(
            shape, axis, keep is not None and getattr(keep, "value", True) is not False
        )
    if short == "expand_dims":
        return shapes.expanded(shape, axis)
    if short == "squeeze":
        return shapes.squeezed(shape, axis)
    if short == "reshape":
        return shapes.reshaped(
            keywords.get(
                "shape", keywords.get("newshape", arguments[1] if len(arguments) > 1 else None)
            )
        )
    if short == "matmul" and len(arguments) > 1:
        if "transpose_b" in keywords or "transpose_a" in keywords:
            return None
        return shapes.product(shape, shapes.of(arguments[1]))
    if short == "one_hot":
        second = arguments[1] if len(arguments) > 1 else None
        depth = keywords.get("depth", keywords.get("num_classes", second))
        return (*shape, *(shapes.from_value(depth) or (None,))) if shape is not None else None
    if short in _OF_TWO and len(arguments) > 1:
        return shapes.broadcast(shape, shapes.of(arguments[1]))
    if short in ("constant", "convert_to_tensor", "Variable") and isinstance(
        keywords.get("shape"), ListValue
    ):
        return shapes.from_value(keywords["shape"])
    if isinstance(first, ListValue) and short in (
        "constant",
        "convert_to_tensor",
        "array",
        "asarray",
    ):
        return of_nested(first)
    if short == "stack" and isinstance(first, ListValue) and axis is None:
        return of_nested(first)
    if short in api.ELEMENTWISE or short == "cast":
        return shape
    return None


def of_nested(value: ListValue) -> shapes.Shape | None:
    """The shape of a nested list of numbers."""
    if not value.items:
        return None
    rows = {of_nested(one) if isinstance(one, ListValue) else shapes.of(one) for one in value.items}
    inner = rows.pop()
    if rows or inner is None:
        return None
    return (len(value.items) if value.exact else None, *inner)
