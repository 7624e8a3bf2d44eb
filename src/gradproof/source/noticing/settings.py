"""Python numbers of layers and optimizers, which a trace reads once: rates, momenta."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import FrozenState
from ..values import Constant, Function, Layer, Optimizer, Value

if TYPE_CHECKING:
    from ..reader import Reader

_OF_LAYERS = {
    "Dropout": {"rate"},
    "SpatialDropout1D": {"rate"},
    "SpatialDropout2D": {"rate"},
    "SpatialDropout3D": {"rate"},
    "AlphaDropout": {"rate"},
    "GaussianDropout": {"rate"},
    "GaussianNoise": {"stddev"},
    "BatchNormalization": {"momentum", "epsilon"},
}
_OF_OPTIMIZERS = frozenset(
    "momentum nesterov beta_1 beta_2 rho epsilon amsgrad centered weight_decay".split()
)
_DEEPEST = 6


def used(reader: Reader, thing: Layer | Optimizer, node: ast.AST, depth: int = 0) -> None:
    """A layer computes, or an optimizer takes a step; in a trace it does so with its numbers."""
    traced = reader.frame.traced
    if traced is None or reader.silent or depth > _DEEPEST:
        return
    if isinstance(thing, Optimizer) or thing.kind in _OF_LAYERS:
        by_function = reader.facts.settings.setdefault(id(thing), {})
        by_function.setdefault(id(traced), (thing, traced, node))
    for part in thing.parts if isinstance(thing, Layer) else ():
        if isinstance(part, Layer):
            used(reader, part, node, depth + 1)


def written(
    reader: Reader, thing: Layer | Optimizer, name: str, value: Value, target: ast.AST
) -> None:
    """A number is changed after a trace has read it; what counts is whether that runs again."""
    if isinstance(thing, Layer):
        known = name in _OF_LAYERS.get(thing.kind, ())
    else:
        known = name in _OF_OPTIMIZERS and thing.custom is None
    if (
        not known
        or _as_made(thing, name, value)
        or reader.frame.traced is not None
        or reader.silent
    ):
        return
    for one, function, node in reader.facts.settings.get(id(thing), {}).values():
        if one is thing and isinstance(function, Function):
            spot = reader.spot(target)
            fact = FrozenState(
                spot.text, function.name, reader.spot(node), spot, False, setting=True
            )
            facts = reader.facts
            again = _comes_round(reader, function, target)
            (facts.frozen if again else facts.outdated.setdefault(id(function), {}))[fact] = None


def _as_made(thing: Layer | Optimizer, name: str, value: Value) -> bool:
    """Says whether a number is what its layer or optimizer was made with."""
    first = thing.arguments.get(name)
    given = thing.node.args[:1] if isinstance(thing.node, ast.Call) else []
    if first is None and name in ("rate", "stddev") and given:
        first = Constant(given[0].value) if isinstance(given[0], ast.Constant) else None
    known = isinstance(value, Constant) and isinstance(first, Constant)
    return known and value.value == first.value  # type: ignore[union-attr]


def _comes_round(reader: Reader, function: Function, target: ast.AST) -> bool:
    """`if epoch == 5: dropout.rate = 0.3`, and nothing else there, in a loop that calls the step.

    Of such a loop not every round is followed.
    """
    around = reader.around(target)
    branch = next((one for one in reversed(around) if isinstance(one, ast.If)), None)
    loops = [one for one in around if isinstance(one, ast.For | ast.While)]
    if branch is None or not loops or not reader.frame.guarded:
        return False
    own = reader.around(function.node)[:-1]
    # Steps that a function makes, or a loop, may be new ones in the next round.
    new = any(isinstance(one, ast.FunctionDef | ast.Lambda | ast.For) for one in own)
    alone = all(
        (isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant))
        or ast.unparse(one).startswith("print(")
        for one in branch.body
    )
    called = {
        getattr(one.func, "id", getattr(one.func, "attr", ""))
        for one in ast.walk(loops[0])
        if isinstance(one, ast.Call)
    }
    return alone and not new and function.name in called
