"""How the list that gradients were taken for compares with the one that they go to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..joining import flow_of
from ..values import Asked, Group, Instance, Layer, ListValue, Tensor, Value, Variable
from . import api, parts, tapes

if TYPE_CHECKING:
    from ..reader import Reader


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


def filtered(reader: Reader, gradients: Value, variables: Value, asked: Asked | None) -> bool:
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
