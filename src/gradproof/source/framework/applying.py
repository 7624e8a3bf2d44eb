"""What is handed to an optimizer, in which form, and whether it knows the variables."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...evidence.loop import ApplyCall, Spot
from ..escaping import gradients_in
from ..joining import flow_of
from ..noticing import trainable_flips
from ..values import (
    Asked,
    Function,
    Group,
    ListValue,
    Optimizer,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)
from . import generations, relations, tapes

if TYPE_CHECKING:
    from ..reader import Reader


def applied(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    method: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
    gradients: Value | None,
    variables: Value | None,
    zipped: Zip | None,
) -> ApplyCall | None:
    """The fact of one `apply_gradients` or `apply`."""
    spot = reader.spot
    known = isinstance(optimizer, Optimizer) and optimizer.custom is None
    form = _form(method, arguments, gradients, variables)
    if method == "apply" and zipped is not None:
        form = "pairs apart"
    elif zipped is not None and _is_lone(gradients):
        form = "rows"
    first = node.args[0] if node.args else node.keywords[0].value if node.keywords else node
    columns = _column_nodes(reader, node, arguments, zipped, method)
    name = spot(node.func.value).text if isinstance(node.func, ast.Attribute) else ""
    relation: str = "unknown"
    taken: list[object] = []
    given: list[object] = []
    asked: Asked | None = None
    if gradients is not None and variables is not None and form == "pairs":
        relation, taken, given, asked = relations.relation_of(gradients, variables)
        if relation in ("same", "unknown") and relations.filtered(
            reader, gradients, variables, asked
        ):
            relation, taken = "filtered", []
    spent = zipped.spent if zipped is not None and zipped.spent is not node else None
    strangers, first_met, made = (
        _strangers(reader, optimizer, variables, node) if known else ((), None, None)
    )
    return ApplyCall(
        at=spot(node),
        method=method,
        optimizer=name,
        form=form if known or form in ("pairs", "swapped") else "unknown",
        argument=spot(first),
        gradients=columns[0],
        variables=columns[1],
        relation=relation,
        taken_for=tapes.names(taken),
        applied_to=tapes.names(given),
        sources=sources_of(reader, asked),
        spent=spot(spent) if spent is not None else None,
        zipped=spot(zipped.node) if zipped is not None else None,
        strangers=strangers,
        first=first_met,
        made=made,
        ascent=_ascent(reader, gradients, first),
    )


def sources_of(reader: Reader, asked: Asked | None) -> Spot | None:
    """The list that a gradient call was given, as written."""
    if asked is None or len(asked.node.args) < 2:
        return None
    return reader.spot(asked.node.args[1])


def _column_nodes(
    reader: Reader, node: ast.Call, arguments: list[Value], zipped: Zip | None, method: str
) -> tuple[Spot | None, Spot | None]:
    """Where the gradients and the variables stand."""
    columns = zipped.node.args if zipped is not None else node.args
    pairs = arguments[0] if arguments else None
    if zipped is None and method == "apply_gradients" and isinstance(pairs, ListValue):
        columns = _zip_behind(pairs.node) or columns
    if len(columns) >= 2:
        return reader.spot(columns[0]), reader.spot(columns[1])
    return None, None


def _zip_behind(node: ast.AST | None) -> list[ast.expr]:
    """What was zipped for `list(zip(a, b))` or `[... for g, v in zip(a, b)]`."""
    inner: ast.AST | None = None
    if isinstance(node, ast.Call) and node.args:
        inner = node.args[0]
    elif isinstance(node, ast.ListComp | ast.GeneratorExp) and len(node.generators) == 1:
        inner = node.generators[0].iter
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
        return inner.args if inner.func.id == "zip" else []
    return []


def _form(
    method: str, arguments: list[Value], gradients: Value | None, variables: Value | None
) -> str:
    first = arguments[0] if arguments else None
    if method == "apply_gradients" and len(arguments) > 1:
        second = arguments[1]
        if isinstance(second, ListValue) or holds_variables(second):
            return "two arguments"
    if gradients is not None and variables is not None:
        if holds_variables(gradients) and _holds_gradients(variables):
            return "swapped"
        if _wraps(gradients, _holds_gradients) and _wraps(variables, holds_variables):
            return "lists in lists"
        arrays = isinstance(variables, ListValue) and variables.which == "values"
        return "arrays" if arrays else "pairs"
    if method == "apply_gradients" and isinstance(first, ListValue) and first.items:
        if all(isinstance(item, Tensor) and item.gradient is not None for item in first.items):
            return "no pairs"
        if (
            len(first.items) == 2
            and _holds_gradients(first.items[0])
            and holds_variables(first.items[1])
        ):
            return "pair of lists" if isinstance(first.items[0], ListValue) else "lone pair"
    if method == "apply_gradients" and isinstance(first, Tensor) and first.gradient is not None:
        return "no pairs"
    return "unknown"


def _wraps(value: Value, holds: Callable[[Value], bool]) -> bool:
    """Says whether a list was put into a list of one: `[gradients]`."""
    inner = value.items[0] if isinstance(value, ListValue) and len(value.items) == 1 else None
    return isinstance(inner, ListValue) and holds(inner)


def _is_lone(gradients: Value | None) -> bool:
    """Says whether this is the gradient of one variable, and no list of gradients."""
    if not isinstance(gradients, Tensor) or gradients.gradient is None:
        return False
    return isinstance(gradients.gradient.source, Variable)


def holds_variables(value: Value) -> bool:
    """Says whether this is variables and nothing else."""
    if isinstance(value, ListValue):
        return bool(value.items) and all(holds_variables(item) for item in value.items)
    return isinstance(value, Variable | Group)


def _holds_gradients(value: Value) -> bool:
    if isinstance(value, ListValue):
        return bool(value.items) and all(_holds_gradients(item) for item in value.items)
    return isinstance(value, Tensor) and bool(gradients_in(value.flow))


def _strangers(
    reader: Reader, optimizer: Optimizer | Unknown, variables: Value | None, node: ast.Call
) -> tuple[tuple[str, ...], Spot | None, Spot | None]:
    if (
        not isinstance(optimizer, Optimizer)
        or not isinstance(variables, ListValue)
        or not variables.exact
    ):
        return (), None, None
    return meets(reader, optimizer, variables, node)


def meets(
    reader: Reader, optimizer: Optimizer, variables: ListValue, node: ast.AST
) -> tuple[tuple[str, ...], Spot | None, Spot | None]:
    """An optimizer meets variables; those it was not built for are strangers."""
    owners = tuple(tapes.owner_of(value) for value in tapes.entries(variables))
    if (
        not owners
        or any(owner is None or not tapes.is_known(owner) for owner in owners)
        or (optimizer.used and optimizer.met is None)
    ):
        return (), None, None
    if optimizer.met is None:
        reader.store.set_field(optimizer, "met", owners)
        reader.store.set_field(optimizer, "first", reader.path(node))
        return (), None, None
    known = {id(owner) for owner in optimizer.met}
    strange = [
        owner
        for owner in owners
        if id(owner) not in known and not trainable_flips.flipped_in_trace(reader, owner)
    ]
    if not strange or reader.speculative:
        return (), None, None
    path = reader.path(node)
    # Of models that a line makes again and again one step meets the next.
    remade = node is optimizer.first[-1] and all(
        _site(owner) in {_site(old) for old in optimizer.met} for owner in strange
    )
    where = optimizer.node if remade else _second_use(path, optimizer.first)
    reader.store.set_field(optimizer, "met", (*optimizer.met, *strange))
    names = tapes.names(list(strange)) or ("other variables",)
    return names, reader.spot(optimizer.first[-1]), reader.spot(where)


def _site(owner: object) -> int:
    return id(getattr(owner, "node", owner))


def _second_use(path: tuple[ast.AST, ...], first: tuple[ast.AST, ...]) -> ast.AST:
    """The outermost step at which the second use parts from the first."""
    for mine, theirs in zip(path, first, strict=False):
        if mine is not theirs:
            return mine
    return path[-1]


def _ascent(reader: Reader, gradients: Value | None, node: ast.AST) -> Spot | None:
    """Gradients of a loss that are handed over with the sign turned."""
    if not isinstance(gradients, ListValue) or not gradients.items:
        return None
    for item in gradients.items:
        if not isinstance(item, Tensor) or item.gradient is None or item.sign != -1:
            return None
        if item.gradient.call.target.loss != 1:
            return None
    return reader.spot(gradients.node if gradients.node is not None else node)


def minimized(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    loss: Value | None,
    given: dict[str, Value],
    node: ast.Call,
) -> ApplyCall | None:
    """The fact of one `minimize`."""
    spot = reader.spot
    form = "unknown"
    if isinstance(optimizer, Optimizer) and optimizer.custom is None:
        if reader.generation == "3":
            # A program that asks what kind of optimizer this is has others that do have it.
            form = "unknown" if generations.asks_kind(reader, node) else "no minimize"
        elif (
            isinstance(loss, Tensor)
            and "tape" not in given
            and not isinstance(loss, Function)
            and flow_of(loss)
        ):
            form = "tensor loss"
    name = spot(node.func.value).text if isinstance(node.func, ast.Attribute) else ""
    first = node.args[0] if node.args else None
    return ApplyCall(spot(node), "minimize", name, form, spot(first) if first is not None else None)
