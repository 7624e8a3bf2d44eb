"""What is handed to an optimizer, in which form, and whether it fits."""

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
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)
from . import api, generations, parts, tapes

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
        relation, taken, given, asked = relation_of(gradients, variables)
        if relation in ("same", "unknown") and _filtered(reader, gradients, variables, asked):
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


def relation_of(
    gradients: Value, variables: Value
) -> tuple[str, list[object], list[object], Asked | None]:
    """How the list the gradients were taken for compares with this one."""
    left, right = tapes.entries(gradients), tapes.entries(variables)
    calls = {
        id(g.gradient.call): g.gradient.call
        for g in left
        if isinstance(g, Tensor) and g.gradient is not None
    }
    asked = next(iter(calls.values()), None) if len(calls) == 1 else None
    exact = all(
        not isinstance(value, ListValue) or value.exact or value.part is not None
        for value in (gradients, variables)
    )
    taken = [
        tapes.owner_of(g.gradient.source)
        if isinstance(g, Tensor) and g.gradient is not None
        else None
        for g in left
    ]
    given = [tapes.owner_of(value) for value in right]
    if _begins_apart(gradients, variables, taken, given):
        return "different", taken, given, asked
    if (
        not exact
        or not left
        or not right
        or any(o is None or not tapes.is_known(o) for o in (*taken, *given))
    ):
        return "unknown", [], [], asked
    if any(copied(owner) for owner in taken):
        return "unknown", [], [], asked
    if asked is not None and _ordered_apart(asked.sources, variables):
        return "different", taken, given, asked
    one_by_one = parts.compared((left, _part(gradients)), (right, _part(variables)))
    if one_by_one is not None:
        return one_by_one, taken, given, asked
    cuts = _part(gradients), _part(variables)
    if cuts[0] != cuts[1]:
        same = len(taken) == len(given) and all(a is b for a, b in zip(taken, given, strict=True))
        return (_shifted(*cuts) if same else "unknown"), taken, given, asked
    if cuts[0] != _WHOLE:
        return "unknown", [], [], asked
    if len(taken) == len(given) and all(a is b for a, b in zip(taken, given, strict=False)):
        moved_on = any(map(_holds_more, left[:-1], right[:-1]))
        return "with statistics" if moved_on else "same", taken, given, asked
    shorter = min(len(taken), len(given))
    if shorter and all(a is b for a, b in zip(taken, given, strict=False)):
        return (
            ("fewer gradients" if len(taken) < len(given) else "fewer variables"),
            taken,
            given,
            asked,
        )
    return "different", taken, given, asked


def _begins_apart(
    gradients: Value, variables: Value, taken: list[object], given: list[object]
) -> bool:
    """Says whether a cut of gradients, long as another list, begins with those of a third."""
    lists = isinstance(gradients, ListValue) and isinstance(variables, ListValue)
    if not lists or not gradients.cut or not variables.exact:  # type: ignore[union-attr]
        return False
    first = [owners[0] if owners else None for owners in (taken, given)]
    return (
        first[0] is not first[1]
        and all(
            isinstance(owner, Layer | Variable) and owner.trainable is True and not copied(owner)
            for owner in first
        )
        and all(getattr(owner, "kind", "") not in api.WITHOUT_VARIABLES for owner in first)
    )


def _ordered_apart(sources: Value, variables: Value) -> bool:
    """Says whether two lists, or one and the model's own, were put in order by different keys."""
    lists = isinstance(sources, ListValue) and isinstance(variables, ListValue)
    if not lists or sources.order == variables.order:  # type: ignore[union-attr]
        return False
    return all(one.order or one.property_read for one in (sources, variables))  # type: ignore[union-attr]


def _filtered(reader: Reader, gradients: Value, variables: Value, asked: Asked | None) -> bool:
    """Says whether those that are None were taken out of the gradients alone."""
    if not _drops_none(gradients) or _drops_none(variables) or asked is None:
        return False
    if not isinstance(variables, ListValue) or not variables.property_read:
        return False
    found = next((one.found for one in reader.facts.asked if one.asked is asked), [])
    return not found or not all(link.live for _, link in found)


def _drops_none(value: Value) -> bool:
    """Says whether a list is what a comprehension left after it asked for None."""
    node = value.node if isinstance(value, ListValue) else None
    if not isinstance(node, ast.ListComp | ast.GeneratorExp) or len(node.generators) != 1:
        return False
    return isinstance(node.elt, ast.Name) and any(
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.IsNot)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
        for test in node.generators[0].ifs
    )


_WHOLE = (0, None)


def _part(value: Value) -> tuple[int, int | None]:
    part = value.part if isinstance(value, ListValue) else None
    return part or _WHOLE


def _shifted(taken: tuple[int, int | None], given: tuple[int, int | None]) -> str:
    """How two different slices of one list stand to each other."""
    if taken[0] != given[0]:
        return "shifted"
    if given[1] is None:
        return "fewer gradients"
    return "fewer variables" if taken[1] is None else "unknown"


def _holds_more(gradient: Value, variables: Value) -> bool:
    """Says whether moving statistics stand among variables, and not among the gradients."""
    source = (
        gradient.gradient.source if isinstance(gradient, Tensor) and gradient.gradient else None
    )
    return (
        isinstance(source, Group)
        and isinstance(variables, Group)
        and isinstance(source.owner, Layer)
        and source.owner.kind in api.WITH_MOVING_STATISTICS
        and (source.which, variables.which) == ("trainable", "all")
    )


def copied(owner: object) -> bool:
    """Values come from another model on purpose: of workers, or as fast weights."""
    if isinstance(owner, Variable):
        begins = owner.initial
        return isinstance(begins, Variable | Group) or (
            begins is not None and bool(flow_of(begins))
        )
    return (isinstance(owner, Layer) and owner.borrowed) or isinstance(owner, Instance)


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
