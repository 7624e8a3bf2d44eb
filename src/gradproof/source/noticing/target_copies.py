"""Target networks: copies that are no copies."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from ..framework import ownership, tapes
from ..joining import flow_of
from ..python.methods import name_of
from ..values import Constant, Group, Instance, Layer, ListValue, Unknown, Value, Variable, Zip
from . import decided
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader


_NAMED = (ast.Name, ast.Attribute, ast.Subscript)


def bound_layer(reader: Reader, value: Value, node: ast.AST) -> None:
    """`target = online`: two names for one network."""
    if not isinstance(value, Layer | Instance) or not isinstance(node, ast.Assign):
        return
    target, text = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(text, ast.Tuple):
        # `target_actor, target_critic = actor, critic`
        if len(target.elts) != len(text.elts):
            return
        pairs = [*zip(target.elts, text.elts, strict=True)]
    elif len(node.targets) > 1:
        # `target = online = network()`
        pairs = [*pairwise(node.targets)]
    else:
        pairs = [(target, text)]
    # `self.net = net` only keeps what was given.
    if all(any(isinstance(a, kind) and isinstance(b, kind) for kind in _NAMED) for a, b in pairs):
        reader.facts.habits.aliases[id(value)] = reader.spot(node)


def replaced(reader: Reader, before: Value | None, value: Value, node: ast.AST) -> None:
    """`self.target = self.online`, where the target was a copy of it before."""
    named = isinstance(node, ast.Assign) and isinstance(node.value, _NAMED)
    if reader.silent or not named or not isinstance(value, Layer | Instance):
        return
    for copy, of, _ in reader.facts.copies.made:
        if copy is before and of is value and copy is not value:
            reader.facts.copies.replaced.append((copy, value, node))


def pairs_of_one(reader: Reader, node: ast.For, iterated: Value) -> None:
    """`for slow, fast in zip(target.variables, online.variables)`, and both are one network."""
    columns = iterated.columns if isinstance(iterated, Zip) else []
    lists = [column for column in columns if isinstance(column, ListValue)]
    if len(columns) != 2 or len(lists) != 2 or not _of_one(*lists) or reader.silent:
        return
    spot = reader.facts.habits.aliases.get(id(lists[0].owner))
    apart = [one.node for one in lists if isinstance(one.node, ast.ListComp)]
    if spot is None and apart:
        # `[v for v in model.variables]` has the variables, not their values.
        spot = reader.spot(apart[0])
    written = [
        one
        for statement in node.body
        for one in ast.walk(statement)
        if isinstance(one, ast.Call) and name_of(one.func) == "assign"
    ]
    copy, of = (one.owner for one in lists)
    words = "alias"
    if spot is None and isinstance(copy, Layer) and copy is not of and isinstance(of, Layer):
        spot, words = reader.spot(copy.node), "shared"
    if spot is not None and written:
        others = (
            (reader.spot(node.iter), "pairs each variable with itself"),
            (reader.spot(written[0]), "gets its own value"),
        )
        remark(reader, "target-copy-wrong", spot, words, (), others)


def _of_one(left: ListValue, right: ListValue) -> bool:
    """Says whether two lists hold the variables of one network, in the same order."""
    owners = [[tapes.owner_of(item) for item in one.items] for one in (left, right)]
    alike = owners[0] == owners[1] and bool(owners[0]) and None not in owners[0]
    return (left.owner is right.owner and bool(left.owner)) or alike


def weights_set(reader: Reader, receiver: Value, value: Value | None, node: ast.AST) -> None:
    """`target.set_weights(online.get_weights())`."""
    _copied(reader, receiver, value)
    reader.facts.copies.written.add(id(receiver))
    argument = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if not isinstance(argument, ast.Call):
        # Weights that were put by and are restored.
        return
    if isinstance(value, ListValue) and value.owner is receiver and value.which == "values":
        of_own = _gives_itself(node, argument) and not reader.silent
        if isinstance(receiver, Layer | Instance) and of_own:
            reader.facts.copies.own.append((receiver, node))
            return
        spot = reader.facts.habits.aliases.get(id(receiver))
        if spot is None:
            # Not told to be one: layers that two models share, paired in a loop.
            return
        others = ((reader.spot(node), "copies its own weights"),)
        remark(reader, "target-copy-wrong", spot, "alias", (), others)


def _gives_itself(node: ast.AST, argument: ast.Call) -> bool:
    """`target.set_weights(target.get_weights())`, under one name."""
    called = (getattr(node, "func", None), argument.func)
    owners = [ast.unparse(one.value) for one in called if isinstance(one, ast.Attribute)]
    return len(owners) == 2 and owners[0] == owners[1]


def mixed_with_itself(reader: Reader, node: ast.AST) -> None:
    """`t.assign(a * t + b * t)`: a soft update that forgets the other network."""
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return
    value = node.args[0]
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
        return
    sides = [side for side in (value.left, value.right) if isinstance(side, ast.BinOp)]
    if len(sides) != 2 or not all(isinstance(side.op, ast.Mult) for side in sides):
        return
    first, second = ({ast.unparse(side.left), ast.unparse(side.right)} for side in sides)
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    same = first & second
    if receiver is not None and ast.unparse(receiver) in same:
        remark(reader, "target-copy-wrong", reader.spot(node), "mixed", tuple(sorted(same)))


# Copies that are mixed into what is trained


@dataclass(eq=False, repr=False)
class Copies:
    """Networks that were given the weights of others, and what is mixed with what.

    `made`: a copy, what it is of, and whether it was made more than once; `clones`: networks of
    the same kind, with first weights of their own; `averages`: variables that follow others, and
    where; `used`: such an average, put in the place of what it follows; `given`: what each
    network is called on, as it is written; `assigned`: whose variables were assigned to;
    `hasty`: what keeps next to nothing of itself when it is mixed;
    `replaced`: a copy whose name is given to what it is a copy of; `own`: networks that are
    given their own weights.
    """

    made: list[tuple[Layer | Instance, object, bool]] = field(default_factory=list)
    mixed: list[tuple[Layer, Layer, ast.AST]] = field(default_factory=list)
    hasty: list[tuple[Layer, Layer, ast.AST]] = field(default_factory=list)
    clones: list[tuple[Layer, Layer]] = field(default_factory=list)
    averages: dict[int, tuple[Variable, ast.AST]] = field(default_factory=dict)
    used: list[tuple[Variable, object, ast.AST]] = field(default_factory=list)
    written: set[int] = field(default_factory=set)
    assigned: set[int] = field(default_factory=set)
    replaced: list[tuple[Layer | Instance, Layer | Instance, ast.AST]] = field(default_factory=list)
    given: dict[int, set[str]] = field(default_factory=dict)
    own: list[tuple[Layer | Instance, ast.AST]] = field(default_factory=list)


def _copied(reader: Reader, receiver: Value, value: Value | None) -> None:
    """`copy.set_weights(network.get_weights())`."""
    if not isinstance(receiver, Layer | Instance) or not isinstance(value, ListValue):
        return
    if value.which == "values" and value.owner is not None:
        again = any(frame.looping for frame in reader.frames)
        reader.facts.copies.made.append((receiver, value.owner, again))


def assigned(reader: Reader, variable: Variable | Group, value: Value, node: ast.AST) -> None:
    """`online.assign(decay * target + (1 - decay) * online)`: two names in the wrong order."""
    own = tapes.owner_of(variable)
    known = [thing for thing in flow_of(value) if not (isinstance(thing, Unknown) and thing.data)]
    others = [thing for thing in known if thing is not own]
    reader.facts.copies.written.add(id(own))
    reader.facts.copies.assigned.add(id(own))
    _averaged(reader, own, others, value, node)
    if not isinstance(own, Layer) or len(known) != 2 or len(others) != 1:
        return
    mixes = isinstance(node, ast.Call) and len(node.args) == 1 and _is_mixture(node.args[0])
    if mixes and isinstance(others[0], Layer) and not reader.silent:
        told = decided.order_at(reader, node)
        if told is not node:
            reader.facts.habits.helpers[reader.spot(told)] = reader.spot(node)
        reader.facts.copies.mixed.append((own, others[0], told))
        if _keeps_little(reader, node):
            reader.facts.copies.hasty.append((own, others[0], node))


_LITTLE = 0.1
"""Share of itself that a target keeps at most where the two shares were mixed up."""


def _keeps_little(reader: Reader, node: ast.AST) -> bool:
    """`t.assign(tau * t + (1 - tau) * s)` with a small `tau`, which is the share of the other."""
    receiver = node.func.value if isinstance(getattr(node, "func", None), ast.Attribute) else None  # type: ignore[attr-defined]
    value = node.args[0] if isinstance(node, ast.Call) else None
    for side in (value.left, value.right) if isinstance(value, ast.BinOp) else ():
        parts = [side.left, side.right] if isinstance(side, ast.BinOp) else []
        own = [one for one in parts if receiver and ast.unparse(one) == ast.unparse(receiver)]
        share = [reader.evaluate(one) for one in parts if one not in own]
        if len(own) == 1 and isinstance(share[0], Constant):
            number = share[0].value
            return isinstance(number, float) and 0.0 < number <= _LITTLE
    return False


def _averaged(
    reader: Reader, own: object, others: list[object], value: Value, node: ast.AST
) -> None:
    """`average.assign(decay * average + (1 - decay) * v)`, or `v.assign(average)`."""
    copies = reader.facts.copies
    argument = node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 else None
    if argument is None or reader.silent:
        return
    follows = len(others) == 1 and isinstance(others[0], Layer | Variable)
    if follows and isinstance(own, Variable) and _is_mixture(argument) and _made_of_zeros(own):
        copies.averages[id(own)] = own, node
    if isinstance(value, Variable) and value is not own:
        copies.used.append((value, own, node))


def _made_of_zeros(variable: Variable) -> bool:
    """`tf.Variable(tf.zeros_like(v))`."""
    made = variable.node.args[0] if variable.node.args else None
    called = ast.unparse(made.func).rpartition(".")[2] if isinstance(made, ast.Call) else ""
    return called in ("zeros", "zeros_like")


def cloned(reader: Reader, original: Layer, copy: Layer) -> None:
    """`clone_model(network)`: the weights do not come along."""
    if not reader.silent and not reader.speculative:
        reader.facts.copies.clones.append((original, copy))


def called(reader: Reader, layer: Layer, node: ast.AST) -> None:
    """A network is called."""
    if isinstance(node, ast.Call) and node.args:
        given = reader.facts.copies.given.setdefault(id(layer), set())
        given.add(ast.unparse(node.args[0]))


def _learns_from_it(copies: Copies, original: Layer, clone: Layer) -> bool:
    """Both get the same input: one may be trained to tell what the other, left random, says."""
    none: set[str] = set()
    return not copies.given.get(id(original), none).isdisjoint(copies.given.get(id(clone), none))


def _is_mixture(node: ast.expr) -> bool:
    """Says whether this is `a * x + b * y`."""
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else []
    sums = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
    return sums and all(
        isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) for side in sides
    )


def finish(reader: Reader) -> None:
    """What is trained, and then pulled back towards a copy that nothing changes."""
    copies = reader.facts.copies
    trained = {owner for question in reader.facts.asked for owner in question.asked.applied}
    for own, other, node in copies.mixed:
        ways = [again for copy, of, again in copies.made if _holds(reader, copy, other)]
        of = [one for copy, one, _ in copies.made if _holds(reader, copy, other)]
        if len(of) != 1 or any(ways) or id(own) not in trained:
            continue
        if id(other) not in trained | copies.written and _holds(reader, of[0], own):
            helper = reader.facts.habits.helpers.get(reader.spot(node))
            within = () if helper is None else ((helper, "in this helper"),)
            remark(reader, "target-copy-wrong", reader.spot(node), "pulled back", (), within)
    for own, other, node in copies.hasty:
        if id(own) not in trained and id(other) in trained:
            remark(reader, "target-copy-wrong", reader.spot(node), "hasty")
    for copy, node in copies.own:
        if trained and not any(id(one) in trained for one in ownership.tracked(reader, copy)):
            remark(reader, "target-copy-wrong", reader.spot(node), "its own")
    for copy, network, _ in copies.made:
        if isinstance(copy, Layer) and isinstance(network, Layer):
            _share(reader, copy, network, trained)
    for copy, network, node in copies.replaced:
        held = any(id(one) in trained for one in ownership.tracked(reader, copy))
        if not held and any(id(one) in trained for one in ownership.tracked(reader, network)):
            remark(reader, "target-copy-wrong", reader.spot(node), "alias")
    for average, place, node in copies.used:
        known, mixing = copies.averages.get(id(average), (None, node))
        if known is average and id(place) in trained:
            others = (
                (reader.spot(mixing), "takes in a small part"),
                (reader.spot(node), "used as it is"),
            )
            spot = reader.spot(average.node)
            remark(reader, "target-copy-wrong", spot, "from zero", (), others)
    for original, clone in copies.clones:
        parts = ownership.tracked(reader, clone)
        moves = any(
            isinstance(one, Layer) and (one.updated or one.borrowed or one.touched)
            for one in (clone, *parts)
        )
        written = any(id(one) in copies.written for one in (clone, *parts))
        learns = any(id(one) in trained for one in (original, *ownership.tracked(reader, original)))
        meant = _learns_from_it(copies, original, clone)
        if clone.called and learns and not moves and not written and not meant:
            remark(reader, "target-copy-wrong", reader.spot(clone.node), "never copied")


def is_reference(reader: Reader, thing: object) -> bool:
    """Says whether a network that is trained began with these weights: they are compared with."""
    trained = {owner for question in reader.facts.asked for owner in question.asked.applied}
    return any(
        copy is not of
        and isinstance(thing, Layer)
        and _holds(reader, of, thing)
        and any(id(one) in trained for one in ownership.tracked(reader, copy))
        for copy, of, _ in reader.facts.copies.made
    )


def _share(reader: Reader, copy: Layer, of: Layer, trained: set[int]) -> None:
    """Two models are made of the same layers, some of which are trained."""
    parts, others = ({id(one) for one in ownership.tracked(reader, net)} for net in (copy, of))
    if copy is not of and parts == others and parts & trained:
        made = ((reader.spot(of.node), "made of the same layers"),)
        remark(reader, "target-copy-wrong", reader.spot(copy.node), "shared", (), made)


def _holds(reader: Reader, model: object, layer: Layer) -> bool:
    return isinstance(model, Layer | Instance) and any(
        one is layer for one in ownership.tracked(reader, model)
    )
