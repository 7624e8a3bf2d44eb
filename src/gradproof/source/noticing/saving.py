"""Checkpoints: what is saved in training, and what comes back before it goes on."""

from __future__ import annotations

import ast
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ..framework import api, ownership, tapes
from ..values import (
    Bound,
    Constant,
    Dataset,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Other,
    Tensor,
    Value,
    Variable,
)
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader


class Event(NamedTuple):
    """One moment of the program, in the order of the reading.

    Attributes:
        what: `apply`, `save` or `load`.
        node: The call.
        owners: Layers and variables that it concerns, by identity.
        key: What tells that a file was saved by this program: a checkpoint, a manager,
            or the text of a path; all that apply.
        optimizer: For an update.
        kept: Optimizers that a checkpoint holds beside these owners.
        made: What made the checkpoint, and so told it what to hold.
    """

    what: str
    node: ast.AST
    owners: frozenset[int]
    key: frozenset[object] = frozenset()
    optimizer: Optimizer | None = None
    kept: tuple[Optimizer, ...] = ()
    made: ast.AST | None = None


@dataclass(eq=False, repr=False)
class Saves:
    """All such moments, and the objects that identities in them stand for."""

    events: list[Event] = field(default_factory=list)
    kept: list[object] = field(default_factory=list)


def _is_told(reader: Reader) -> bool:
    return not reader.speculative and not reader.silent


# Checkpoints


def checkpoint(
    reader: Reader, short: str, arguments: list[Value], keywords: dict[str, Value], node: ast.Call
) -> Other:
    """`tf.train.Checkpoint(...)` and `tf.train.CheckpointManager(...)`."""
    if short == "CheckpointManager":
        given = dict(zip(("checkpoint", "directory"), arguments, strict=False)) | keywords
        inner = given.get("checkpoint")
        manager = Other("checkpoint", short, node)
        if isinstance(inner, Other) and inner.kind == "checkpoint":
            manager.arguments[" checkpoint"] = inner
        directory = given.get("directory")
        if directory is not None:
            manager.arguments[" directory"] = directory
        return manager
    known = not any(keyword.arg is None for keyword in node.keywords)
    holds = [*arguments, *keywords.values()]
    made = Other("checkpoint", short, node, dict(keywords))
    made.arguments[" holds"] = ListValue(holds, known)
    return made


def latest(arguments: list[Value], node: ast.AST) -> Other:
    """`tf.train.latest_checkpoint(directory)`."""
    given = {" directory": arguments[0]} if arguments else {}
    return Other("saved", "latest", node, given)


def checkpoint_method(
    reader: Reader, receiver: Other, name: str, arguments: list[Value], node: ast.AST
) -> Value:
    """Saving and restoring."""
    if name in ("save", "write"):
        keys = {id(receiver), *_directory(receiver)}
        if arguments:
            keys.add(_text(arguments[0], node))
            keys.add(_folder(arguments[0]))
        _note(reader, "save", receiver, frozenset(keys - {""}), node)
        return Other("saved", "path", node, {" checkpoint": receiver})
    if name in ("restore", "read", "restore_or_initialize"):
        keys = {id(receiver)} if name == "restore_or_initialize" else set()
        for value in arguments[:1]:
            keys |= _source(value, node)
        _note(reader, "load", receiver, frozenset(keys - {""}), node)
    return receiver


def _source(value: Value, node: ast.AST) -> set[object]:
    """Where a restored checkpoint comes from."""
    if isinstance(value, Bound) and isinstance(value.receiver, Other):
        return {id(value.receiver)} if value.method == "latest_checkpoint" else set()
    if isinstance(value, Other) and value.kind == "saved":
        inner = value.arguments.get(" checkpoint")
        return {id(inner)} if inner is not None else set(_directory(value))
    return {_text(value, node)}


def _directory(thing: Other) -> set[object]:
    value = thing.arguments.get(" directory")
    if isinstance(value, Constant) and isinstance(value.value, str):
        return {value.value.rstrip("/")}
    return {id(value)} if value is not None else set()


def _folder(value: Value) -> object:
    """The directory of a path that is spelt out."""
    known = isinstance(value, Constant) and isinstance(value.value, str)
    return posixpath.dirname(str(getattr(value, "value", ""))) if known else ""


