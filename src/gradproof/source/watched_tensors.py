"""Tensors that a tape is asked about: they have to be watched, and the target made of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..evidence.loop import Break, Connection
from . import breaks
from .dependence import ANYTHING, ASIDE, Flow
from .framework import ownership
from .python.methods import handed_back_by
from .values import GradientOf, Group, Layer, Tape, Tensor, Unknown, Variable

if TYPE_CHECKING:
    from .question import Question
    from .reader import Reader


def look(reader: Reader, question: Question, source: Tensor, flow: Flow) -> None:
    """A tensor whose gradient is asked for: it has to be watched.

    Adds what is wrong with it to the question.
    """
    tape = question.asked.tape
    if tape.watches_unknown:
        return
    if source.tokens & tape.watched.keys():
        _look_at_watched(reader, question, source, flow)
        return
    trails = [
        trail
        for thing, found in source.flow.items()
        for trail in found
        if not isinstance(thing, GradientOf)
    ]
    if any(tape.number in trail.tapes for trail in trails):
        return
    # Fast weights of meta-learning are plain tensors on purpose, and have to be watched.
    if source.rebound is not None and not question.inner:
        holder, node = source.rebound
        owner = holder.owner if isinstance(holder, Group) else holder
        lost = Break(
            "rebound",
            handed_back_by(node),
            reader.spot(node),
            None,
            reader.spot(question.asked.node),
        )
        question.found.append(
            (owner, Connection(ownership.name_of(owner), "variable", False, lost))
        )
        return
    if source.form in ("number", "unknown") or any(
        isinstance(thing, Unknown) for thing in source.flow
    ):
        # It may be a variable that came from elsewhere.
        return
    node = question.asked.node
    which = node.args[1] if len(node.args) > 1 else node
    lost = Break("unwatched", "", reader.spot(which), None, reader.spot(tape.node))
    question.found.append((source, Connection(reader.spot(which).text, "tensor", False, lost)))


def _look_at_watched(reader: Reader, question: Question, source: Tensor, flow: Flow) -> None:
    """A watched tensor: the target has to be computed while the tape records."""
    tape = question.asked.tape
    vague = (*flow.get(ANYTHING, ()), *flow.get(ASIDE, ()))
    if any(tape.number in trail.tapes for trail in vague):
        return
    trails = [trail for token in source.tokens for trail in flow.get(token, ())]
    if not trails and not _look_at_earlier(reader, question, source, flow):
        _look_at_aside(reader, question, source, flow)
    if not trails or any(tape.number in trail.tapes for trail in trails):
        return
    outside = [trail for trail in trails if trail.cut is None and trail.left is not None]
    if len(outside) == len(trails):
        arguments = question.asked.node.args
        name = reader.spot(arguments[1]).text if len(arguments) > 1 else "the tensor"
        lost = breaks.outside(reader, question, outside[0])
        question.found.append((source, Connection(name, "tensor", False, lost)))


def _look_at_earlier(reader: Reader, question: Question, source: Tensor, flow: Flow) -> bool:
    """A layer was called on the tensor, and the tape recorded nothing of the target."""
    tape, node = question.asked.tape, question.asked.node
    trails = [trail for found in flow.values() for trail in found]
    known = all(isinstance(thing, Layer | Variable | int) for thing in flow)
    if question.speculative or not known or len(node.args) < 2:
        return False
    if any(tape.number in one.tapes or one.cut is not None for one in trails):
        return False
    text = reader.spot(node.args[1]).text
    for trail in trails:
        calls = [one for one in trail.read if isinstance(one, ast.Call)]
        if any(ast.unparse(one) == text for call in calls[-1:] for one in call.args):
            lost = breaks.outside(reader, question, trail)
            question.found.append((source, Connection(text, "tensor", False, lost)))
            return True
    return False


def _look_at_aside(reader: Reader, question: Question, source: Tensor, flow: Flow) -> None:
    """A watched tensor, and a target that is made of something else, or of what it was before."""
    tape, node = question.asked.tape, question.asked.node
    # Of what is read in part, or is a derivative that may be constant, nobody knows.
    known = all(isinstance(thing, Layer | Variable | int) for thing in flow)
    if question.zeros or question.speculative or not known or len(node.args) < 2:
        return
    # What meets a variable is recorded for that one's sake: then `watch` may come later.
    late = source.tokens <= tape.unwatched and not flow
    if late or (has_a_way(flow, tape) and not source.tokens & tape.late):
        spot = reader.spot(node.args[1])
        told = next((tape.watched[token] for token in source.tokens if late), None)
        lost = Break(
            "unwatched",
            "late" if late else "aside",
            spot,
            None if told is None else reader.spot(told),
            reader.spot(tape.node),
        )
        question.found.append((source, Connection(spot.text, "tensor", False, lost)))


def has_a_way(flow: Flow, tape: Tape) -> bool:
    """Says whether the tape recorded a layer or variable on the way to its target."""
    return any(
        tape.number in trail.tapes and trail.cut is None
        for owner, trails in flow.items()
        if isinstance(owner, Layer | Variable)
        for trail in trails
    )
