"""Variables of Keras 3 that are handed to TensorFlow itself, which knows its own only."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...evidence.loop import Remark
from ..values import Group, Layer, ListValue, Value
from . import generations

if TYPE_CHECKING:
    from ..reader import Reader


def watched(reader: Reader, value: Value, node: ast.AST) -> None:
    """A tape is told to watch something."""
    if reader.generation == "2":
        return
    argument = node.args[0] if isinstance(node, ast.Call) and node.args else node
    owners = [
        item.owner
        for part in _parts(reader, argument, value)
        for item in _items(part)
        if isinstance(item, Group)
    ]
    if any(isinstance(owner, Layer) for owner in owners) and not _is_held(reader, argument):
        spot = reader.spot(argument)
        reader.facts.remarks[Remark("keras3-variable-interop", spot, spot.text)] = None


def attribute_read(reader: Reader, value: Value, name: str, node: ast.AST) -> None:
    """`variable.ref()`, for one of a layer of Keras: only a `tf.Variable` has that."""
    owner = value.owner if isinstance(value, Group) else None
    if name not in ONLY_TENSORFLOWS or reader.generation != "3" or not isinstance(owner, Layer):
        return
    if isinstance(node, ast.Attribute) and not generations.asks_version(reader, node):
        spot = reader.spot(node)
        remark = Remark("keras3-variable-interop", spot, spot.text, (name,))
        reader.facts.remarks[remark] = None


def kind_asked(reader: Reader, value: Value, node: ast.AST) -> None:
    """`if isinstance(w, tf.Variable): kept.append(w)`, for variables of layers: none is kept."""
    owner = value.owner if isinstance(value, Group) else None
    if reader.generation != "3" or not isinstance(owner, Layer) or reader.silent:
        return
    around = [one for one in reader.around(node) if isinstance(one, ast.If | ast.comprehension)]
    sieve = around[-1] if around else None
    if isinstance(sieve, ast.If) and (sieve.test is not node or not _only_keeps(sieve)):
        return
    if sieve is not None and (isinstance(sieve, ast.If) or node in sieve.ifs):
        spot = reader.spot(node)
        remark = Remark("keras3-variable-interop", spot, spot.text, ("isinstance",))
        reader.facts.remarks[remark] = None


def _only_keeps(branch: ast.If) -> bool:
    """Says whether a branch without another does nothing but put things into a list."""
    return not branch.orelse and all(
        isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Call)
        and getattr(one.value.func, "attr", "") in ("append", "add")
        for one in branch.body
    )


ONLY_TENSORFLOWS = frozenset(
    """ref experimental_ref read_value is_initialized initialized_value initial_value scatter_add
    scatter_sub scatter_update scatter_max scatter_min scatter_mul scatter_div scatter_nd_add
    scatter_nd_sub scatter_nd_update batch_scatter_update sparse_read gather_nd""".split()
)
"""Methods of a `tf.Variable` that variables of Keras 3.15.1 lack."""


def _items(value: Value) -> list[Value]:
    """The entries of a list that a property gave, or what stands alone."""
    if isinstance(value, ListValue):
        return value.items if value.property_read else []
    return [value]


def _parts(reader: Reader, argument: ast.AST, value: Value) -> list[Value]:
    """What is watched: one value, or those of `[x, *weights]` and of `weights + more`."""
    if isinstance(argument, ast.List | ast.Tuple):
        nodes = [one.value if isinstance(one, ast.Starred) else one for one in argument.elts]
    elif isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add):
        nodes = [argument.left, argument.right]
    else:
        return [value]
    inner = [(one, reader.evaluate(one)) for one in nodes if not isinstance(one, ast.Call)]
    return [part for one, of in inner for part in _parts(reader, one, of)]


def _is_held(reader: Reader, argument: ast.AST) -> bool:
    """Says whether this is the `tf.Variable` that a variable of Keras 3 holds in `value`."""
    found: list[ast.AST] = [argument]
    if isinstance(argument, ast.Name):
        found = [*reader.home(argument).named.get(argument.id, ())]
    # One of two values by a condition: the program tells the generations apart itself.
    found += [way for one in found if isinstance(one, ast.IfExp) for way in (one.body, one.orelse)]
    return any(isinstance(one, ast.Attribute) and one.attr == "value" for one in found)
