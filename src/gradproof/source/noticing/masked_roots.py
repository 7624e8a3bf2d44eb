"""Roots that a mask behind them makes safe: the derivative of `tf.sqrt` at 0, times 0, is 0.

TensorFlow's kernels of these derivatives look at what comes back first. Those that XLA
writes do not.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..joining import flow_of
from ..python.methods import name_of
from ..values import Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ...evidence.loop import Spot
    from ..reader import Reader

_SAFE = frozenset("sqrt rsqrt reciprocal norm".split())
_PICKS = frozenset(
    """boolean_mask gather gather_nd reduce_max reduce_min set_diag sort band_part
    amax amin segment_max segment_min""".split()
)
"""They let nothing back to entries that they leave out, such as the nearest, which is itself."""
_SUMS = frozenset("reduce_sum reduce_mean add_n norm".split())


@dataclass
class Root:
    """A root of zeros.

    Attributes:
        spot: Where it is taken.
        masked: Something leaves entries of it out.
        summed: All its entries come together somewhere.
    """

    spot: Spot
    masked: bool = False
    summed: bool = False


def is_safe(reader: Reader, operation: ast.AST) -> bool:
    """Says whether this operation has the derivative 0 where nothing comes back to it."""
    own = isinstance(operation, ast.Call) and name_of(operation.func) in _SAFE
    return own and not any("jit_compile=True" in line for line in reader.lines)


def taken(reader: Reader, node: ast.AST, result: Tensor) -> None:
    """The root of distances of all pairs, of which some are exactly 0."""
    if not is_safe(reader, node):
        habits.remark(reader, "nan-from-singular-op", reader.spot(node), "self")
    elif not reader.silent:
        reader.facts.habits.roots.setdefault(id(node), Root(reader.spot(node)))
        result.roots = (node,)


def carried(reader: Reader, short: str, value: Value, result: Tensor) -> None:
    """An operation on something that came from such a root."""
    if not isinstance(value, Tensor) or not value.roots or short == "multiply":
        return
    for root in _known(reader, value):
        root.masked |= short in _PICKS
        root.summed |= short in _SUMS
    if short not in _PICKS | _SUMS:
        result.roots = (*value.roots, *result.roots)


def combined(reader: Reader, op: ast.operator, left: Value, right: Value, result: Tensor) -> None:
    """An operator; a factor without a gradient of its own is a mask."""
    for side, other in ((left, right), (right, left)):
        if not isinstance(side, Tensor) or not side.roots:
            continue
        factor = isinstance(other, Tensor) and other.form != "number" and not flow_of(other)
        if isinstance(op, ast.Mult) and factor:
            hidden(reader, side)
        else:
            result.roots = (*side.roots, *result.roots)


def hidden(reader: Reader, value: Value) -> None:
    """A mask, or `tf.where`, leaves entries of it out."""
    for root in _known(reader, value):
        root.masked = True


def finish(reader: Reader) -> None:
    """Of what no mask hides, or only somewhere, the derivative is not finite."""
    for root in reader.facts.habits.roots.values():
        if root.summed or not root.masked:
            habits.remark(reader, "nan-from-singular-op", root.spot, "self")


def _known(reader: Reader, value: Value) -> list[Root]:
    roots = value.roots if isinstance(value, Tensor) else ()
    known = reader.facts.habits.roots
    return [known[id(node)] for node in roots if id(node) in known]
