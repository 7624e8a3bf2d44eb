"""Optimizers: how they are made and asked to update."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .. import escaping
from ..joining import flow_of, leaves
from ..noticing import copied_rates, frozen, habits, halves, idle_sums, masks, rates, state
from ..python import iterators
from ..values import (
    Bound,
    Class,
    Constant,
    Dataset,
    Function,
    Layer,
    ListValue,
    Optimizer,
    Partial,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    Zip,
)
from . import generations, optimizer_calls, scopes, tapes

if TYPE_CHECKING:
    from ..reader import Reader


Arguments = list[Value]
Keywords = dict[str, Value]


def make_optimizer(
    reader: Reader, kind: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Optimizer:
    """An optimizer of the library."""
    first = "inner_optimizer" if kind == "LossScaleOptimizer" else "learning_rate"
    given = dict(zip((first,), arguments, strict=False)) | keywords
    reader.serial += 1
    optimizer = Optimizer(
        kind,
        node,
        reader.path(node),
        given,
        serial=reader.serial,
        scales=kind == "LossScaleOptimizer",
    )
    state.created(reader, "optimizer", kind, node)
    reader.facts.optimizer_made(optimizer)
    scopes.made(reader, optimizer)
    generations.argument_given(reader, optimizer, node)
    halves.optimizer_made(reader, kind, given, node)
    rate = given.get("learning_rate")
    if rate is not None:
        rates.rate(reader, rate, node)
        copied_rates.taken(reader, optimizer, rate, node)
    return optimizer


def rate_written(reader: Reader, optimizer: Optimizer, value: Value, node: ast.AST) -> None:
    """`optimizer.learning_rate = value`."""
    optimizer.rate = value
    zero = isinstance(value, Constant) and value.value == 0
    # A 0 that was reckoned may be something else in the next round.
    if not zero or not isinstance(getattr(value, "node", None), ast.Constant):
        rates.rate_replaced(reader, optimizer)


def optimizer_method(
    reader: Reader,
    optimizer: Optimizer,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> Value:
    """A method of an optimizer."""
    if optimizer.custom is not None:
        from ..python import attributes

        method = attributes.member(optimizer.custom, name)  # type: ignore[arg-type]
        if isinstance(method, Function):
            for value in (*arguments, *keywords.values()):
                mark_all(reader, value)
            return Constant(None)
    if name in ("apply_gradients", "apply", "minimize"):
        generations.applied_with(reader, optimizer, node)
        apply(reader, optimizer, name, arguments, keywords, node)
        return Constant(None)
    if name == "build":
        given = arguments[0] if arguments else keywords.get("variables", keywords.get("var_list"))
        _build(reader, optimizer, given, node)
        return Constant(None)
    if name in ("get_scaled_loss", "scale_loss", "get_unscaled_gradients"):
        return _scaled(reader, optimizer, name, arguments, node)
    if name == "exclude_from_weight_decay":
        masks.excluded(reader, optimizer)
    if name in _HARMLESS:
        return Unknown(name, data=True)
    for value in (*arguments, *keywords.values()):
        escaping.escape(reader, value)
        mark_all(reader, value)
    return Unknown(name)


_HARMLESS = frozenset(
    """exclude_from_weight_decay get_config set_weights finalize_variable_values get_slot
    add_variable_from_reference""".split()
)
"""Methods that neither move variables nor keep what they are given."""


def _build(reader: Reader, optimizer: Optimizer, given: Value | None, node: ast.AST) -> None:
    """The optimizer meets its variables before the first step."""
    reader.store.set_field(optimizer, "built", True)
    if not isinstance(given, ListValue):
        return
    owners = map(tapes.owner_of, tapes.entries(given))
    met = tuple(owner for owner in owners if owner is not None)
    reader.store.set_field(optimizer, "met", met if given.exact else None)
    reader.store.set_field(optimizer, "first", reader.path(node))
    if not given.exact:
        reader.store.set_field(optimizer, "used", True)


def _scaled(
    reader: Reader, optimizer: Optimizer, name: str, arguments: Arguments, node: ast.AST
) -> Value:
    """A loss is scaled against underflow, or gradients are scaled back."""
    optimizer_calls.scaled(reader, optimizer, name, node)
    given = arguments[0] if arguments else Unknown(name)
    if name == "get_unscaled_gradients" and optimizer.scales:
        for entry in escaping.gradients_in(flow_of(given)):
            habits.scaled_aside(reader, entry.call)
    elif isinstance(given, Tensor):
        reader.facts.habits.before_scaling |= given.tokens
        return Tensor(reader.read(given, node), loss=given.loss, made=reader.path(node))
    return given


def mark_all(reader: Reader, value: Value) -> None:
    """A value reaches an optimizer: its gradients are applied, its variables move."""
    escaping.escape(reader, value)
    for entry in escaping.gradients_in(flow_of(value)):
        entry.call.applied.add(id(tapes.owner_of(entry.source)))
    if isinstance(value, Zip):
        for column in value.columns:
            mark_all(reader, column)
    elif isinstance(value, ListValue):
        for item in leaves(value):
            mark_all(reader, item)
    elif isinstance(value, Dataset):
        mark_all(reader, value.element)
    else:
        escaping.mark_updated(reader, value)


def apply(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    method: str,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.AST,
) -> None:
    """Gradients are handed to an optimizer."""
    if not isinstance(node, ast.Call):
        return
    custom = getattr(optimizer, "custom", None)
    if isinstance(custom, Class) and not reader.silent:
        frozen.kept_by_optimizer(reader, custom)
    if method == "minimize":
        _minimize(reader, optimizer, arguments, keywords, node)
        return
    gradients, variables, zipped = _columns(reader, method, arguments, keywords)
    if not reader.silent:
        idle_sums.handed_over(reader, node)
        optimizer_calls.apply_call(
            reader, optimizer, method, arguments, keywords, node, gradients, variables, zipped
        )
    for value in (*arguments, *keywords.values()):
        mark_all(reader, value)
        if isinstance(value, ListValue) and value.pairs is not None:
            # What the zip leaves out was on its way as well.
            for column in value.pairs[0].columns:
                mark_all(reader, column)
        iterators.handed_over(reader, value, node)
        if isinstance(value, Zip) and value.spent is None:
            reader.store.set_field(value, "spent", node)


def _columns(
    reader: Reader, method: str, arguments: Arguments, keywords: Keywords
) -> tuple[Value | None, Value | None, Zip | None]:
    first = arguments[0] if arguments else keywords.get("grads_and_vars", keywords.get("grads"))
    second = arguments[1] if len(arguments) > 1 else keywords.get("trainable_variables")
    paired = isinstance(first, Zip) or getattr(first, "pairs", None) is not None
    if method == "apply" and (second is not None or not paired):
        return first, second, None
    if isinstance(first, Zip) and len(first.columns) == 2:
        return first.columns[0], first.columns[1], first
    if isinstance(first, ListValue) and first.pairs is not None:
        made, rows_then = first.pairs
        # Entries that came or went since then stand in a new list.
        if len(made.columns) == 2 and first.items is rows_then:
            return made.columns[0], made.columns[1], Zip(made.columns, made.node)
    if isinstance(first, ListValue) and first.items:
        rows = [
            item for item in first.items if isinstance(item, ListValue) and len(item.items) == 2
        ]
        if len(rows) == len(first.items) and all(row.fixed or len(rows) > 2 for row in rows):
            left = ListValue([row.items[0] for row in rows], first.exact)
            right = ListValue([row.items[1] for row in rows], first.exact)
            return left, right, None
    return None, None, None


def _are_variables(value: Value) -> bool:
    """Says whether tensors are among these; other minimizers watch them themselves."""
    return not any(isinstance(one, Tensor) for one in tapes.entries(value))


def _minimize(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    arguments: Arguments,
    keywords: Keywords,
    node: ast.Call,
) -> None:
    given = dict(zip(("loss", "var_list"), arguments, strict=False)) | keywords
    loss, variables = given.get("loss"), given.get("var_list")
    if variables is not None and isinstance(variables, Function | Bound):
        variables = reader.call(variables, [], {}, node)
    if isinstance(loss, Function | Bound | Partial):
        tape = tapes.make_tape(reader, [], {}, node)
        with reader.recording(tape):
            target = reader.call(loss, [], {}, node)
        known = isinstance(optimizer, Optimizer)
        if variables is not None and (known or _are_variables(variables)):
            tapes.gradient(reader, tape, target, variables, node)
        elif isinstance(loss, Function):
            for thing in flow_of(target):
                if isinstance(thing, Layer | Variable):
                    thing.updated = True
    elif isinstance(given.get("tape"), Tape) and isinstance(loss, Tensor) and variables is not None:
        tapes.gradient(reader, given["tape"], loss, variables, node)  # type: ignore[arg-type]
    if not reader.silent:
        optimizer_calls.minimize_call(reader, optimizer, loss, given, node)
    for value in (loss, variables):
        if value is not None:
            mark_all(reader, value)
