"""Roots that a mask behind them makes safe: the derivative of `tf.sqrt` at 0, times 0, is 0.

TensorFlow's kernels of these derivatives look at what comes back first. Those that XLA
writes do not.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..flow import once
from ..joining import flow_of
from ..python.methods import name_of
from ..values import Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ...evidence.loop import Spot
    from ..reader import Reader

_SAFE = frozenset("sqrt rsqrt reciprocal norm".split())
_PICKS = frozenset("reduce_max amax set_diag sort band_part gather gather_nd".split())
"""They let nothing back to entries that they leave out: of distances, to that from oneself."""
_MASKS = frozenset("boolean_mask reduce_min amin".split())
"""They do where a mask, or what was put there before, leaves those entries out."""
_DIAGONAL = ("eye(", "diag", "band_part", "triu", "tril", "identity(")
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
    picks = short in _PICKS or (short in _MASKS and _knows_diagonal(reader))
    for root in _known(reader, value):
        root.masked |= picks
        root.summed |= short in _SUMS
    if not picks and short not in _SUMS:
        result.roots = once(value.roots, result.roots)


def combined(reader: Reader, op: ast.operator, left: Value, right: Value, result: Tensor) -> None:
    """An operator; a factor without a gradient of its own is a mask."""
    for side, other in ((left, right), (right, left)):
        if not isinstance(side, Tensor) or not side.roots:
            continue
        factor = isinstance(other, Tensor) and other.form != "number" and not flow_of(other)
        if not (isinstance(op, ast.Mult) and factor and hidden(reader, side, other)):
            result.roots = once(side.roots, result.roots)


def chosen(reader: Reader, branch: Tensor, condition: Tensor, number: int, result: Tensor) -> None:
    """`tf.where` takes some entries of a branch, the first or the second; all else is masked."""
    if not branch.roots:
        return
    if not hidden(reader, branch, None if _is_for_others(condition, number) else condition):
        result.roots = once(branch.roots, result.roots)


def _is_for_others(condition: Tensor, number: int) -> bool:
    """Pairs that differ, so that nobody is beside himself."""
    made = condition.made[-1] if condition.made else None
    if not isinstance(made, ast.Compare):
        return False
    return isinstance(made.ops[0], (ast.NotEq, ast.Eq)[number] if number < 2 else ())


def hidden(reader: Reader, value: Value, mask: Value | None) -> bool:
    """Says whether a mask leaves out the distances that are 0, and notes it.

    It compares the distances themselves, or the file knows of a diagonal; one of equal classes
    has everyone beside himself. With no mask something else leaves them out.
    """
    compared = isinstance(mask, Tensor) and isinstance(value, Tensor)
    asked = compared and bool(mask.compared & value.tokens)  # type: ignore[union-attr]
    if not (mask is None or asked or _knows_diagonal(reader)):
        return False
    for root in _known(reader, value):
        root.masked = True
    return True


def _knows_diagonal(reader: Reader) -> bool:
    return any(word in line for line in reader.lines for word in _DIAGONAL)


def finish(reader: Reader) -> None:
    """Of what no mask hides, or only somewhere, the derivative is not finite."""
    for root in reader.facts.habits.roots.values():
        if root.summed or not root.masked:
            habits.remark(reader, "nan-from-singular-op", root.spot, "self")


def _known(reader: Reader, value: Value) -> list[Root]:
    roots = value.roots if isinstance(value, Tensor) else ()
    known = reader.facts.habits.roots
    return [known[id(node)] for node in roots if id(node) in known]
