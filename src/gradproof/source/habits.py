"""Habits of training programs that lose updates, each told by one place.

Facts that a single fault asks about: they go into the record as remarks, with
the name of that fault as their topic.
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..evidence.loop import Remark, Spot
from . import api, ownership, tapes
from .values import (
    Asked,
    Class,
    Constant,
    Dataset,
    Function,
    Instance,
    Layer,
    ListValue,
    Optimizer,
    Scope,
    Tensor,
    Value,
    Variable,
    Zip,
)

if TYPE_CHECKING:
    from .reader import Reader

_OLD_HOOKS = ("_resource_apply_dense", "_resource_apply_sparse", "_create_slots", "_apply_dense")


@dataclass(eq=False, repr=False)
class Habits:
    """What has been met that may turn into a remark later."""

    leaked: dict[tuple[int, str], tuple[Spot, str]] = field(default_factory=dict)
    leaked_lists: dict[int, tuple[ListValue, Spot, str]] = field(default_factory=dict)
    aliases: dict[int, Spot] = field(default_factory=dict)
    rate_names: dict[tuple[int, str], Optimizer] = field(default_factory=dict)
    rate_writes: list[tuple[Optimizer, Spot]] = field(default_factory=list)
    rate_variables: list[tuple[Variable, Spot]] = field(default_factory=list)
    scaled: list[tuple[Optimizer, Spot]] = field(default_factory=list)
    halves: dict[int, dict[str, Spot]] = field(default_factory=dict)
    traced_owners: dict[int, Function] = field(default_factory=dict)
    flips: dict[int, tuple[Spot, Function | None]] = field(default_factory=dict)
    traced_flags: dict[int, bool] = field(default_factory=dict)
    train_functions: dict[int, Function] = field(default_factory=dict)
    fitted: dict[int, list[object]] = field(default_factory=dict)
    flags_read: dict[int, tuple[bool, ...]] = field(default_factory=dict)
    compiled: set[int] = field(default_factory=set)
    frozen_after: dict[int, Spot] = field(default_factory=dict)
    numbers: dict[int, Value] = field(default_factory=dict)
    unregularized: list[tuple[Spot, tuple[str, ...]]] = field(default_factory=list)
    anew: set[int] = field(default_factory=set)
    models: list[Layer] = field(default_factory=list)
    frozen: dict[int, Spot] = field(default_factory=dict)


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


# State that is made, or leaks


def made_in_call(reader: Reader, what: str, name: str, node: ast.AST, label: str = "") -> bool:
    """A layer or variable is made while a Keras object computes."""
    at, inner = None, node
    frames = list(itertools.takewhile(lambda frame: not frame.building, reader.frames[1:]))
    if len(frames) < len(reader.frames) - 1:
        begun = reader.frames[len(frames) + 1]
        if begun.function is None or begun.function.name != "__init__":
            return False
        inner = begun.call or node
    for frame in reversed(frames):
        if frame.guarded:
            return False
        function = frame.function
        if at is None and isinstance(frame.receiver, Instance):
            at = inner
        inner = frame.call or inner
        if function is None or function.name != "call" or not isinstance(frame.receiver, Instance):
            if function is not None and may_run_once(function):
                return False
            continue
        if frame.receiver.of.base in ("layer", "model") and name not in api.WITHOUT_VARIABLES:
            names = (label,) if label else ()
            others = () if at is None or at is node else ((reader.spot(node), "made here"),)
            spot = reader.spot(at or node)
            remark(reader, "created-in-call", spot, f"{what} `{name}`", names, others)
            reader.facts.habits.anew.add(id(node))
            return True
    return False


_STARTS_PLAIN = frozenset("LayerNormalization BatchNormalization GroupNormalization PReLU".split())
"""Layers whose variables start without randomness: made anew, they still compute the same."""


def made_under_tape(reader: Reader, layer: Layer, asked: Asked) -> None:
    """Each step makes a layer, and asks for no gradient of it."""
    looping = any(frame.looping for frame in reader.frames)
    if not looping or layer.trainable is not True or layer.touched or layer.parts:
        return
    if layer.kind in _STARTS_PLAIN or layer.kind in api.WITHOUT_VARIABLES:
        return
    if id(layer.node) in reader.facts.habits.anew:
        return
    names = (layer.name,) if layer.name else ()
    remark(reader, "created-in-call", reader.spot(layer.node), f"layer `{layer.kind}`", names)


def may_run_once(function: Function) -> bool:
    """Says whether a decorator decides whether a function runs, such as `snt.once`."""
    decorators = getattr(function.node, "decorator_list", ())
    names = {ast.unparse(one).split("(")[0].split(".")[-1] for one in decorators}
    return bool(names - {"function", "staticmethod", "classmethod", "property"})


def leaks(reader: Reader, scope: Scope, name: str, function: Function, node: ast.AST) -> None:
    """A traced function puts one of its tensors where others can read it."""
    reader.facts.habits.leaked[id(scope), name] = (reader.spot(node), function.name)


def leaks_into(reader: Reader, kept: ListValue, function: Function, node: ast.AST) -> None:
    """A traced function puts one of its tensors into a list from outside."""
    leaked = reader.facts.habits.leaked_lists
    leaked.setdefault(id(kept), (kept, reader.spot(node), function.name))


def leaked_list_read(reader: Reader, kept: ListValue, node: ast.AST) -> None:
    """Such a list is read outside the function."""
    found = reader.facts.habits.leaked_lists.get(id(kept))
    if found is not None and found[0] is kept:
        others = ((reader.spot(node), "read here, outside"),)
        remark(reader, "symbolic-tensor-leak", found[1], f"`{found[2]}`", (), others)


def leak_read(reader: Reader, scope: Scope, name: str, value: Value, node: ast.AST) -> None:
    """Such a tensor is read outside the function."""
    found = reader.facts.habits.leaked.get((id(scope), name))
    if found is not None and isinstance(value, Tensor) and value.traced is not None:
        spot, function = found
        others = ((reader.spot(node), "read here, outside"),)
        remark(reader, "symbolic-tensor-leak", spot, f"`{function}`", (), others)


# Optimizers


def old_hooks(reader: Reader, cls: Class) -> None:
    """A class of optimizers written for the hooks of TensorFlow before 2.11."""
    if cls.base != "optimizer" or "update_step" in cls.members or "apply_gradients" in cls.members:
        return
    if _is_legacy(cls):
        return
    hooks = [cls.members[name] for name in _OLD_HOOKS if name in cls.members]
    found = [hook for hook in hooks if isinstance(hook, Function) and not _only_raises(hook)]
    if found:
        first = min(found, key=lambda hook: hook.node.lineno)
        names = tuple(hook.name for hook in found)
        text = reader.spot(first.node)
        line = Spot(reader.head(first.node), text.text.splitlines()[0])
        remark(reader, "legacy-custom-optimizer", line, f"`{cls.name}`", names)


def _is_legacy(cls: Class, depth: int = 0) -> bool:
    """Says whether a class of optimizers stands on one of those that kept the old hooks."""
    bases = [ast.unparse(base) for base in cls.node.bases]
    if any(word in base for base in bases for word in ("legacy", ".v1", "OptimizerV2")):
        return True
    above = [base for base in cls.bases if isinstance(base, Class)]
    return depth < 8 and any(_is_legacy(base, depth + 1) for base in above)


def _only_raises(function: Function) -> bool:
    """Says whether a function is there for its name only."""
    body = function.node.body
    last = body[-1] if isinstance(body, list) else None
    return isinstance(last, ast.Raise) and all(
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
        for one in body[:-1]  # type: ignore[index]
    )


def rate_given(reader: Reader, optimizer: Optimizer, value: Value, node: ast.Call) -> None:
    """An optimizer gets its learning rate from a variable or a name."""
    # Keras 3 refuses a variable by itself.
    if isinstance(value, Variable) and reader.generation != "3":
        reader.facts.habits.rate_variables.append((value, reader.spot(node)))
    given = next((k.value for k in node.keywords if k.arg == "learning_rate"), None)
    argument = given or (node.args[0] if node.args else None)
    if isinstance(argument, ast.Attribute):
        holder = reader.evaluate(argument.value)
        if isinstance(holder, Instance):
            reader.facts.habits.rate_names[id(holder.attributes), argument.attr] = optimizer


def rate_name_written(reader: Reader, scope: Scope, name: str, node: ast.AST) -> None:
    """The name whose value an optimizer copied gets another value."""
    optimizer = reader.facts.habits.rate_names.get((id(scope), name))
    frame = reader.frame
    initial = frame.function is not None and frame.function.name == "__init__"
    if optimizer is not None and not initial:
        reader.facts.habits.rate_writes.append((optimizer, reader.spot(node)))


def applied_unscaled(
    reader: Reader, optimizer: Optimizer, asked: Asked | None, node: ast.AST
) -> None:
    """A loss-scale optimizer gets gradients; was the loss scaled?"""
    if optimizer.scales and reader.generation != "2":
        where = asked.node if asked is not None else node
        reader.facts.habits.scaled.append((optimizer, reader.spot(where)))


# Models

_NAMED = (ast.Name, ast.Attribute)


def bound_layer(reader: Reader, value: Value, node: ast.AST) -> None:
    """`target = online`: two names for one network."""
    if not isinstance(value, Layer | Instance) or not isinstance(node, ast.Assign):
        return
    target = node.targets[0]
    # `self.net = net` only keeps what was given.
    if any(isinstance(target, kind) and isinstance(node.value, kind) for kind in _NAMED):
        reader.facts.habits.aliases[id(value)] = reader.spot(node)


def pairs_of_one(reader: Reader, node: ast.For, iterated: Value) -> None:
    """`for slow, fast in zip(target.variables, online.variables)`, and both are one network."""
    columns = iterated.columns if isinstance(iterated, Zip) else []
    owners = [column.owner for column in columns if isinstance(column, ListValue)]
    if len(columns) != 2 or len(owners) != 2 or owners[0] is not owners[1] or reader.silent:
        return
    spot = reader.facts.habits.aliases.get(id(owners[0]))
    written = any(
        isinstance(one, ast.Attribute) and one.attr == "assign"
        for statement in node.body
        for one in ast.walk(statement)
    )
    if spot is not None and written:
        others = ((reader.spot(node.iter), "pairs each variable with itself"),)
        remark(reader, "target-copy-wrong", spot, "alias", (), others)


def weights_set(reader: Reader, receiver: Value, value: Value | None, node: ast.AST) -> None:
    """`target.set_weights(online.get_weights())`."""
    argument = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if not isinstance(argument, ast.Call):
        # Weights that were put by and are restored.
        return
    if isinstance(value, ListValue) and value.owner is receiver and value.which == "values":
        spot = reader.facts.habits.aliases.get(id(receiver))
        if spot is None:
            # Not told to be one: layers that two models share, paired in a loop.
            return
        others = ((reader.spot(node), "copies its own weights"),)
        remark(reader, "target-copy-wrong", spot, "alias", (), others)


def mixed_with_itself(reader: Reader, node: ast.AST) -> None:
    """`t.assign(a * t + b * t)`: a soft update that forgets the other network."""
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return
    value = node.args[0]
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
        return
    sides = [side for side in (value.left, value.right) if isinstance(side, ast.BinOp)]
    if len(sides) != 2 or not all(isinstance(side.op, ast.Mult) for side in sides):
        return
    first, second = ({ast.unparse(side.left), ast.unparse(side.right)} for side in sides)
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    same = first & second
    if receiver is not None and ast.unparse(receiver) in same:
        remark(reader, "target-copy-wrong", reader.spot(node), "mixed", tuple(sorted(same)))


def set_trainable(reader: Reader, layer: Layer, value: Value, node: ast.AST) -> None:
    """`layer.trainable = ...` after it has been trained."""
    habits = reader.facts.habits
    parts: list[object] = list(ownership.tracked(reader, layer))
    for part in (layer, *parts, *layer.parts):
        if isinstance(value, Constant) and habits.traced_flags.get(id(part)) is value.value:
            habits.flips.pop(id(part), None)  # as it was when it was read
        elif id(part) in habits.traced_owners:
            habits.flips[id(part)] = (reader.spot(node), habits.traced_owners[id(part)])
    for model, members in habits.fitted.items():
        if any(member is layer for member in members):
            habits.flips[model] = (reader.spot(node), None)
    if isinstance(value, Constant) and value.value is False:
        habits.frozen[id(layer)] = reader.spot(node)
    fresh = id(layer) not in habits.fitted
    on = isinstance(value, Constant) and value.value is True
    if on:
        habits.frozen_after.pop(id(layer), None)
    if fresh and id(layer) in habits.compiled and layer.trainable is not False and not on:
        habits.frozen_after[id(layer)] = reader.spot(node)


def compiles(reader: Reader, thing: Layer | Instance) -> None:
    """`compile`: flags are read again from here on."""
    habits = reader.facts.habits
    habits.compiled.add(id(thing))
    habits.flips.pop(id(thing), None)
    habits.fitted.pop(id(thing), None)
    habits.flags_read.pop(id(thing), None)
    habits.train_functions.pop(id(thing), None)


def flipped_in_trace(reader: Reader, owner: object) -> bool:
    """Says whether a flag changed after the function that runs was traced: it is not seen."""
    flip = reader.facts.habits.flips.get(id(owner))
    return flip is not None and flip[1] is not None and flip[1] is reader.frame.traced


def fits(reader: Reader, thing: Layer | Instance, name: str) -> None:
    """`fit` or `train_on_batch`."""
    habits = reader.facts.habits
    frozen = habits.frozen_after.get(id(thing))
    if frozen is not None and reader.generation != "2":
        names = (ownership.name_of(thing),) if ownership.name_of(thing) else ()
        remark(reader, "gan-shared-trainable-flag", frozen, name, names)
    members: list[object] = [thing]
    if isinstance(thing, Layer):
        members.extend(thing.parts)
        for part in thing.parts:
            if isinstance(part, Layer):
                members.extend(part.parts)
    flags = tuple(getattr(member, "trainable", None) is not False for member in members)
    read = habits.flags_read.setdefault(id(thing), flags)
    # Two networks trained in turn set the flags back to what each has read.
    if id(thing) in habits.flips and flags != read:
        spot, _ = habits.flips[id(thing)]
        remark(reader, "trainable-flip-ignored", spot, "fit")
    habits.fitted[id(thing)] = members


def asked_frozen(reader: Reader, asked: Asked) -> None:
    """A gradient call gets the list of a network that was frozen as a part of another one."""
    sources = asked.sources
    owner = sources.owner if isinstance(sources, ListValue) and sources.exact else None
    if not isinstance(owner, Layer) or owner.trainable is not False:
        return
    spot = reader.facts.habits.frozen.get(id(owner))
    if spot is None or tapes.entries(sources) or reader.speculative:
        return
    if any(_has_part(model, owner) for model in reader.facts.habits.models):
        names = (ownership.name_of(owner),) if ownership.name_of(owner) else ()
        others = ((reader.spot(asked.node), "asked for its empty list"),)
        remark(reader, "gan-shared-trainable-flag", spot, "", names, others)


def _has_part(model: Layer, part: Layer) -> bool:
    """Says whether a model holds another one, or all of its layers."""
    held = {id(one) for one in model.parts}
    inner = {id(one) for one in part.parts}
    return model is not part and (id(part) in held or (bool(inner) and inner <= held))


def asked_in_trace(reader: Reader, asked: Asked) -> None:
    """A traced function asks for gradients: it has read the flags."""
    function = reader.frame.traced
    if function is None or reader.silent:
        return
    habits = reader.facts.habits
    owners = [tapes.owner_of(source) for source in tapes.entries(asked.sources)]
    listed = asked.sources.owner if isinstance(asked.sources, ListValue) else None
    for holder in listed if isinstance(listed, tuple) else (listed,):
        if isinstance(holder, Layer):
            owners.extend(holder.parts)
    for owner in owners:
        if owner is None:
            continue
        flipped = habits.flips.get(id(owner))
        if flipped is not None and flipped[1] is function:
            others = ((reader.spot(asked.node), "traced before"),)
            remark(reader, "trainable-flip-ignored", flipped[0], function.name, (), others)
        habits.traced_owners[id(owner)] = function
        if isinstance(owner, Layer):
            on = owner.trainable is not False
            habits.traced_flags.setdefault(id(owner), on)


# Losses


def unregularized(reader: Reader, asked: Asked) -> None:
    """Regularisers declared on layers that a hand-made loss trains."""
    owners = [tapes.owner_of(source) for source in tapes.entries(asked.sources)]
    names = tuple(
        owner.name or owner.kind
        for owner in owners
        if isinstance(owner, Layer)
        and any(
            key.endswith("regularizer")
            and not (isinstance(value, Constant) and value.value is None)
            for key, value in owner.arguments.items()
        )
    )
    made = asked.target.made
    function = asked.node.func
    if isinstance(function, ast.Attribute) and function.attr in ("fit", "train_on_batch"):
        return
    if names and made and asked.target.loss and not reader.silent:
        reader.facts.habits.unregularized.append((reader.spot(made[-1]), names))


def replica_mean(reader: Reader, asked: Asked) -> None:
    """A mean taken in one replica, of which the gradients are summed up."""
    target = asked.target
    words = ("all_reduce", "VariableAggregation.MEAN")
    by_hand = any(word in line for line in reader.source.lines for word in words)
    if reader.replicas and target.mean_of is not None and not by_hand:
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


# At the end


def finish(reader: Reader) -> None:
    """What only the whole file can tell."""
    facts = reader.facts
    for variable, spot in facts.habits.rate_variables:
        if variable.assigned:
            remark(reader, "learning-rate-copied", spot, "variable", (variable.name,))
    for optimizer, spot in facts.habits.rate_writes:
        if optimizer.rate is None and optimizer.first:
            remark(reader, "learning-rate-copied", spot, "name")
    for optimizer, spot in facts.habits.scaled:
        if not optimizer.used:
            remark(reader, "loss-scale-generation-mix", spot, "the loss is not scaled")
    text = "".join(reader.source.lines)
    for found in facts.habits.halves.values():
        scaled = "get_scaled_loss" in found
        if ("get_unscaled_gradients" if scaled else "get_scaled_loss") not in text:
            words = "never unscaled" if scaled else "never scaled"
            remark(reader, "loss-scale-generation-mix", next(iter(found.values())), words)
    if not facts.losses_read:
        for spot, names in facts.habits.unregularized:
            remark(reader, "regularization-dropped", spot, "", names)
