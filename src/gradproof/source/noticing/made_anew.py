"""Layers and variables that each call makes anew."""

from __future__ import annotations

import ast
import itertools
import re
from typing import TYPE_CHECKING

from ..dependence import Flow
from ..framework import api
from ..values import Asked, Constant, Function, Instance, Layer, Tape, Unknown, Variable
from .habits import remark

if TYPE_CHECKING:
    from ..reader import Reader


def made_in_call(reader: Reader, what: str, name: str, node: ast.AST, label: str = "") -> bool:
    """A layer or variable is made while a Keras object computes."""
    at, inner = None, node
    frames = list(itertools.takewhile(lambda frame: not frame.building, reader.frames[1:]))
    if len(frames) < len(reader.frames) - 1:
        begun = reader.frames[len(frames) + 1]
        if begun.function is None or begun.function.name != "__init__":
            return False
        inner = begun.call or node
    for frame in reversed(frames):
        if frame.guarded:
            return False
        function = frame.function
        if at is None and isinstance(frame.receiver, Instance):
            at = inner
        inner = frame.call or inner
        if function is None or function.name != "call" or not isinstance(frame.receiver, Instance):
            if function is not None and may_run_once(function):
                return False
            continue
        if frame.receiver.of.base in ("layer", "model") and name not in api.WITHOUT_VARIABLES:
            names = (label,) if label else ()
            others = () if at is None or at is node else ((reader.spot(node), "made here"),)
            spot = reader.spot(at or node)
            remark(reader, "created-in-call", spot, f"{what} `{name}`", names, others)
            reader.facts.habits.anew.add(id(node))
            return True
    return False


_STARTS_PLAIN = frozenset("LayerNormalization BatchNormalization GroupNormalization PReLU".split())
"""Layers whose variables start without randomness: made anew, they still compute the same."""


def made_under_tape(reader: Reader, layer: Layer, asked: Asked) -> None:
    """Each step makes a layer, which the next one does not know."""
    looping = any(frame.looping for frame in reader.frames)
    if not looping or layer.trainable is not True or layer.touched or layer.parts:
        return
    if layer.kind in _STARTS_PLAIN or layer.kind in api.WITHOUT_VARIABLES:
        return
    if id(layer.node) in reader.facts.habits.anew:
        return
    names = (layer.name,) if layer.name else ()
    remark(reader, "created-in-call", reader.spot(layer.node), f"layer `{layer.kind}`", names)


def among_watched(reader: Reader, asked: Asked, flow: Flow) -> None:
    """All that the tape has watched is trained, layers that are new in each step, too."""
    tape, sources = asked.tape, asked.sources
    if not isinstance(sources, Unknown) or sources.name != "watched_variables":
        return
    live = [
        thing
        for thing, trails in flow.items()
        if any(tape.number in trail.tapes and trail.cut is None for trail in trails)
        and isinstance(thing, Layer | Variable)
    ]
    new = [thing for thing in live if tape.number in thing.made_under]
    # What is made in one step, and nothing but looked at, may be a probe of fresh weights.
    for thing in new if len(new) < len(live) or _updates(reader, asked) else ():
        if isinstance(thing, Layer):
            made_under_tape(reader, thing, asked)


def _updates(reader: Reader, asked: Asked) -> bool:
    """Says whether the loop around the question moves variables along gradients."""
    loops = [one for one in reader.around(asked.node) if isinstance(one, ast.For | ast.While)]
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in _MOVING
        for loop in loops[:1]  # outermost: it has all that the others have
        for one in ast.walk(loop)
    )


_MOVING = frozenset({"assign_sub", "apply_gradients", "apply"})
_DRAWS = re.compile(r"(?i)random|initiali[sz]er|glorot|xavier|\bhe_|lecun")
_GIVEN = re.compile(r"(?i)noise|eps|latent|mask|delta|perturb|^z\d*$|^x\d*$|input|image|sample")


def made_for_one_step(reader: Reader, variable: Variable, tape: Tape) -> bool:
    """Each step makes a variable that it computes with, and asks for no gradient of it.

    It starts from a number, or by chance; noise that is held in a variable is drawn on purpose.
    """
    initial = variable.node.args[:1]
    drawn = isinstance(variable.initial, Constant) or any(
        _DRAWS.search(ast.unparse(one)) for one in initial
    )
    anew = tape.number in variable.made_under and any(frame.looping for frame in reader.frames)
    if not anew or not drawn or variable.trainable is not True or variable.assigned:
        return False
    if _GIVEN.search(variable.name):
        return False
    if any(_is_moved(one) for one in initial):
        return True
    if id(variable.node) not in reader.facts.habits.anew:
        names = (variable.name,) if variable.name else ()
        remark(reader, "created-in-call", reader.spot(variable.node), "variable", names)
    return True


def _is_moved(initial: ast.expr) -> bool:
    """`batch + noise`: data that chance has moved a little, where a weight is chance alone."""
    return isinstance(initial, ast.BinOp) and any(
        isinstance(side, ast.Name | ast.Attribute | ast.Subscript)
        for side in (initial.left, initial.right)
        if isinstance(initial.op, ast.Add | ast.Sub)
    )


def may_run_once(function: Function) -> bool:
    """Says whether a decorator decides whether a function runs, such as `snt.once`."""
    return bool(_decorators(function) - {"function", "staticmethod", "classmethod", "property"})


def remembers(function: object) -> bool:
    """Says whether a function gives what it gave before: `@functools.cached_property`."""
    return bool(_decorators(function) & {"cached_property", "cache", "lru_cache", "once"})


def _decorators(function: object) -> set[str]:
    decorators = getattr(getattr(function, "node", None), "decorator_list", ())
    return {ast.unparse(one).split("(")[0].split(".")[-1] for one in decorators}
