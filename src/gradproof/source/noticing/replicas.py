"""What a replica of a strategy must not do: divide again, or apply under a condition."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..values import Constant, LossFunction, Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


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
    test = next(
        (one.test for one in _conditions(reader, function.node, node) if _is_tensor(reader, one)),
        None,
    )
    if test is not None:
        others = ((reader.spot(test), "known only when it runs"),)
        habits.remark(reader, "accumulation-under-strategy", reader.spot(node), "", (), others)


def _is_cond(node: ast.AST) -> bool:
    """Says whether this is `tf.cond(...)`."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("tf.cond", "tensorflow.cond")


def _conditions(reader: Reader, function: ast.AST, node: ast.Call) -> list[ast.If]:
    """The conditions in a function that a node stands under."""
    around = reader.source_of(node.lineno).around(node)
    inside = around[around.index(function) :] if function in around else []
    return [one for one in inside if isinstance(one, ast.If)]


def _is_tensor(reader: Reader, condition: ast.If) -> bool:
    value = reader.evaluate(condition.test)
    return isinstance(value, Tensor) and value.form == "tensor"
