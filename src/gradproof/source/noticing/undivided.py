"""Sums of gradients of means that are applied as they are: a step as large as there are parts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..dependence import Path
from ..framework import tapes
from ..values import Asked, Constant, GradientOf, Group, Optimizer, Tensor, Value, Variable
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_BOUNDS = ("clipnorm", "global_clipnorm", "clipvalue")


@dataclass(eq=False, repr=False)
class Sums:
    """Buffers by identity: what is added to them, and where they are handed over whole.

    `handed`: all that any optimizer was given; `idle`: what is divided, and where, for nobody;
    `means`: values of losses that are means over the batch;
    `shares`: losses, gradients and sums of them that were divided, with what by.
    """

    added: dict[int, tuple[Variable, Asked, Path]] = field(default_factory=dict)
    given: dict[int, tuple[Optimizer, Path]] = field(default_factory=dict)
    handed: dict[int, ast.AST] = field(default_factory=dict)
    idle: list[tuple[Variable | Tensor, ast.AST]] = field(default_factory=list)
    means: dict[int, ast.AST] = field(default_factory=dict)
    shares: dict[int, tuple[ast.AST, str, Asked | None]] = field(default_factory=dict)


def added(
    reader: Reader,
    variable: Variable | Group,
    value: Value,
    gradients: list[GradientOf],
    node: ast.AST,
) -> None:
    """`buffer.assign_add(gradient)`."""
    _twice(reader, (value,))
    calls = {id(entry.call): entry.call for entry in gradients}
    plain = (
        isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Name)
    )
    if isinstance(variable, Variable) and len(calls) == 1 and plain and not reader.silent:
        call = next(iter(calls.values()))
        reader.facts.sums.added.setdefault(id(variable), (variable, call, reader.path(node)))


def divided(reader: Reader, node: ast.BinOp, left: Value, result: Tensor) -> None:
    """`loss / parts`, of a mean over one part, `gradient / parts`, or `buffer / parts`."""
    sums = reader.facts.sums
    asked: Asked | None = None
    if isinstance(left, Tensor) and left.gradient is not None:
        asked = left.gradient.call
    elif isinstance(left, Variable):
        asked = sums.added[id(left)][1] if id(left) in sums.added else None
    loss = isinstance(left, Tensor) and (left.loss == 1 or left.mean_of is not None)
    if asked is not None or loss:
        sums.shares.update(dict.fromkeys(result.tokens, (node, ast.unparse(node.right), asked)))


def _twice(reader: Reader, entries: Iterable[Value]) -> None:
    """Gradients of a loss that was divided by the number of parts are divided by it again."""
    shares = reader.facts.sums.shares
    tokens = [token for one in entries if isinstance(one, Tensor) for token in one.tokens]
    for node, divisor, asked in (shares[token] for token in tokens if token in shares):
        target = asked.target.tokens if asked is not None else frozenset()
        first = next((shares[token] for token in target if token in shares), None)
        if first is not None and first[1] == divisor and not _is_number(divisor):
            others = ((reader.spot(first[0]), "the loss is divided by it already"),)
            spot = reader.spot(node)
            habits.remark(reader, "wrong-accumulation", spot, "divided twice", (), others)
            return


def _is_number(text: str) -> bool:
    return text.replace(".", "").isdigit()


def applied(reader: Reader, optimizer: Optimizer, gradients: Value | None, node: ast.Call) -> None:
    """An optimizer is given such buffers, as they are."""
    entries = tapes.entries(gradients) if gradients is not None else []
    _twice(reader, entries)
    if not reader.silent:
        reader.facts.sums.handed.update((id(entry), node) for entry in entries)
    if reader.silent or not steps_far(optimizer):
        return
    for entry in entries:
        if isinstance(entry, Variable):
            reader.facts.sums.given.setdefault(id(entry), (optimizer, reader.path(node)))


def thrown_away(reader: Reader, node: ast.Expr) -> None:
    """`total / parts` as a statement: nobody gets the quotient."""
    quotient, frame = node.value, reader.frame
    # The last line of a notebook's cell shows it.
    shown = frame.function is None and not frame.looping
    if not isinstance(quotient, ast.BinOp) or shown or reader.silent:
        return
    plain = isinstance(quotient.left, ast.Name | ast.Attribute | ast.Subscript)
    if not plain or not isinstance(quotient.op, ast.Div | ast.Mult):
        return
    total = reader.evaluate(quotient.left)
    if isinstance(total, Variable) or (isinstance(total, Tensor) and total.gradient is not None):
        reader.facts.sums.idle.append((total, quotient))


def steps_far(optimizer: Optimizer) -> bool:
    """Says whether a gradient that is larger makes a step that is larger, with a rate as given."""
    rate = optimizer.arguments.get("learning_rate")
    return (
        optimizer.kind == "SGD"
        and optimizer.custom is None
        and isinstance(rate, Constant)
        and not isinstance(rate.node, ast.BinOp)
        and not any(name in optimizer.arguments for name in _BOUNDS)
    )


def finish(reader: Reader) -> None:
    """Sums of several parts, each the gradient of a mean over its own."""
    sums = reader.facts.sums
    for total, quotient in sums.idle:
        handed = sums.handed.get(id(total))
        if handed is not None:
            given = ((reader.spot(handed), "handed over as they were"),)
            spot = reader.spot(quotient)
            habits.remark(reader, "wrong-accumulation", spot, "thrown away", (), given)
    for key in sums.added.keys() & sums.given.keys():
        variable, asked, adding = sums.added[key]
        _, applying = sums.given[key]
        mean = mean_behind(reader, asked)
        if mean is None or variable.touched:
            continue
        if key in reader.facts.masks.emptied and _several(reader, adding, applying):
            others = (
                (reader.spot(adding[-1]), "added up here"),
                (reader.spot(mean), "a mean over one part"),
            )
            spot = reader.spot(applying[-1])
            habits.remark(reader, "wrong-accumulation", spot, "not divided", (), others)


def mean_taken(reader: Reader, reduction: Value | None, result: Tensor, node: ast.AST) -> None:
    """An object of a loss is called that averages over the batch, as all do by default."""
    known = reduction.value if isinstance(reduction, Constant) else None
    if reduction is None or known in ("sum_over_batch_size", "auto"):
        reader.facts.sums.means.update(dict.fromkeys(result.tokens, node))


def mean_behind(reader: Reader, asked: Asked) -> ast.AST | None:
    """The mean over one part whose gradients were asked for, and are not divided."""
    if id(asked) in reader.facts.batches.rescaled:
        return None
    means = (reader.facts.sums.means.get(token) for token in asked.target.tokens)
    return asked.target.mean_of or next((one for one in means if one is not None), None)


def _several(reader: Reader, adding: Path, applying: Path) -> bool:
    """Says whether more parts are added up than updates are made."""
    turns = [*_around(reader, adding, ast.For, ast.While)]
    shared = {id(one) for one in _around(reader, applying, ast.For, ast.While)}
    more = any(id(one) not in shared and not _over_pairs(one) for one in turns)
    return more or is_rarer(reader, applying, adding)


def is_rarer(reader: Reader, applying: Path, often: Path) -> bool:
    """Says whether one of two calls waits for a count of rounds: `if step % parts == 0`."""
    rare = {id(one) for one in _around(reader, applying, ast.If) if counts_rounds(one)}
    return bool(rare - {id(one) for one in _around(reader, often, ast.If)})


def _around(reader: Reader, path: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    """Statements of some kinds around the calls that lead to a place, and around that."""
    for node in path:
        for one in reader.around(node):
            if isinstance(one, kinds):
                yield one


def counts_rounds(branch: ast.AST) -> bool:
    """`if step % parts == 0`."""
    test = getattr(branch, "test", branch)
    return any(isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mod) for one in ast.walk(test))


def _over_pairs(loop: ast.AST) -> bool:
    """`for buffer, gradient in zip(...)`."""
    return isinstance(loop, ast.For) and "zip(" in ast.unparse(loop.iter)
