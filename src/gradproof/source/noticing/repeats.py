"""Gradients that are applied again, and optimizers that are made again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..framework import tapes
from ..python import factories
from ..values import (
    Asked,
    Function,
    GradientOf,
    ListValue,
    Optimizer,
    Tensor,
    Value,
    Variable,
)
from . import fast_counts, habits, last_rounds, made_anew
from .rounds import Applied, of, same_owners

if TYPE_CHECKING:
    from ..reader import Reader


def applied(
    reader: Reader,
    optimizer: Optimizer,
    gradients: Value | None,
    variables: Value | None,
    node: ast.Call,
    *,
    strange: bool,
) -> None:
    """An optimizer is given gradients."""
    rounds = of(reader)
    entries = tapes.entries(variables) if variables is not None else []
    owners = tuple(tapes.owner_of(entry) for entry in entries)
    calls = {
        id(entry.gradient.call): entry.gradient.call
        for entry in (tapes.entries(gradients) if gradients is not None else [])
        if isinstance(entry, Tensor) and entry.gradient is not None
    }
    asked = next(iter(calls.values())) if len(calls) == 1 else None
    guarded = reader.frame.guarded > 0
    one = Applied(
        optimizer,
        node,
        owners,
        asked,
        tuple(rounds.loops),
        reader.frame.function,
        guarded,
        reader.speculative,
        reader.frame.traced,
        variables.part if isinstance(variables, ListValue) else None,
    )
    if owners and all(owner is not None for owner in owners) and not reader.silent:
        _stale(reader, one)
        last_rounds.applied(reader, one, gradients)
        _recreated(reader, one)
        if not strange:
            fast_counts.applied(reader, one)
        rounds.applied.append(one)


def _stale(reader: Reader, one: Applied) -> None:
    """The same gradients go to the same optimizer in each round of a loop."""
    rounds = of(reader)
    if one.asked is None or id(one.asked) not in rounds.asked or one.guarded:
        return
    loops = rounds.asked[id(one.asked)][1]
    if loops == one.loops:
        _recorded_once(reader, one, one.asked)
    if loops == one.loops or one.loops[: len(loops)] != loops or _puts_back(one):
        return
    if any(_takes_a_part(loop, one.node) for loop, _ in one.loops[len(loops) :]):
        return
    for other in rounds.applied:
        if (
            other.asked is one.asked
            and other.node is one.node
            and other.optimizer is one.optimizer
            and other.loops == one.loops
            and same_owners(other, one)
        ):
            others = ((reader.spot(one.asked.node), "taken once, before the loop"),)
            spot = reader.spot(one.node)
            habits.remark(reader, "stale-gradient", spot, "", tapes.names(list(one.owners)), others)


def _puts_back(one: Applied) -> bool:
    """Says whether weights are given other values beside the step, as a line search does."""
    around: list[ast.AST] = [one.function.node] if isinstance(one.function, Function) else []
    around += [loop for loop, _ in one.loops[-1:]]
    calls = (node for place in around for node in ast.walk(place) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Attribute)
        and (
            call.func.attr in ("set_weights", "load_weights")
            # One after the other: what is called by a name of its own may be a rate.
            or (call.func.attr == "assign" and _turns(around, call.func.value))
        )
        for call in calls
    )


def _turns(around: list[ast.AST], receiver: ast.expr) -> bool:
    """Says whether a name is given by a loop, each round another variable."""
    name = receiver.id if isinstance(receiver, ast.Name) else None
    return any(
        isinstance(target, ast.Name) and target.id == name
        for place in around
        for loop in ast.walk(place)
        if isinstance(loop, ast.For | ast.comprehension)
        for target in ast.walk(loop.target)
    )


def _recorded_once(reader: Reader, one: Applied, asked: Asked) -> None:
    """Each round of a loop asks for the gradients of one loss that was recorded before it."""
    rounds = of(reader)
    taped = rounds.taped.get(asked.tape.number, one.loops)
    if len(taped) >= len(one.loops) or one.loops[: len(taped)] != taped:
        return
    for other in rounds.applied:
        same = other.asked is not None and other.asked is not asked
        if (
            same
            and other.asked is not None
            and other.asked.tape is asked.tape
            and other.asked.target.tokens == asked.target.tokens
            and (other.node, other.optimizer, other.loops) == (one.node, one.optimizer, one.loops)
            and same_owners(other, one)
        ):
            others = ((reader.spot(asked.tape.node), "recorded once, before the loop"),)
            names = tapes.names(list(one.owners))
            habits.remark(
                reader, "stale-gradient", reader.spot(one.node), "recorded", names, others
            )


def assigned(reader: Reader, owner: object, gradients: list[GradientOf], node: ast.AST) -> None:
    """The same gradient changes a variable by hand in each round of a loop that counts."""
    rounds = of(reader)
    calls = {id(entry.call): entry.call for entry in gradients}
    asked = next(iter(calls.values())) if len(calls) == 1 else None
    if not isinstance(owner, Variable) or asked is None or id(asked) not in rounds.asked:
        return
    loops, now = rounds.asked[id(asked)][1], tuple(rounds.loops)
    between = [loop for loop, _ in now[len(loops) :]]
    others = [loop for loop in between if not _counting(loop) or _chooses(loop, node)]
    if now[: len(loops)] != loops or len(others) == len(between) or reader.frame.guarded:
        return
    # Of other loops all rounds must be known: each changes another variable.
    if all(id(loop) in reader.facts.turning for loop in others) and not reader.silent:
        visit = id(asked), id(owner), id(node)
        if visit in rounds.by_hand:
            there = ((reader.spot(asked.node), "taken once, before the loop"),)
            names = tapes.names([owner])
            habits.remark(reader, "stale-gradient", reader.spot(node), "", names, there)
        rounds.by_hand[visit] = asked


def _counting(loop: ast.AST) -> bool:
    """`for step in range(...)`, `while len(losses) < steps`, `while step < steps`."""
    if isinstance(loop, ast.While):
        return _counts_up(loop)
    made = loop.iter if isinstance(loop, ast.For) else None
    named = made.func if isinstance(made, ast.Call) else None
    return isinstance(named, ast.Name) and named.id == "range"


def _chooses(loop: ast.AST, node: ast.AST) -> bool:
    """`variables[i].assign_sub(...)`: the number of the round says which variable changes."""
    called = node.func if isinstance(node, ast.Call) else None
    receiver = called.value if isinstance(called, ast.Attribute) else None
    place = receiver.slice if isinstance(receiver, ast.Subscript) else None
    return place is not None and _counted(loop, place)


def _takes_a_part(loop: ast.AST, call: ast.AST) -> bool:
    """`apply_gradients(zip(gradients[i : i + 2], variables[i : i + 2]))`: each round, the next."""
    places = [one.slice for one in ast.walk(call) if isinstance(one, ast.Subscript)]
    return any(_counted(loop, place) for place in places)


def _counted(loop: ast.AST, place: ast.expr) -> bool:
    """Says whether an index names what a loop counts."""
    counter = loop.target if isinstance(loop, ast.For) else getattr(loop, "test", None)
    names = {one.id for one in ast.walk(counter) if isinstance(one, ast.Name)} if counter else set()
    return any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(place))


def _counts_up(loop: ast.While) -> bool:
    """Says whether a loop ends after a number of rounds: a search along a line ends by values."""
    test = loop.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False
    left = test.left
    if isinstance(left, ast.Call):
        return isinstance(left.func, ast.Name) and left.func.id == "len"
    return any(
        isinstance(one, ast.AugAssign)
        and isinstance(one.op, ast.Add)
        and isinstance(one.value, ast.Constant)
        and isinstance(one.value.value, int)
        and ast.unparse(one.target) == ast.unparse(left)
        for one in ast.walk(loop)
    )


def _recreated(reader: Reader, one: Applied) -> None:
    """Another optimizer of the same line moves the same variables."""
    rounds = of(reader)
    optimizer = one.optimizer
    if optimizer.custom is not None or not _has_state(optimizer):
        return
    if id(optimizer) not in rounds.made:
        return
    _, loops, function = rounds.made[id(optimizer)]
    inner = len(one.loops) - len(loops) + _comprehended(reader, optimizer)
    if inner and not (inner == 1 and loops and _is_epoch(loops[-1][0], function)):
        return
    if _only_shown(function) or made_anew.remembers(function):
        return
    for other in rounds.applied:
        if (
            other.optimizer is not optimizer
            and other.optimizer.node is optimizer.node
            and other.node is one.node
            # A trace holds the first; with each optimizer its own step is traced.
            and (one.traced is None or other.traced is not one.traced)
            and same_owners(other, one)
        ):
            others = [(reader.spot(one.node), "updates with a fresh state each time")]
            asked = factories.asked_for(reader, optimizer.path)
            if asked is not optimizer.node:
                others.append((reader.spot(optimizer.node), "made here"))
            spot = reader.spot(asked)
            habits.remark(reader, "optimizer-recreated", spot, optimizer.kind, (), tuple(others))
            return


def _comprehended(reader: Reader, optimizer: Optimizer) -> int:
    """Comprehensions that lead to a step, and not to the making of its optimizer."""
    comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    made = [around for node in optimizer.path for around in reader.around(node)]
    return sum(
        isinstance(one, comprehensions) and one not in made
        for frame in reader.frames
        if frame.call is not None and frame.call not in optimizer.path
        for one in reader.around(frame.call)
    )


def _has_state(optimizer: Optimizer) -> bool:
    """Says whether an optimizer remembers anything from step to step."""
    momentum = optimizer.arguments.get("momentum")
    return optimizer.kind != "SGD" or momentum is not None or fast_counts.is_scheduled(optimizer)


def _is_epoch(node: ast.AST, function: object) -> bool:
    """Says whether a loop counts epochs, or calls a function of one."""
    if not isinstance(node, ast.For):
        return False
    words = ast.unparse(node.target), ast.unparse(node.iter), _name(function)
    return "epoch" in " ".join(words).lower()


def _only_shown(function: object) -> bool:
    """Says whether this is a test, or builds a graph of TensorFlow 1."""
    name = _name(function)
    return name.startswith("test") or "model_fn" in name


def _name(function: object) -> str:
    """Nothing for a lambda, and for what is no function of the program."""
    node = function.node if isinstance(function, Function) else None
    return getattr(node, "name", "")
