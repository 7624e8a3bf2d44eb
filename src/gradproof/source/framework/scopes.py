"""Scopes of strategies: what was made outside of them, and what replicas do with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..noticing import habits
from ..python import factories
from ..values import Constant, Layer, ListValue, Optimizer, Other, Unknown, Value, Variable
from . import api, tapes

if TYPE_CHECKING:
    from ..reader import Reader

_REPLICATING = frozenset(
    {"MirroredStrategy", "MultiWorkerMirroredStrategy", "TPUStrategy", "CentralStorageStrategy"}
)
"""Strategies whose variables are made of one part for each replica."""


@dataclass(eq=False, repr=False)
class Scopes:
    """What scopes are open, and what was made while none was.

    `outside`: layers, variables and optimizers by identity; `ready`: those that had
    variables before replicas ran; `running`: strategies whose replicas run.
    """

    open: list[Value] = field(default_factory=list)
    outside: dict[int, object] = field(default_factory=dict)
    ready: set[int] = field(default_factory=set)
    running: list[Other] = field(default_factory=list)


def of_strategy(strategy: Other, node: ast.AST) -> Other:
    """`strategy.scope()`."""
    return Other("scope", "scope", node, {"strategy": strategy})


@contextmanager
def inside(reader: Reader, value: Value) -> Iterator[None]:
    """Follows a `with` block; an unknown manager may be a scope as well."""
    scopes = reader.facts.scopes
    opens = isinstance(value, Unknown) or (isinstance(value, Other) and value.kind == "scope")
    if opens:
        # What has no variables yet may get them in here.
        scopes.outside = {key: one for key, one in scopes.outside.items() if _has_variables(one)}
        scopes.open.append(value)
    try:
        yield
    finally:
        if opens:
            scopes.open.pop()


@contextmanager
def replicas(reader: Reader, strategy: Other) -> Iterator[None]:
    """Follows what replicas run."""
    scopes = reader.facts.scopes
    if not scopes.running:
        scopes.ready = {key for key, one in scopes.outside.items() if _has_variables(one)}
    scopes.running.append(strategy)
    try:
        yield
    finally:
        scopes.running.pop()


def _has_variables(thing: object) -> bool:
    return not isinstance(thing, Layer) or thing.built is True


def made(reader: Reader, thing: Layer | Variable | Optimizer) -> None:
    """Something with variables is made."""
    scopes = reader.facts.scopes
    if not scopes.open and not scopes.running and not reader.speculative and not reader.silent:
        scopes.outside[id(thing)] = thing


def applied(
    reader: Reader,
    optimizer: Optimizer,
    gradients: Value | None,
    variables: Value | None,
    node: ast.Call,
) -> None:
    """A replica hands gradients to an optimizer."""
    scopes = reader.facts.scopes
    if not scopes.running or scopes.running[0].name not in _REPLICATING:
        return
    entries = tapes.entries(variables) if isinstance(variables, ListValue) else []
    strangers = [
        owner
        for owner in map(tapes.owner_of, entries)
        if isinstance(owner, Layer | Variable) and id(owner) in scopes.ready
    ]
    if not _is_set_elsewhere(reader):
        if strangers:
            names = tapes.names(list(strangers))
            _mismatch(reader, strangers[0], "model", names, node)
        elif id(optimizer) in scopes.ready and _keeps_slots(optimizer) and reader.generation == "3":
            _mismatch(reader, optimizer, f"`{optimizer.kind}`", (), node)
    if not any("aggregat" in (keyword.arg or "") for keyword in node.keywords):
        _clipped(reader, optimizer, gradients, node)


def _mismatch(
    reader: Reader,
    thing: Layer | Variable | Optimizer,
    words: str,
    names: tuple[str, ...],
    node: ast.AST,
) -> None:
    others = [(reader.spot(node), "replicas update it here")]
    asked = factories.asked_for(reader, thing.path)
    if asked is not thing.node:
        others.append((reader.spot(thing.node), "made here"))
    spot = reader.spot(asked)
    habits.remark(reader, "strategy-scope-mismatch", spot, words, names, tuple(others))


def _is_set_elsewhere(reader: Reader) -> bool:
    """Says whether a scope may be open that no `with` statement shows."""
    text = "".join(reader.lines)
    return "experimental_set_strategy" in text or "__enter__" in text or "enter_context" in text


def _keeps_slots(optimizer: Optimizer) -> bool:
    momentum = optimizer.arguments.get("momentum")
    return optimizer.custom is None and (
        optimizer.kind in api.OPTIMIZERS - api.WITHOUT_STATE - {"Optimizer", "LossScaleOptimizer"}
        or (isinstance(momentum, Constant) and bool(momentum.value))
    )


def _clipped(reader: Reader, optimizer: Optimizer, gradients: Value | None, node: ast.Call) -> None:
    """Each replica clips its own gradients, and then they are summed up."""
    given = next((name for name in api.CLIP_OPTIONS if _is_number(optimizer, name)), None)
    if given is not None and reader.generation == "3" and optimizer.custom is None:
        others = ((reader.spot(optimizer.node), "told to clip"),)
        habits.remark(reader, "clipped-apart", reader.spot(node), f"`{given}`", (), others)
        return
    clips = reader.facts.clips
    for entry in tapes.entries(gradients) if gradients is not None else []:
        gradient = getattr(entry, "gradient", None)
        found = clips.clipped.get(id(gradient.call)) if gradient is not None else None
        if found is not None and getattr(entry, "tokens", frozenset()) & clips.fresh:
            others = ((reader.spot(node), "summed over the replicas here"),)
            habits.remark(reader, "clipped-apart", reader.spot(found[1]), "", (), others)
            return


def _is_number(optimizer: Optimizer, name: str) -> bool:
    value = optimizer.arguments.get(name)
    return isinstance(value, Constant) and isinstance(value.value, int | float)
