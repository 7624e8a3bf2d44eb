"""Terms of a loss that its tape takes for constants, though gradients are in them.

A sum is looked at where it is made: one side is recorded, the other was recorded
elsewhere, by a tape that is closed, or is a gradient that was taken out of sight. Whether that
matters shows only when a tape is asked for the gradients of the sum.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import breaks
from ..dependence import Cut, Flow
from ..flow import once
from ..framework import tapes
from ..values import Asked, GradientOf, Layer, Tensor, Value, Variable
from . import habits, rounds

if TYPE_CHECKING:
    from ..reader import Reader

_INNER, _CLOSED = "inner gradient", "closed tape"


def summed(reader: Reader, node: ast.AST, left: Value, right: Value, result: Tensor) -> None:
    """Two values are added up: one may be a constant for the tapes that record."""
    if not reader.active or reader.silent:
        return
    for whole, term in ((left, right), (right, left)):
        if not isinstance(whole, Tensor) or not isinstance(term, Tensor) or not term.flow:
            continue
        if is_live(reader, term.flow) or not is_live(reader, whole.flow):
            continue
        gradient = next((one for one in term.flow if isinstance(one, GradientOf)), None)
        if gradient is not None and any(trail.cut for trail in term.flow[gradient]):
            continue  # It was recorded, and lost later, in NumPy say.
        if gradient is not None and _shares(gradient, whole.flow):
            place = breaks.in_frame_of(gradient.call.path, reader.tapes[-1].path)
            end = Cut(_INNER, "", (place,), reader.active)
            result.terms = (*result.terms, end)
        elif gradient is None and _of_closed_tape(reader, term, whole):
            result.terms = (*result.terms, Cut(_CLOSED, "", (node,), reader.active))


def partly_dead(reader: Reader, left: Value, right: Value) -> None:
    """One side hangs on a layer by NumPy only, the other one is recorded.

    What else that side is computed with may be trained by it: a critic, of an action that NumPy
    gave. Whether it is shows when the whole file was read.
    """
    if not reader.active or reader.silent:
        return
    for whole, term in ((left, right), (right, left)):
        if not isinstance(whole, Tensor) or not isinstance(term, Tensor):
            continue
        helping = {id(thing) for thing in term.flow if _recorded(reader, term.flow, thing)}
        for thing, trails in term.flow.items() if helping else ():
            cut = trails[0].cut
            lost = all(trail.cut is not None and trail.cut.kind == "numpy" for trail in trails)
            if cut is None or not lost or not cut.tapes & reader.active:
                continue
            if isinstance(thing, Layer) and _recorded(reader, whole.flow, thing):
                reader.facts.partly_dead.setdefault(id(thing), []).append((cut, helping))


def _recorded(reader: Reader, flow: Flow, thing: object) -> bool:
    """Says whether a tape that records now knows the way to a layer or variable."""
    return isinstance(thing, Layer | Variable) and any(
        trail.cut is None and trail.tapes & reader.active for trail in flow.get(thing, ())
    )


def scaled(left: Value, right: Value, result: Tensor) -> None:
    """A sum that is multiplied or divided by a number still is one.

    What is multiplied by an output is not: an advantage, say, that its critic is subtracted from.
    """
    result.terms = once(
        term
        for side, other in ((left, right), (right, left))
        if isinstance(side, Tensor) and not (isinstance(other, Tensor) and other.flow)
        for term in side.terms
    )


def is_live(reader: Reader, flow: Flow) -> bool:
    """Says whether any tape that records now knows the way to what moves."""
    return any(
        trail.tapes & reader.active and trail.cut is None
        for thing, trails in flow.items()
        if not isinstance(thing, GradientOf)
        for trail in trails
    ) or any(
        trail.tapes & reader.active
        for thing, trails in flow.items()
        if isinstance(thing, GradientOf)
        for trail in trails
    )


def _shares(gradient: GradientOf, flow: Flow) -> bool:
    """Says whether the inner target depends on something that this flow does, too."""
    inner = gradient.call.target.flow
    return any(isinstance(thing, Layer | Variable) and thing in inner for thing in flow)


def _of_closed_tape(reader: Reader, term: Tensor, whole: Tensor) -> bool:
    """Says whether a loss was recorded in full by another tape of the same line."""
    if term.loss != 1 or whole.loss != 1:
        return False
    nodes = {id(tape.node) for tape in reader.tapes}
    number = {
        one
        for trails in term.flow.values()
        for trail in trails
        if trail.cut is None
        for one in trail.tapes | (trail.left[0] if trail.left is not None else frozenset())
    }
    return any(id(reader.facts.tape_nodes.get(one)) in nodes for one in number)


def asked(reader: Reader, question: Asked) -> None:
    """A tape is asked for the gradients of a sum."""
    owners = [tapes.owner_of(source) for source in tapes.entries(question.sources)]
    flow = reader.facts.target_flow(question.target)
    used = [owner for owner in owners if owner is not None and owner in flow]
    names = tapes.names(list(used))
    others = ((reader.spot(question.node), "asked for here"),)
    loop = rounds.left_behind(reader, question.tape) if question.target.loss == 1 else None
    if loop is not None and not question.tape.asked and used:
        spot = reader.spot(question.node)
        made = ((reader.spot(question.tape.node), "a tape for each round"),)
        habits.remark(reader, "wrong-accumulation", spot, "last", names, made)
    for term in question.target.terms:
        if question.tape.number not in term.tapes or not used:
            continue
        spot = reader.spot(term.path[-1])
        if term.kind == _INNER:
            habits.remark(reader, "inner-gradient-not-recorded", spot, "", names, others)
        elif term.kind == _CLOSED:
            habits.remark(reader, "wrong-accumulation", spot, "closed", names, others)
    _all_inner(reader, question, flow, used)


def _tokens(value: Value) -> frozenset[int]:
    return value.tokens if isinstance(value, Tensor) else frozenset()


def _all_inner(reader: Reader, question: Asked, flow: Flow, used: list[object]) -> None:
    """The whole target is made of gradients that this tape did not record."""
    number = question.tape.number
    things = [thing for thing in flow if isinstance(thing, Layer | Variable)]
    inner = [thing for thing in flow if isinstance(thing, GradientOf)]
    inputs = frozenset[int]().union(*map(_tokens, tapes.entries(question.sources)))
    if not inner or not (inputs or (things and used)):
        return
    if any(number in trail.tapes for thing in flow for trail in flow[thing]):
        return
    for thing, trails in flow.items():
        # Of what is not known it has to be seen that this tape lost sight of it.
        lost = all(trail.left is not None and number in trail.left[0] for trail in trails)
        if not isinstance(thing, Layer | Variable | GradientOf | int) and not lost:
            return
    if any(trail.cut is not None for trails in flow.values() for trail in trails):
        return
    # Taken before this tape opened, of what the sources take part in.
    for gradient in inner:
        if gradient.call.node is question.node:
            continue
        if any(trail.left is not None and number in trail.left[0] for trail in flow[gradient]):
            continue  # It was recorded; what was made of it afterwards was not.
        shared = inputs & _tokens(gradient.source) if inputs else things
        if any(thing in gradient.call.target.flow for thing in shared):
            place = breaks.in_frame_of(gradient.call.path, question.tape.path)
            names, spot = tapes.names(used), reader.spot(place)
            words = "again" if gradient.call.tape is question.tape else ""
            others = ((reader.spot(question.node), "asked for here"),)
            habits.remark(reader, "inner-gradient-not-recorded", spot, words, names, others)
