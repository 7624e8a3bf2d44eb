"""Gradients and losses are handed to an optimizer: all that looks at that."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..noticing import (
    clips,
    gathered,
    habits,
    held_optimizers,
    inner_steps,
    masks,
    repeats,
    replicas,
    rounds,
    running_sums,
    saving,
    settings,
    undivided,
    unscaling,
)
from ..values import ListValue, Optimizer, Tensor, Unknown, Value, Zip
from . import applying, generations, scopes, tapes

if TYPE_CHECKING:
    from ..reader import Reader


def apply_call(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    method: str,
    arguments: list[Value],
    keywords: dict[str, Value],
    node: ast.Call,
    gradients: Value | None,
    variables: Value | None,
    zipped: Zip | None,
) -> None:
    """Gradients are handed to an optimizer."""
    rounds.updated(reader)
    if isinstance(optimizer, Optimizer):
        held_optimizers.applied(reader, optimizer, node)
    replicas.applied(reader, node)
    fact = applying.applied(
        reader, optimizer, method, arguments, keywords, node, gradients, variables, zipped
    )
    if isinstance(optimizer, Optimizer):
        entries = tapes.entries(gradients) if gradients is not None else []
        asked = [e.gradient.call for e in entries if isinstance(e, Tensor) and e.gradient]
        habits.applied_unscaled(reader, optimizer, asked[0] if asked else None, node)
        strange = fact is not None and bool(fact.strangers)
        repeats.applied(reader, optimizer, gradients, variables, node, strange=strange)
        running_sums.applied(reader, optimizer, node)
        masks.applied(reader, optimizer, gradients, variables, node)
        undivided.applied(reader, optimizer, gradients, node)
        unscaling.applied(reader, optimizer, gradients)
        clips.applied(reader, gradients, node)
        scopes.applied(reader, optimizer, gradients, variables, node)
        saving.applied(reader, optimizer, variables, node)
        settings.used(reader, optimizer, node)
        clips.repeated(reader, variables, node)
        inner_steps.applied(reader, gradients, variables, node)
    if isinstance(gradients, Unknown) and not isinstance(variables, ListValue):
        reader.facts.untold_apply = True
    if (
        gradients is None
        and variables is None
        and isinstance(arguments[0] if arguments else None, Unknown)
    ):
        reader.facts.untold_apply = True
    if fact is not None:
        gathered.applied(reader, fact, gradients, variables)
        reader.facts.applies[fact] = None


def minimize_call(
    reader: Reader,
    optimizer: Optimizer | Unknown,
    loss: Value | None,
    given: dict[str, Value],
    node: ast.Call,
) -> None:
    """`optimizer.minimize(...)`."""
    reader.facts.untold_apply = True
    fact = applying.minimized(reader, optimizer, loss, given, node)
    if fact is not None:
        reader.facts.applies[fact] = None


def scaled(reader: Reader, optimizer: Optimizer, name: str, node: ast.AST) -> None:
    """A loss-scale optimizer is asked to scale."""
    optimizer.used = True
    if name != "scale_loss" and reader.generation != "2" and optimizer.scales:
        if generations.asks_version(reader, node):
            return
        words = f"`{name}` is gone in Keras 3"
        habits.remark(reader, "loss-scale-generation-mix", reader.spot(node), words)
    elif optimizer.scales and not reader.speculative:
        half = reader.facts.habits.halves.setdefault(id(optimizer), {})
        half.setdefault(name, reader.spot(node))
