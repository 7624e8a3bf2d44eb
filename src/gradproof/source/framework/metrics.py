"""Metrics: they add up in variables, so nothing behind them is differentiable."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..dependence import Flow
from ..flow import cut, merge
from ..joining import flow_of
from ..values import Constant, Other, Tensor, Value

if TYPE_CHECKING:
    from ..reader import Reader

_STATE = " state"
"""Under this key a metric keeps what it was given."""


def called(
    reader: Reader,
    metric: Other,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Tensor:
    """`metric(...)`: an update, and the result of all updates."""
    _updated(reader, metric, arguments, keywords, node)
    return _result(reader, metric, node)


def method(
    reader: Reader,
    metric: Other,
    name: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    """A method of a metric."""
    if name == "result":
        return _result(reader, metric, node)
    if name == "update_state":
        _updated(reader, metric, arguments, keywords, node)
    elif name in ("reset_state", "reset_states"):
        reader.store.set_item(metric.arguments, _STATE, Constant(None))
    return Constant(None)


def _updated(
    reader: Reader,
    metric: Other,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> None:
    values = [*arguments, *keywords.values()]
    for value in values:
        escaping.look(reader, value)
    flow: Flow = merge(reader.read(value, node) for value in values)
    ends = cut(flow, "assign", "metric", reader.path(node), reader.active)
    reader.store.set_item(metric.arguments, _STATE, Tensor(ends))


def _result(reader: Reader, metric: Other, node: ast.AST) -> Tensor:
    state = metric.arguments.get(_STATE)
    flow = flow_of(state) if state is not None else {}
    return Tensor(flow, made=reader.path(node), traced=reader.frame.traced)