def _text(value: Value, node: ast.AST) -> object:
    """A path that can be told again: its text, or the object that stands for it."""
    if isinstance(value, Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
        return id(value)
    return ""


def _note(
    reader: Reader, what: str, receiver: Other, keys: frozenset[object], node: ast.AST
) -> None:
    if not _is_told(reader):
        return
    inner = receiver.arguments.get(" checkpoint", receiver)
    holds = inner.arguments.get(" holds") if isinstance(inner, Other) else None
    if not isinstance(holds, ListValue) or not holds.exact:
        return
    kept = tuple(item for item in holds.items if isinstance(item, Optimizer))
    rest = [item for item in holds.items if not isinstance(item, Optimizer)]
    if not all(map(_is_bare, rest)) or (kept and what == "load"):
        return
    owners = {id(one) for item in rest for one in _variables_of(reader, item)}
    made = inner.node if isinstance(inner, Other) else None
    event = Event(what, node, frozenset(owners), keys, kept=kept, made=made)
    _add(reader, event, (receiver, inner))


def _is_bare(value: Value) -> bool:
    """Says whether this surely holds no optimizer."""
    if isinstance(value, Layer):
        return "optimizer" not in value.arguments
    if isinstance(value, Instance):
        held = value.attributes.names.values()
        return (
            value.of.base in ("layer", "model", "module")
            and not value.compiled
            and all(isinstance(one, Layer | Variable | Constant | Tensor) for one in held)
        )
    return isinstance(value, Constant | Variable | Tensor | Dataset)


def _variables_of(reader: Reader, value: Value) -> list[object]:
    if isinstance(value, Variable):
        return [value]
    return list(ownership.tracked(reader, value)) if isinstance(value, Layer | Instance) else []


# Weights


def weights(
    reader: Reader, what: str, receiver: Layer | Instance, arguments: list[Value], node: ast.Call
) -> None:
    """`save_weights` and `load_weights` of a model that was not compiled."""
    if not _is_told(reader) or not arguments or not _is_bare(receiver):
        return
    owners = frozenset(id(one) for one in ownership.tracked(reader, receiver))
    keys = frozenset({_text(arguments[0], node)} - {""})
    _add(reader, Event(what, node, owners, keys), (receiver, arguments[0]))


def applied(reader: Reader, optimizer: Optimizer, variables: Value | None, node: ast.Call) -> None:
    """An optimizer moves variables."""
    if not _is_told(reader) or not isinstance(variables, ListValue):
        return
    owners = {id(tapes.owner_of(entry)) for entry in tapes.entries(variables)}
    _add(reader, Event("apply", node, frozenset(owners), optimizer=optimizer), (optimizer,))


def _add(reader: Reader, event: Event, kept: tuple[object, ...]) -> None:
    saves = reader.facts.saves
    if len(saves.events) < 400:
        saves.events.append(event)
        saves.kept.extend(kept)


# At the end


def finish(reader: Reader) -> None:
    """Training that goes on from what it saved, with an optimizer that starts anew."""
    events = reader.facts.saves.events
    for position, event in enumerate(events):
        if event.what != "load" or not event.key or not event.owners:
            continue
        after = _next_update(events, position)
        if after is None or after.optimizer is None or not _keeps_state(after.optimizer):
            continue
        if after.optimizer.opened:
            # Its state may be put in by hand.
            continue
        if any(one.optimizer is after.optimizer for one in events[:position]):
            # It trained before: the best weights come back, or another phase begins.
            continue
        saved = _saved(events, event, after.optimizer)
        if saved is not None:
            among = "with" if saved.kept else "without"
            others = (
                (reader.spot(saved.node), f"saved {among} the optimizer"),
                (reader.spot(after.optimizer.node), "starts anew"),
            )
            words = f"`{after.optimizer.kind}`"
            spot = reader.spot(event.made or event.node)
            habits.remark(reader, "optimizer-state-not-restored", spot, words, (), others)


def _next_update(events: list[Event], position: int) -> Event | None:
    owners = events[position].owners
    later = events[position + 1 :]
    return next((one for one in later if one.what == "apply" and one.owners & owners), None)


def _saved(events: list[Event], load: Event, optimizer: Optimizer) -> Event | None:
    """The save of what is loaded, made while an optimizer of this place trained.

    An optimizer that was saved, too, may stand elsewhere, if it was made in the same way.
    """
    trained: list[Optimizer] = []
    for event in events:
        if event.optimizer is not None:
            trained.append(event.optimizer)
        elif event.what == "save" and event.key & load.key:
            mine = [one for one in trained if not _other_rate(one, optimizer)]
            here = any(one.node is optimizer.node for one in mine)
            alike = any(one in mine and _made_alike(one, optimizer) for one in event.kept)
            if alike or (here and not event.kept):
                return event
    return None


def _other_rate(one: Optimizer, other: Optimizer) -> bool:
    """Says whether one line makes both, and is told different learning rates."""
    rates = [made.arguments.get("learning_rate") for made in (one, other)]
    known = {rate.value for rate in rates if isinstance(rate, Constant)}
    return len(known) > 1


def _made_alike(one: Optimizer, other: Optimizer) -> bool:
    return ast.dump(one.node) == ast.dump(other.node)


def _keeps_state(optimizer: Optimizer) -> bool:
    if optimizer.custom is not None:
        return False
    momentum, rate = optimizer.arguments.get("momentum"), optimizer.arguments.get("learning_rate")
    return (
        optimizer.kind in api.OPTIMIZERS - api.WITHOUT_STATE - {"Optimizer", "LossScaleOptimizer"}
        or (isinstance(momentum, Constant) and bool(momentum.value))
        or (isinstance(rate, Other) and rate.kind == "schedule")
    )
