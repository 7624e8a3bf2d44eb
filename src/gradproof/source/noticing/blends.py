"""Soft updates by arrays: `tau * a + (1 - tau) * b` of what `get_weights` gave, for whom?"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...evidence.loop import DroppedUpdate
from .. import escaping
from ..dependence import NO_FLOW, Flow
from ..flow import cut, merge, origin
from ..framework import ownership, tapes
from ..joining import flow_of
from ..values import Group, Instance, Layer, ListValue, Tensor, Value, Variable
from . import lost_arrays
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader

Network = Layer | Instance


@dataclass(eq=False, repr=False)
class Blends:
    """Arrays of weights, what they were mixed to, and who was given new weights.

    `arrays`: whose weights an array is one of; `mixed`: two networks, and where arrays of both
    were mixed; `given`: the calls of `set_weights` for each network, and whether each of them
    gave it those of another one, once. `stepped`: where an array was moved along a gradient;
    `moved`: variables made of other variables, and where they were; `back`: who was given such a
    mixture, and where that was made.
    """

    arrays: dict[int, tuple[Tensor, Network]] = field(default_factory=dict)
    mixed: dict[ast.AST, tuple[Network, Network]] = field(default_factory=dict)
    given: dict[int, dict[ast.AST, bool]] = field(default_factory=dict)
    stepped: dict[ast.AST, Network] = field(default_factory=dict)
    moved: dict[int, tuple[Variable, ast.AST]] = field(default_factory=dict)
    back: dict[ast.AST, tuple[Network, ast.AST]] = field(default_factory=dict)


def arrays_of(reader: Reader, network: Network, node: ast.AST) -> ListValue:
    """`network.get_weights()`."""
    array = Tensor(_copied(reader, network, node), "array")
    reader.facts.blends.arrays[id(array)] = array, network
    return ListValue([array], False, owner=network, which="values")


def _copied(reader: Reader, network: Network, node: ast.AST) -> Flow:
    """What is computed with copies while a tape records hangs on the weights by NumPy only."""
    if not reader.active:
        return NO_FLOW
    path = reader.path(node)
    tracked = ownership.tracked(reader, network)
    owners = [one for one in tracked if isinstance(one, Layer | Variable)]
    flow = merge(origin(one, reader.active, path) for one in owners)
    return cut(flow, "numpy", "get_weights", path, reader.active)


def weights_given(reader: Reader, network: Network, value: Value | None, node: ast.AST) -> None:
    """`network.set_weights(value)`."""
    whole = isinstance(value, ListValue) and value.which == "values"
    another = whole and isinstance(value, ListValue) and value.owner is not network
    once = another and not any(frame.looping for frame in reader.frames)
    calls = reader.facts.blends.given.setdefault(id(network), {})
    calls[node] = once and calls.get(node, True)
    made = {one.made[-1] for one in getattr(value, "items", ()) if getattr(one, "made", ())}
    for mixture in made & reader.facts.blends.mixed.keys():
        reader.facts.blends.back[node] = network, mixture


def summed(reader: Reader, node: ast.BinOp) -> None:
    """`node` adds something up: a mixture of two arrays of weights, maybe."""
    if reader.silent or not reader.facts.blends.arrays:
        return
    left, right = _factor(reader, node.left), _factor(reader, node.right)
    if left is None or right is None:
        return
    (text, one), (other_text, other) = left, right
    if one is not other:
        reader.facts.blends.mixed[node] = one, other
    elif text == other_text:
        remark(reader, "target-copy-wrong", reader.spot(node), "mixed", (text,))


def augmented(reader: Reader, node: ast.AugAssign, target: ast.expr, added: Value) -> None:
    """`weight -= rate * gradient`, where the weight is an array that `get_weights` gave."""
    if isinstance(target, ast.Subscript):
        lost_arrays.written(reader, reader.evaluate(target.value), target, node)
    if reader.silent or not reader.facts.blends.arrays or not isinstance(target, _NAMED):
        return
    network = _array_of(reader, target)
    if network is not None and escaping.gradients_in(flow_of(added)):
        reader.facts.blends.stepped[node] = network


def moved(reader: Reader, variable: Value, node: ast.AST) -> None:
    """`tf.Variable(weight)`, a variable of its own, is moved along a gradient."""
    if isinstance(variable, Variable) and isinstance(variable.initial, Variable | Group):
        reader.facts.blends.moved.setdefault(id(variable), (variable, node))


_NAMED = ast.Name | ast.Subscript


def _factor(reader: Reader, side: ast.expr) -> tuple[str, Network] | None:
    """The array of weights in `a * x`, as written, and whose it is."""
    if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult):
        for part in (side.left, side.right):
            owner = _array_of(reader, part) if isinstance(part, _NAMED) else None
            if owner is not None:
                return ast.unparse(part), owner
    return None


def _array_of(reader: Reader, node: ast.expr) -> Network | None:
    """The network of whose weights this is one."""
    value = reader.evaluate(node.value if isinstance(node, ast.Subscript) else node)
    if isinstance(node, ast.Subscript):
        known = isinstance(value, ListValue) and value.which == "values"
        owner = value.owner if isinstance(value, ListValue) and known else None
        return owner if isinstance(owner, Layer | Instance) else None
    array, owner = reader.facts.blends.arrays.get(id(value), (None, None))
    return owner if array is value else None


def finish(reader: Reader) -> None:
    """Mixtures of what is trained and of a copy that get to no network at all."""
    blends = reader.facts.blends
    _lost(reader, blends)
    _moved_alone(reader, blends)
    if not blends.mixed:
        return
    trained = {owner for question in reader.facts.asked for owner in question.asked.applied}
    written = trained | reader.facts.copies.assigned
    _pulled_back(reader, blends, trained, written)
    if not _only_copied(reader):
        return
    for node, pair in blends.mixed.items():
        for copy, source in (pair, pair[::-1]):
            learns = any(id(one) in trained for one in _all(reader, source))
            copied = id(copy) in blends.given
            if learns and copied and not any(id(one) in written for one in _all(reader, copy)):
                others = ((reader.spot(copy.node), "made here, and never given it"),)
                remark(reader, "target-copy-wrong", reader.spot(node), "left", (), others)


def _pulled_back(reader: Reader, blends: Blends, trained: set[int], written: set[int]) -> None:
    """The network that is trained is given the mixture, and nothing changes the copy.

    A fresh network that is never called may lend a little chance to what is trained.
    """
    for node, (network, mixture) in blends.back.items():
        pair = blends.mixed[mixture]
        copy = next((one for one in pair if one is not network), None)
        if copy is None or network not in pair or id(copy) in blends.given:
            continue
        if id(copy) not in reader.facts.copies.given:
            continue
        learns = any(id(one) in trained for one in _all(reader, network))
        if learns and not any(id(one) in written for one in _all(reader, copy)):
            others = ((reader.spot(mixture), "mixed here"),)
            remark(reader, "target-copy-wrong", reader.spot(node), "pulled back", (), others)


def _lost(reader: Reader, blends: Blends) -> None:
    """Arrays that moved along gradients, in a file that gives no network any weights."""
    if any(
        isinstance(node, ast.Attribute) and node.attr in ("set_weights", "assign")
        for source in reader.sources
        for node in (ast.walk(source.tree) if blends.stepped else ())
    ):
        return
    for node, network in blends.stepped.items():
        names = (ownership.name_of(network),) if ownership.name_of(network) else ()
        fact = DroppedUpdate(reader.spot(node), names, "copy", reader.spot(node))
        reader.facts.dropped[fact] = None


def _moved_alone(reader: Reader, blends: Blends) -> None:
    """Variables that begin as others, and move in their place: nothing reads them, or moves those.

    Who reads them computes with them, or gives their values back.
    """
    for variable, node in blends.moved.values():
        owner = tapes.owner_of(variable.initial) if variable.initial is not None else None
        if variable.dense or variable.touched or not isinstance(owner, Layer | Variable):
            continue
        touched = owner.updated or owner.touched
        touched |= owner.borrowed if isinstance(owner, Layer) else owner.assigned
        if not touched and owner.trainable is True:
            names = (ownership.name_of(owner),) if ownership.name_of(owner) else ()
            fact = DroppedUpdate(reader.spot(node), names, "twin", reader.spot(node))
            reader.facts.dropped[fact] = None


def _only_copied(reader: Reader) -> bool:
    """Says whether every `set_weights` of the program copies whole networks, and does so once."""
    known = {
        node: once for calls in reader.facts.blends.given.values() for node, once in calls.items()
    }
    return all(
        known.get(node, False)
        for source in reader.sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and _name(node) == "set_weights"
    )


def _name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _all(reader: Reader, network: Network) -> list[object]:
    return [network, *ownership.tracked(reader, network)]
