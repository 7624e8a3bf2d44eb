"""Methods of a distribution strategy."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import ListValue, Other, Unknown, Value
from . import scopes

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def strategy_method(
    reader: Reader,
    strategy: Other,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of a distribution strategy."""
    from ..values import Dataset

    if name == "scope":
        return scopes.of_strategy(strategy, node)
    if name == "run" and arguments:
        given = arguments[1] if len(arguments) > 1 else keywords.get("args", ListValue([]))
        items: Arguments = [Unknown(data=True)]
        if isinstance(given, ListValue):
            items = list(given.items)
        reader.replicas.append(len(reader.frames))
        with scopes.replicas(reader, strategy):
            result = reader.call(arguments[0], items, {}, node)
        reader.replicas.pop()
        return result
    if (
        name in ("experimental_distribute_dataset", "distribute_datasets_from_function")
        and arguments
    ):
        return arguments[0] if isinstance(arguments[0], Dataset) else Unknown("dataset", data=True)
    if name == "reduce":
        return arguments[1] if len(arguments) > 1 else Unknown("reduced", data=True)
    return Unknown(name, data=True)
