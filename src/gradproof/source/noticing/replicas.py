"""What a replica of a strategy must not do: divide again, or apply under a condition."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ..values import Constant, LossFunction, Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


_REPLICAS = "num_replicas_in_sync"


def loss_taken(reader: Reader, loss: LossFunction, result: Tensor) -> None:
    """A loss object of Keras 3 is called in a replica: it divides by their number."""
    reduction = loss.arguments.get("reduction")
    if reader.replicas and reader.generation == "3" and loss.kind[:1].isupper():
        mean = reduction is None or (
            isinstance(reduction, Constant)
            and reduction.value in ("sum_over_batch_size", "mean", "auto")
        )
        if mean:
            reader.facts.shares |= result.tokens


def divided(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> None:
    """Such a loss is divided by the number of replicas once more."""
    sides = [(left, node.left, node.right)]
    if isinstance(node.op, ast.Mult):
        sides.append((right, node.right, node.left))
    for value, loss, factor in sides:
        if not isinstance(value, Tensor) or not value.tokens & reader.facts.shares:
            continue
        if isinstance(node.op, ast.Mult):
            if not isinstance(factor, ast.BinOp) or not isinstance(factor.op, ast.Div):
                continue
            factor = factor.right
        if "replica" in ast.unparse(factor).lower():
            others = ((reader.spot(loss), "divided already"),)
            spot = reader.spot(node)
            habits.remark(reader, "replica-loss-divided-twice", spot, "", (), others)


def averaged(reader: Reader, node: ast.BinOp, left: Value, result: Tensor) -> None:
    """A sum is divided by the number of examples of one replica: its mean."""
    sums = reader.facts.batches.sums
    if not reader.replicas or not isinstance(node.op, ast.Div) or not isinstance(left, Tensor):
        return
    if any(token in sums for token in left.tokens) and _of_one_replica(reader, node.right):
        result.mean_of = node


def _of_one_replica(reader: Reader, divisor: ast.expr) -> bool:
    """Says whether a number counts the examples of one replica.

    It does if it is read off the part itself, or is `n` where the global batch is
    `n * strategy.num_replicas_in_sync`.
    """
    text = ast.unparse(divisor)
    if _REPLICAS in text:
        return False
    if re.search(r"\blen\(|\.shape\b.*\[0\]|\b(tf\.)?(shape|size)\(", text):
        return True
    if isinstance(divisor, ast.Call) and divisor.args:
        return _of_one_replica(reader, divisor.args[0])  # a cast
    name = _last(divisor)
    return bool(name) and any(_counts_parts(one, name) for one in ast.walk(reader.source.tree))


def _counts_parts(node: ast.AST, name: str) -> bool:
    """`global = name * replicas`, or `name = global // replicas`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        sides = {_last(node.left), _last(node.right)}
        return sides == {name, _REPLICAS}
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp):
        return False
    divided = isinstance(node.value.op, ast.FloorDiv | ast.Div)
    return divided and _last(node.value.right) == _REPLICAS and _last(node.targets[0]) == name


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def applied(reader: Reader, node: ast.Call) -> None:
    """Gradients are applied in a replica, under a condition on a tensor."""
    function = reader.frame.function
    if not reader.replicas or reader.frame.traced is None or function is None:
        return
    branch = next((one for one in reader.path(node) if _is_cond(one)), None)
    if branch is not None:
        others = ((reader.spot(branch), "a branch of this"),)
        habits.remark(reader, "accumulation-under-strategy", reader.spot(node), "", (), others)
        return
    within = reader.frames[reader.replicas[-1] :]
    test = next((test for one in within for test in one.tests), None)
    if test is not None:
        others = ((reader.spot(test), "known only when it runs"),)
        habits.remark(reader, "accumulation-under-strategy", reader.spot(node), "", (), others)


def _is_cond(node: ast.AST) -> bool:
    """Says whether this is `tf.cond(...)`."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("tf.cond", "tensorflow.cond")
