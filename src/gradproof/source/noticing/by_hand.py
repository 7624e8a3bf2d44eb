"""Updates by hand: variables that are assigned something made from gradients."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import ApplyCall, HandUpdate, Spot
from ...finding import Span
from ..escaping import gradients_in
from ..framework import applying, ownership, relations, tapes
from ..framework.parts import size
from ..framework.roles import direction
from ..joining import flow_of
from ..python.methods import root_of
from ..values import Asked, Constant, GradientOf, Group, ListValue, Tensor, Value, Variable, Zip
from . import blends, clips, inner_steps, rates, rounds, target_copies
from .habits import remark

if TYPE_CHECKING:
    from ..facts import Facts
    from ..reader import Reader


_ON_PURPOSE = (
    "delta",
    "noise",
    "perturb",
    "adv",
    "image",
    "lambda",
    "lam",
    "dual",
    "multiplier",
    "alpha",
    "latent",
)


def hand_update(
    reader: Reader, variable: Variable | Group, name: str, value: Value, node: ast.AST
) -> None:
    """A variable is assigned something made from a gradient."""
    rounds.updated(reader)
    inner_steps.assigned(reader, variable, name, value, node)
    blends.moved(reader, variable, node)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    _descends(reader, name, value)
    if name in ("assign_sub", "assign_add"):
        rates.by_hand(reader, node)
        _taken_for(reader, variable, value, node)
    update = HandUpdate(
        reader.spot(node),
        name,
        ownership.name_of(variable) or reader.spot(node.func.value).text,
        _uphill(reader, variable, name, value),
        _method_name(reader, node.func),
    )
    reader.facts.hand.setdefault(update, set()).add(id(tapes.owner_of(variable)))


def standing(facts: Facts) -> tuple[HandUpdate, ...]:
    """The updates by hand, without steps uphill that are taken back, as adversaries are."""
    return tuple(
        update
        for update, owners in facts.hand.items()
        if not (update.uphill and owners <= facts.habits.put_back)
    )


def _descends(reader: Reader, name: str, value: Value) -> None:
    """Remembers the gradients against which a variable moves."""
    if name == "assign" and not (isinstance(value, Tensor) and value.update_of):
        return
    if direction(value) * (-1 if name == "assign_sub" else 1) < 0:
        reader.facts.habits.descended |= {id(entry.call) for entry in gradients_in(flow_of(value))}


def _taken_for(reader: Reader, variable: Variable | Group, value: Value, node: ast.Call) -> None:
    """Remembers for which variable the gradient was taken that changes this one."""
    entries = gradients_in(flow_of(value))
    if len(entries) != 1 or not isinstance(variable, Variable):
        return
    source = entries[0].source
    # What a loop pairs is told where it pairs them.
    looped = {
        name.id
        for loop in reader.around(node)
        if isinstance(loop, ast.For)
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    }
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else node
    if root_of(receiver) in looped:
        return
    if isinstance(source, Variable) and not reader.silent:
        crossed = reader.facts.habits.crossed.setdefault(id(entries[0].call), [])
        crossed.append((variable, source, node))


def finish(reader: Reader) -> None:
    """Two variables, each of which is changed by the gradient that was taken for the other."""
    for changes in reader.facts.habits.crossed.values():
        pairs = {(id(variable), id(source)) for variable, source, _ in changes}
        wrong = [
            (variable, source, node)
            for variable, source, node in changes
            if variable is not source
            and (id(source), id(variable)) in pairs
            and not {(id(one), id(one)) for one in (variable, source)} & pairs
        ]
        if wrong:
            variable, source, node = wrong[0]
            names = ownership.name_of(variable), ownership.name_of(source)
            others = tuple((reader.spot(other), "the other one") for *_, other in wrong[1:])
            spot = reader.spot(node)
            remark(reader, "mispaired-gradients", spot, "crossed", names, others)


def _method_name(reader: Reader, node: ast.Attribute) -> Spot:
    whole = reader.span(node)
    start = whole.end_column - len(node.attr)
    return Spot(Span(whole.end_line, start, whole.end_line, whole.end_column), node.attr)


def _uphill(reader: Reader, variable: Variable | Group, name: str, value: Value) -> bool:
    if not isinstance(value, Tensor | Variable):
        return False
    if name == "assign" and not (isinstance(value, Tensor) and value.update_of):
        return False
    owner = tapes.owner_of(variable)
    flow = value.holds[0] if isinstance(value, Variable) and value.holds else flow_of(value)
    mine = [
        entry
        for entry in flow
        if isinstance(entry, GradientOf) and tapes.owner_of(entry.source) is owner
    ]
    written = ownership.name_of(variable).lower()
    if owner is None or not mine or any(word in written for word in _ON_PURPOSE):
        return False
    sign = direction(value) * (-1 if name == "assign_sub" else 1)
    return sign > 0 and all(_falls(reader, entry.call) for entry in mine)


def _falls(reader: Reader, asked: Asked) -> bool:
    """Whether the target is a loss that should fall."""
    return asked.target.loss == 1


def assignment(
    reader: Reader, variable: Variable | Group, name: str, value: Value, node: ast.AST
) -> None:
    """Any assignment to a variable."""
    if name == "assign":
        target_copies.assigned(reader, variable, value, node)
        target_copies.mixed_with_itself(reader, node)
        if _keeps_a_copy(node) and not gradients_in(flow_of(value)):
            reader.facts.habits.put_back.add(id(tapes.owner_of(variable)))


def _keeps_a_copy(node: ast.AST) -> bool:
    """`v.assign(backup)`: a name, an entry or an attribute is assigned as it is."""
    given = node.args[:1] if isinstance(node, ast.Call) else []
    return any(isinstance(one, ast.Name | ast.Attribute | ast.Subscript) for one in given)


def pairs(reader: Reader, node: ast.For, iterated: Value) -> ApplyCall | None:
    """`for v, g in zip(variables, gradients)` that moves `v`: the two lists stand apart."""
    parts = node.target.elts if isinstance(node.target, ast.Tuple) else []
    if not isinstance(iterated, Zip) or len(parts) != len(iterated.columns) or reader.silent:
        return None
    moved = _moved(node)
    places = range(min(len(parts), len(iterated.node.args)))
    _all_moved(iterated, [i for i in places if ast.unparse(parts[i]) in moved])
    gradients = [i for i in places if _all_gradients(iterated.columns[i])]
    for place in gradients if moved else ():
        clips.applied(reader, iterated.columns[place], iterated.node)
    for place in places if len(gradients) == 1 else ():
        taken, given = iterated.columns[gradients[0]], iterated.columns[place]
        if ast.unparse(parts[place]) not in moved or not applying.holds_variables(given):
            continue
        covered = _covered(iterated, given)
        if covered is not None:
            _all_moved(iterated, [place], whole=True)
            return ApplyCall(
                at=reader.spot(node.iter),
                method="assign",
                optimizer="",
                form="pairs",
                gradients=reader.spot(iterated.node.args[gradients[0]]),
                variables=reader.spot(iterated.node.args[place]),
                relation="fewer gradients",
                taken_for=tapes.names(covered),
                applied_to=tapes.names([tapes.owner_of(one) for one in tapes.entries(given)]),
                zipped=reader.spot(iterated.node),
            )
        clips.repeated(reader, given, iterated.node)
        relation, sources, owners, asked = relations.relation_of(taken, given)
        # Who gathers gradients elsewhere has other variables for that.
        if relation == "different" and {*map(id, sources)} == {*map(id, owners)}:
            written = [reader.spot(iterated.node.args[i]) for i in (gradients[0], place)]
            return ApplyCall(
                at=reader.spot(node.iter),
                method="assign",
                optimizer="",
                form="pairs",
                gradients=written[0],
                variables=written[1],
                relation=relation,
                taken_for=tapes.names(sources),
                applied_to=tapes.names(owners),
                sources=applying.sources_of(reader, asked),
                zipped=reader.spot(iterated.node),
            )
    return None


def _covered(iterated: Zip, variables: Value) -> list[object] | None:
    """The owners whose variables a third list lasts for, such as one of rates, if not for all."""
    if not isinstance(variables, ListValue) or not variables.exact:
        return None
    lengths = [
        len(column.items)
        for column in iterated.columns
        if isinstance(column, ListValue)
        and column.exact
        and all(isinstance(one, Constant) for one in column.items)
    ]
    sizes = [size(one) for one in variables.items]
    known = [one for one in sizes if one is not None]
    if not lengths or len(known) < len(sizes) or min(lengths) >= sum(known):
        return None
    ends = [sum(known[: place + 1]) for place in range(len(known))]
    whole = [one for one, end in zip(variables.items, ends, strict=True) if end <= min(lengths)]
    return [tapes.owner_of(one) for one in whole]


def _moved(node: ast.For) -> set[str]:
    """Names to which the body of a loop assigns as to variables."""
    return {
        ast.unparse(one.value)
        for statement in node.body
        for one in ast.walk(statement)
        if isinstance(one, ast.Attribute) and one.attr in ("assign", "assign_add", "assign_sub")
    }


def _all_moved(iterated: Zip, places: list[int], *, whole: bool = False) -> None:
    """Variables meet gradients of which the reader knows one entry, made in a loop: all move."""
    columns = iterated.columns
    if not whole and all(not isinstance(column, ListValue) or column.exact for column in columns):
        return
    owners = {
        id(tapes.owner_of(entry))
        for place in places
        if applying.holds_variables(columns[place])
        for entry in tapes.entries(columns[place])
    }
    for column in columns:
        for entry in gradients_in(flow_of(column)) if owners else ():
            entry.call.used |= owners


def _all_gradients(value: Value) -> bool:
    entries = value.items if isinstance(value, ListValue) else []
    return bool(entries) and all(
        isinstance(item, Tensor) and item.gradient is not None for item in entries
    )
