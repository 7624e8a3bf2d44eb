"""Habits of training programs that lose updates, each told by one place.

Facts that a single fault asks about: they go into the record as remarks, with
the name of that fault as their topic.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...evidence.loop import Remark, Spot
from ..dependence import ANYTHING, ASIDE, PENALTIES, Flow, Path
from ..framework import api, ownership, tapes
from ..values import (
    Asked,
    Constant,
    Dataset,
    Function,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Other,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from ..reader import Reader
    from .masked_roots import Root


@dataclass(eq=False, repr=False)
class Habits:
    """What has been met that may turn into a remark later."""

    leaked: dict[tuple[int, str], tuple[Spot, str]] = field(default_factory=dict)
    leaked_lists: dict[int, tuple[ListValue, Spot, str]] = field(default_factory=dict)
    aliases: dict[int, Spot] = field(default_factory=dict)
    rate_names: dict[tuple[int, str], Optimizer] = field(default_factory=dict)
    rate_writes: list[tuple[Optimizer, Spot]] = field(default_factory=list)
    rate_slots: dict[int, tuple[Value, Optimizer]] = field(default_factory=dict)
    rates_asked_once: list[tuple[Optimizer, Spot]] = field(default_factory=list)
    rate_variables: list[tuple[Variable, Spot]] = field(default_factory=list)
    rate_values: dict[Spot, tuple[Optimizer, Variable]] = field(default_factory=dict)
    scaled: list[tuple[Optimizer, Spot]] = field(default_factory=list)
    halves: dict[int, dict[str, Spot]] = field(default_factory=dict)
    before_scaling: set[int] = field(default_factory=set)
    set_aside: dict[Spot, None] = field(default_factory=dict)
    traced_owners: dict[int, Function] = field(default_factory=dict)
    flips: dict[int, tuple[Spot, Function | None]] = field(default_factory=dict)
    traced_flags: dict[tuple[int, int], bool] = field(default_factory=dict)
    train_functions: dict[int, Function] = field(default_factory=dict)
    fitted: dict[int, list[object]] = field(default_factory=dict)
    flags_read: dict[int, tuple[bool, ...]] = field(default_factory=dict)
    compiled: set[int] = field(default_factory=set)
    frozen_after: dict[int, Spot] = field(default_factory=dict)
    numbers: dict[int, Value] = field(default_factory=dict)
    stepped: dict[int, set[int]] = field(default_factory=dict)
    unregularized: list[tuple[Spot, str, tuple[str, ...]]] = field(default_factory=list)
    adding: dict[tuple[int, str], None] = field(default_factory=dict)
    adders: dict[int, tuple[object, str]] = field(default_factory=dict)
    anew: set[int] = field(default_factory=set)
    models: list[Layer] = field(default_factory=list)
    frozen: dict[int, Spot] = field(default_factory=dict)
    frozen_parts: dict[int, Layer] = field(default_factory=dict)
    thawed: dict[int, Spot] = field(default_factory=dict)
    helpers: dict[Spot, Spot] = field(default_factory=dict)
    crossed: dict[int, list[tuple[Variable, Variable, ast.Call]]] = field(default_factory=dict)
    counted_up: list[tuple[Optimizer, Spot]] = field(default_factory=list)
    roots: dict[int, Root] = field(default_factory=dict)
    put_back: set[int] = field(default_factory=set)
    descended: set[int] = field(default_factory=set)
    switched_off: set[int] = field(default_factory=set)
    waiting: dict[int, ast.If | None] = field(default_factory=dict)
    held_weights: dict[int, tuple[object, Flow, Path]] = field(default_factory=dict)


def remark(
    reader: Reader,
    topic: str,
    spot: Spot,
    words: str,
    names: tuple[str, ...] = (),
    others: tuple[tuple[Spot, str], ...] = (),
) -> None:
    """Puts one remark into the record."""
    if not reader.silent:
        reader.facts.remarks[Remark(topic, spot, words, names, others)] = None


def applied_unscaled(
    reader: Reader, optimizer: Optimizer, asked: Asked | None, node: ast.AST
) -> None:
    """A loss-scale optimizer gets gradients; was the loss scaled?"""
    if optimizer.scales and reader.generation != "2":
        where = asked.node if asked is not None else node
        reader.facts.habits.scaled.append((optimizer, reader.spot(where)))
        scaled_aside(reader, asked)


def scaled_aside(reader: Reader, asked: Asked | None) -> None:
    """Gradients of a loss as it was before it was scaled are divided by the scale."""
    habits = reader.facts.habits
    if asked is not None and asked.target.tokens <= habits.before_scaling and asked.node.args:
        habits.set_aside[reader.spot(asked.node.args[0])] = None


def loss_added(reader: Reader, owner: Layer | Instance) -> None:
    """A layer hands a loss of its own to Keras, under a tape or while a model is put together."""
    if not isinstance(owner, Instance) or reader.silent:
        return
    reader.facts.habits.adding.update({(tape, owner.of.name): None for tape in reader.active})
    if not reader.active and not reader.speculative:
        for part in ownership.tracked(reader, owner):
            reader.facts.habits.adders.setdefault(id(part), (part, owner.of.name))


def unregularized(reader: Reader, asked: Asked) -> None:
    """Regularisers, or losses of their own, of layers that a hand-made loss trains."""
    owners = [tapes.owner_of(source) for source in tapes.entries(asked.sources)]
    names = tuple(
        owner.name or owner.kind
        for owner in owners
        if isinstance(owner, Layer)
        and any(
            key.endswith("regularizer")
            # What nobody hands over may be None, as it is by default.
            and not isinstance(value, Unknown | Tensor)
            and not (isinstance(value, Constant) and value.value is None)
            and not _weighs_nothing(value)
            for key, value in owner.arguments.items()
        )
    )
    made = asked.target.made
    function = asked.node.func
    if isinstance(function, ast.Attribute) and function.attr in ("fit", "train_on_batch"):
        return
    flow = reader.facts.target_flow(asked.target)
    if any(one in flow for one in (PENALTIES, ANYTHING, ASIDE)):
        reader.facts.penalties_added = True
    words = "" if names else "added"
    adding = reader.facts.habits.adding
    names = names or tuple(name for tape, name in adding if tape == asked.tape.number)
    adders = reader.facts.habits.adders
    held = dict.fromkeys(adders[id(one)][1] for one in owners if id(one) in adders)
    names = names or tuple(held)
    if names and made and asked.target.loss and not reader.silent:
        reader.facts.habits.unregularized.append((reader.spot(made[-1]), words, names))


def _weighs_nothing(regularizer: Value) -> bool:
    """Says whether this is `keras.regularizers.L2(0.0)`: switched off."""
    factors = list(regularizer.arguments.values()) if isinstance(regularizer, Other) else []
    return bool(factors) and all(isinstance(one, Constant) and one.value == 0 for one in factors)


def replica_mean(reader: Reader, asked: Asked) -> None:
    """A mean taken in one replica, of which the gradients are summed up."""
    target = asked.target
    words = ("all_reduce", "VariableAggregation.MEAN")
    if not reader.replicas or target.mean_of is None:
        return
    if not any(word in line for line in reader.lines for word in words):
        remark(reader, "replica-loss-scale", reader.spot(target.mean_of), "`reduce_mean`")


def dataset_loop(reader: Reader, node: ast.For, iterated: Value) -> None:
    """A loop over a dataset while a tape of the same traced function records."""
    if not isinstance(iterated, Dataset) or not iterated.pipeline or reader.silent:
        return
    tape = reader.tapes[-1] if reader.tapes else None
    if (
        reader.frame.traced is not None
        and tape is not None
        and tape.function is reader.frame.traced
    ):
        others = ((reader.spot(tape.node), "recording since here"),)
        remark(reader, "dataset-loop-in-tape", reader.spot(node.iter), "", (), others)


def takes_no_variables(
    reader: Reader, result: Value, used: list[Variable | Layer], call: ast.AST
) -> None:
    """A custom gradient whose body uses variables has to take them, too: it raises else."""
    inner = result.items[1] if isinstance(result, ListValue) and len(result.items) == 2 else None
    if not isinstance(inner, Function) or reader.silent or reader.speculative:
        return
    given = inner.node.args
    names = {one.arg for one in (*given.args, *given.kwonlyargs)}
    train = [
        owner
        for owner in used
        if owner.trainable is True and getattr(owner, "kind", "") not in api.WITHOUT_VARIABLES
    ]
    if train and given.kwarg is None and "variables" not in names:
        spot = reader.spot(given.args[0] if given.args else inner.node)
        others = ((reader.spot(call), "called here"),)
        named = tuple(dict.fromkeys(one.name for one in train if one.name))
        remark(reader, "wrong-custom-gradient", spot, "variables", named, others)


def gives_too_few(reader: Reader, function: Function, result: Value) -> None:
    """A custom gradient that gives one gradient, of a function with several inputs: it raises."""
    inner = result.items[1] if isinstance(result, ListValue) and len(result.items) == 2 else None
    if not isinstance(inner, Function) or returned_zeros(result) is not None:
        return
    own, given = function.node.args, inner.node.args
    open_ended = own.vararg or own.kwonlyargs or own.defaults or given.kwonlyargs or given.kwarg
    body = inner.node.body if isinstance(inner.node.body, list) else []
    returns = [n for part in body for n in ast.walk(part) if isinstance(n, ast.Return)]
    if open_ended or len(own.args) < 2 or len(returns) != 1:
        return
    if isinstance(returns[0].value, ast.BinOp | ast.UnaryOp | ast.Constant):
        words = f"one gradient for {len(own.args)} inputs"
        remark(reader, "wrong-custom-gradient", reader.spot(returns[0]), words, ("few",))


def ignores_upstream(reader: Reader, function: Function, result: Value) -> None:
    """A custom gradient that never looks at the gradient from above."""
    if not isinstance(result, ListValue) or len(result.items) != 2:
        return
    inner = result.items[1]
    if not isinstance(inner, Function) or not inner.node.args.args:
        return
    body = inner.node.body if isinstance(inner.node.body, list) else [inner.node.body]
    nodes = [n for part in body for n in ast.walk(part)]
    names = {n.id for n in nodes if isinstance(n, ast.Name)}
    required = len(inner.node.args.args) - len(inner.node.args.defaults)
    given = [argument.arg for argument in inner.node.args.args[: max(required, 1)]]
    first = given[0]
    # One of several outputs may lead nowhere; a target asked by a tape is a loss of its own.
    asks = any(
        isinstance(n, ast.Attribute) and n.attr == "gradient" for p in body for n in ast.walk(p)
    )
    meant = first.startswith(("_", "unused")) or names.intersection(given) or asks
    gives = isinstance(inner.node, ast.Lambda) or any(isinstance(n, ast.Return) for n in nodes)
    if gives and not meant and inner.node.args.vararg is None:
        returns = [n for n in nodes if isinstance(n, ast.Return) and n.value]
        spot = reader.spot(returns[-1]) if returns else reader.spot(inner.node)
        remark(reader, "wrong-custom-gradient", spot, f"`{first}`", (function.name,))


def returned_zeros(result: Value) -> ast.expr | None:
    """Where a custom gradient returns zeros for all of its inputs, if it does nothing else."""
    given = _returned(result)
    return given[-1] if given and all(map(_is_zeros, given)) else None


def zero_entries(result: Value) -> dict[int, ast.expr]:
    """Where a custom gradient returns zeros, or nothing, for some of its inputs, by their order."""
    given = _returned(result)
    inner = result.items[-1] if isinstance(result, ListValue) and result.items else None
    if isinstance(inner, Function) and "variables" in {one.arg for one in inner.node.args.args}:
        return {}  # What is returned has two parts then.
    rows = [one.elts for one in given if isinstance(one, ast.Tuple)]
    if not rows or len(rows) < len(given) or len({len(row) for row in rows}) > 1:
        return {}
    columns = list(zip(*rows, strict=True))
    none = (isinstance(one, ast.Constant) and one.value is None for one in rows[-1])
    return {
        number: column[-1]
        for number, (column, left) in enumerate(zip(columns, none, strict=True))
        if left or all(map(_is_zeros, column))
    }


def _returned(result: Value) -> list[ast.expr | None]:
    """What the gradient function of a custom gradient returns, one by one."""
    inner = result.items[1] if isinstance(result, ListValue) and len(result.items) == 2 else None
    if not isinstance(inner, Function):
        return []
    if isinstance(inner.node, ast.Lambda):
        return [inner.node.body]
    return [n.value for part in inner.node.body for n in ast.walk(part) if type(n) is ast.Return]


def _is_zeros(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Tuple | ast.List):
        return bool(node.elts) and all(map(_is_zeros, node.elts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _is_zero(node.left) or _is_zero(node.right)
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".zeros_like", ".zeros"))


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 0


def finish(reader: Reader) -> None:
    """What only the whole file can tell."""
    facts = reader.facts
    for variable, spot in facts.habits.rate_variables:
        if variable.assigned:
            remark(reader, "learning-rate-copied", spot, "variable", (variable.name,))
    for spot, (optimizer, variable) in facts.habits.rate_values.items():
        if variable.assigned and optimizer.rate is None and optimizer.first:
            remark(reader, "learning-rate-copied", spot, "variable", (variable.name,))
    for optimizer, spot in facts.habits.rate_writes:
        if optimizer.rate is None and optimizer.first:
            remark(reader, "learning-rate-copied", spot, "name")
    for optimizer, spot in facts.habits.rates_asked_once:
        if optimizer.rate is None and optimizer.first:
            remark(reader, "learning-rate-copied", spot, "schedule")
    for optimizer, spot in facts.habits.scaled:
        if not optimizer.used:
            remark(reader, "loss-scale-generation-mix", spot, "the loss is not scaled")
    for spot in facts.habits.set_aside:
        remark(reader, "loss-scale-generation-mix", spot, "scaled aside")
    text = "".join(reader.lines)
    for found in facts.habits.halves.values():
        if "scale_loss" in found:  # the program is for Keras 3, whatever it asks besides
            continue
        scaled = "get_scaled_loss" in found
        other = "get_unscaled_gradients" if scaled else "get_scaled_loss"
        # Whoever only asks whether there is such a method has not called it.
        by_hand = scaled and re.search(r"/[^#\n]*\bloss_scale\b", text)
        if not by_hand and not re.search(rf"\.{other}\b|getattr\([^)]*\b{other}\b", text):
            words = "never unscaled" if scaled else "never scaled"
            remark(reader, "loss-scale-generation-mix", next(iter(found.values())), words)
    if not (facts.losses_read or (facts.penalties_read and facts.penalties_added)):
        for spot, words, names in facts.habits.unregularized:
            remark(reader, "regularization-dropped", spot, words, names)
