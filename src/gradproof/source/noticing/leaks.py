"""Tensors of a traced function that others read outside."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import DictValue, Function, ListValue, Scope, Tensor, Value
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader


def kept(
    reader: Reader, scope: Scope | DictValue, name: str, function: Function, node: ast.AST
) -> None:
    """A traced function puts one of its tensors where others can read it."""
    reader.facts.habits.leaked[id(scope), name] = (reader.spot(node), function.name)


def tensors(value: Value) -> list[Tensor]:
    """A tensor, or those of a list or tuple, such as one of gradients."""
    held = value.items if isinstance(value, ListValue) else [value]
    return [one for one in held if isinstance(one, Tensor)]


def replaced(reader: Reader, scope: Scope | DictValue, name: str) -> None:
    """Something else takes the place of such a tensor, outside of the function."""
    reader.facts.habits.leaked.pop((id(scope), name), None)


def put_into(reader: Reader, kept: ListValue, function: Function, node: ast.AST) -> None:
    """A traced function puts one of its tensors into a list from outside."""
    leaked = reader.facts.habits.leaked_lists
    leaked.setdefault(id(kept), (kept, reader.spot(node), function.name))


def list_read(reader: Reader, kept: ListValue, node: ast.AST) -> None:
    """Such a list is read outside the function."""
    found = reader.facts.habits.leaked_lists.get(id(kept))
    if found is not None and found[0] is kept:
        others = ((reader.spot(node), "read here, outside"),)
        remark(reader, "symbolic-tensor-leak", found[1], f"`{found[2]}`", (), others)


def name_read(
    reader: Reader, scope: Scope | DictValue, name: str, value: Value, node: ast.AST
) -> None:
    """Such a tensor is read outside the function, or in another that is traced."""
    found = reader.facts.habits.leaked.get((id(scope), name))
    inside = reader.frame.traced
    if inside is not None and (found is None or inside.name == found[1]):
        return
    if found is not None and any(one.traced is not None for one in tensors(value)):
        spot, function = found
        others = ((reader.spot(node), "read here, outside"),)
        remark(reader, "symbolic-tensor-leak", spot, f"`{function}`", (), others)
