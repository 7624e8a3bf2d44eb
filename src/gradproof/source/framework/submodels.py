"""Outputs of calls of models, and targets that another call computed."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..dependence import ANYTHING, ASIDE, Flow, Trail
from ..flow import merge
from ..noticing import habits
from ..values import Asked, Group, Instance, Layer, ListValue, Tensor, Unknown, Value, Variable
from . import tapes

if TYPE_CHECKING:
    from ..reader import Reader

_SYMBOLIC = frozenset({"output", "input", "outputs", "inputs"})


def computed(reader: Reader, model: Layer | Instance, value: Value, node: ast.AST) -> Value:
    """A model was called while tapes record: its output is followed from here on."""
    if not reader.active or reader.keras_calls:
        return value
    if isinstance(value, ListValue):
        items = [computed(reader, model, item, node) for item in value.items]
        return replace(value, items=items)
    if isinstance(value, Tensor) and value.flow:
        read = reader.path(node)
        own: Flow = {token: (Trail(reader.active, read),) for token in value.tokens}
        reader.facts.outputs.update(dict.fromkeys(value.tokens, node))
        return replace(value, flow=merge((value.flow, own)))
    return value


def asked(reader: Reader, question: Asked) -> None:
    """A tape is asked for the gradient by an output that the target never used."""
    arguments = question.node.args
    if len(arguments) < 2 or reader.silent:
        return
    which = arguments[1]
    if _is_symbolic(reader, which):
        _tell(reader, question, which, which)
        return
    flow = reader.facts.target_flow(question.target)
    if not flow or ANYTHING in flow or ASIDE in flow:
        return
    if any(isinstance(thing, Unknown | Instance | Group) for thing in flow):
        return
    if not any(isinstance(thing, Layer | Variable) for thing in flow):
        return
    for source in tapes.entries(question.sources):
        if not isinstance(source, Tensor) or not source.tokens <= reader.facts.outputs.keys():
            continue
        made = reader.facts.outputs[next(iter(source.tokens))]
        # Another output of the same call may be computed from this one.
        same = (reader.facts.outputs.get(thing) is made for thing in flow if isinstance(thing, int))
        if not any(same):
            _tell(reader, question, which, made)


def _is_symbolic(reader: Reader, node: ast.expr) -> bool:
    """Says whether this is a placeholder of a model's graph, not a value."""
    if not isinstance(node, ast.Attribute) or node.attr not in _SYMBOLIC:
        return False
    if isinstance(node.value, ast.Call):
        called = node.value.func
        return isinstance(called, ast.Attribute) and called.attr == "get_layer"
    return isinstance(reader.evaluate(node.value), Layer)


def _tell(reader: Reader, question: Asked, which: ast.AST, made: ast.AST) -> None:
    others = () if made is which else ((reader.spot(made), "computed here"),)
    spot = reader.spot(which)
    habits.remark(reader, "disconnected-submodel", spot, spot.text, (), others)
