"""Tapes, variables, and what asking a tape for gradients gives."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..dependence import Path
from ..flow import merge, origin, recorded
from ..joining import leaves
from ..noticing import flat_curves, rounds, state
from ..python import tuples
from ..values import (
    Asked,
    Constant,
    DictValue,
    GradientOf,
    Group,
    Instance,
    Layer,
    Library,
    ListValue,
    Other,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from . import forms, generations, interop, ownership, shapes, updates
from .names import last

if TYPE_CHECKING:
    from ..reader import Reader

MOST_ENTRIES = 1_000
"""Entries of one list of variables that are looked at."""

Arguments = list[Value]
Keywords = dict[str, Value]


def _flag(value: Value | None, default: bool) -> bool | None:
    if value is None:
        return default
    return bool(value.value) if isinstance(value, Constant) else None


def make_tape(reader: Reader, arguments: Arguments, keywords: Keywords, node: ast.Call) -> Tape:
    """`tf.GradientTape(...)`."""
    reader.serial += 1
    reader.facts.tape_nodes[reader.serial] = node
    rounds.opened(reader, reader.serial)
    given = (
        dict(zip(("persistent", "watch_accessed_variables"), arguments, strict=False)) | keywords
    )
    return Tape(
        reader.serial,
        node,
        reader.path(node),
        _flag(given.get("persistent"), False),
        _flag(given.get("watch_accessed_variables"), True),
        depth=len(reader.frames),
        function=reader.frame.traced,
    )


def make_variable(
    reader: Reader, name: str, arguments: Arguments, keywords: Keywords, node: ast.Call
) -> Variable:
    """`tf.Variable(...)` or `keras.Variable(...)`."""
    variable = Variable(name, node, reader.path(node))
    initial = (
        arguments[0] if arguments else keywords.get("initial_value", keywords.get("initializer"))
    )
    variable.initial = initial
    position = 1 if name == "tf.Variable" else 3
    given = keywords.get("trainable", arguments[position] if len(arguments) > position else None)
    variable.trainable = _flag(given, True)
    whole = shapes.is_whole(keywords.get("dtype"))
    variable.whole = (
        whole if whole is not None else shapes.of_literal(initial) if initial is not None else None
    )
    if whole is None and isinstance(initial, Tensor) and initial.form != "number":
        variable.whole = initial.whole
    text = keywords.get("name")
    if isinstance(text, Constant) and isinstance(text.value, str):
        variable.name = text.value
    if initial is not None and "shape" not in keywords:
        known = shapes.of(initial)
        variable.shape = forms.of_nested(initial) if isinstance(initial, ListValue) else known
    if not any(frame.guarded for frame in reader.frames):
        variable.made_under = reader.active
    if isinstance(initial, Tensor) and reader.active:
        # What computed its first value is as far away as behind an assignment.
        flow = reader.read(initial, node)
        variable.holds = (flow, reader.path(node)) if flow else None
    state.created(reader, "variable", last(name), node)
    return variable


def _watch(tape: Tape, value: Value, node: ast.AST) -> None:
    """`tape.watch(value)`, at `node`."""
    if isinstance(value, Tensor):
        tape.watched = dict.fromkeys(value.tokens, node) | tape.watched
    elif isinstance(value, Variable):
        tape.watched_owners.add(id(value))
    elif isinstance(value, Group):
        tape.watched_owners.add(id(value.owner))
    elif isinstance(value, ListValue | DictValue):
        for item in leaves(value):
            _watch(tape, item, node)
    elif isinstance(value, Unknown):
        tape.watched_owners.add(id(value))
        tape.watches_unknown = tape.watches_unknown or not value.data


def tape_method(
    reader: Reader, tape: Tape, name: str, arguments: Arguments, keywords: Keywords, node: ast.AST
) -> Value:
    """A method of a tape."""
    if name == "watch":
        value = arguments[0] if arguments else keywords.get("tensor")
        if value is not None:
            interop.watched(reader, value, node)
            before = tape.watched.keys()
            _watch(tape, value, node)
            if any(tape.number in tapes for tapes in reader.facts.called_under.values()):
                tape.late |= tape.watched.keys() - before
        return Constant(None)
    if name == "stop_recording":
        return Other("stopped tape", "", node, {"tape": tape})
    if name == "__enter__":
        reader.tapes = [*reader.tapes, tape]
        reader.active = reader.active | {tape.number}
        return tape
    if name == "__exit__":
        reader.tapes = [other for other in reader.tapes if other is not tape]
        reader.active = reader.active - {tape.number}
        return Constant(None)
    if name == "reset":
        reader.store.set_field(tape, "asked", ())
        return Constant(None)
    if name in ("gradient", "jacobian", "batch_jacobian") and isinstance(node, ast.Call):
        given = (
            dict(
                zip(
                    ("target", "sources", "output_gradients", "unconnected_gradients"),
                    arguments,
                    strict=False,
                )
            )
            | keywords
        )
        target, sources = given.get("target"), given.get("sources", given.get("source"))
        if target is None or sources is None:
            return Unknown("gradients")
        zeros = _asks_zeros(given.get("unconnected_gradients"))
        return gradient(reader, tape, target, sources, node, zeros=zeros)
    if name == "_ensure_recording":
        return tape
    return Unknown(name, data=True)


def _asks_zeros(value: Value | None) -> bool:
    if isinstance(value, Library):
        return value.name.endswith("ZERO")
    return value is not None and not (isinstance(value, Constant) and value.value in (None, "none"))


def gradient(
    reader: Reader,
    tape: Tape,
    target: Value,
    sources: Value,
    node: ast.Call,
    *,
    zeros: bool = False,
) -> Value:
    """Asks a tape; notes how the target hangs together with each source."""
    sources = tuples.listed(sources)
    flow = reader.facts.target_flow(target)
    whole = target if isinstance(target, Tensor) else Tensor(flow, loss=_loss_of(target))
    asked = Asked(node, whole, sources, tape, reader.path(node))
    updates.consumed_by_gradient(reader, flow)
    generations.sources_given(reader, entries(sources))
    earlier = _parting(tape.asked, asked.path) if tape.asked else None
    if earlier is node:
        turns = (_listed_turns(reader, step) for step in reversed(asked.path))
        earlier = next((one for one in turns if one is not None), node)
    if not reader.silent:
        reader.facts.gradient_call(asked, zeros=zeros, earlier=earlier)
        flat_curves.asked_again(reader, asked)
    if tape.persistent is False and not tape.asked:
        reader.store.set_field(tape, "asked", asked.path)
    after = recorded(flow, reader.active)
    return _mirrored(reader, asked, sources, after, node)


def _parting(earlier: Path, now: Path) -> ast.AST:
    """The step at which an earlier call parts from the one now, or its end."""
    for before, after in zip(earlier, now, strict=False):
        if before is not after:
            return before
    return earlier[-1]


def _listed_turns(reader: Reader, node: ast.AST) -> ast.AST | None:
    """What a loop around a call runs over, if that is known: it runs more than once."""
    for found in ast.walk(reader.home(node).tree):
        loop = _consumed(found)
        if isinstance(loop, ast.For) and id(loop) in reader.facts.turning:
            inside = [one for statement in loop.body for one in ast.walk(statement)]
            leaves = any(isinstance(one, _LEAVES) for one in inside)
            if not leaves and any(one is node for one in inside):
                return loop.iter
        elif isinstance(loop, _GATHERS) and not any(part.ifs for part in loop.generators):
            turns = (part for part in loop.generators if id(part) in reader.facts.turning)
            part = next(turns, None)
            if part is not None and _in_entry(loop, node):
                return part.iter
    return None


_LEAVES = (ast.Break, ast.Return, ast.If, ast.Try)
_GATHERS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CONSUMES = frozenset("sum list tuple sorted max min".split())


def _consumed(node: ast.AST) -> ast.AST | None:
    """A loop; of generators only one that is gone through to its end, as by `sum`."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _CONSUMES and node.args:
        return node.args[0] if isinstance(node.args[0], ast.GeneratorExp) else None
    return None if isinstance(node, ast.GeneratorExp) else node


def _in_entry(
    loop: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, node: ast.AST
) -> bool:
    """Says whether a call stands in what a comprehension makes of each item, on every way."""
    parts = (loop.key, loop.value) if isinstance(loop, ast.DictComp) else (loop.elt,)
    inside = [one for part in parts for one in ast.walk(part)]
    choice = any(isinstance(one, ast.IfExp | ast.BoolOp | ast.Lambda) for one in inside)
    return not choice and any(one is node for one in inside)


def _loss_of(target: Value) -> int:
    if isinstance(target, ListValue):
        kinds = {item.loss for item in target.items if isinstance(item, Tensor)}
        return kinds.pop() if len(kinds) == 1 else 0
    return 0


def _mirrored(reader: Reader, asked: Asked, sources: Value, flow: object, node: ast.AST) -> Value:
    reader.count_step()
    if isinstance(sources, ListValue):
        items = [_mirrored(reader, asked, item, flow, node) for item in sources.items]
        return ListValue(items, sources.exact, node=node, part=sources.part)
    if isinstance(sources, DictValue):
        return DictValue(
            {k: _mirrored(reader, asked, v, flow, node) for k, v in sources.items.items()},
            sources.exact,
        )
    entry = GradientOf(asked, sources)
    path = reader.path(node)
    depends = merge((flow, origin(entry, reader.active, path)))  # type: ignore[arg-type]
    shape = sources.shape if isinstance(sources, Tensor | Variable) else None
    if isinstance(sources, Unknown):
        return Unknown("gradients", flow=depends)
    return Tensor(depends, "tensor", shape, gradient=entry, made=path, traced=reader.frame.traced)


def entries(value: Value) -> list[Value]:
    """The entries of a source argument, nested lists laid flat."""
    found: list[Value] = []
    waiting = [value]
    while waiting and len(found) < MOST_ENTRIES:
        one = waiting.pop()
        if isinstance(one, ListValue):
            waiting += reversed(one.items)
        elif isinstance(one, DictValue):
            waiting += reversed(one.items.values())
        else:
            found.append(one)
    return found


def owner_of(value: Value) -> object | None:
    """The layer or variable behind an entry of a list of variables."""
    if isinstance(value, Variable):
        return value
    if isinstance(value, Group):
        return value.owner
    return None


def owners_of(values: tuple[object, ...]) -> list[object]:
    """The layers and variables behind entries of lists of variables."""
    return [value.owner if isinstance(value, Group) else value for value in values]


def possible(owners: Iterable[object]) -> set[int]:
    """What a list of variables has, or may have: of two heads that a key chooses, either."""
    found = {id(owner): owner for owner in owners if owner is not None}
    either = [one for owner in found.values() if isinstance(owner, Unknown) for one in owner.either]
    return set(found) | {id(one) for one in (*either, *map(owner_of, either)) if one is not None}


def is_known(owner: object) -> bool:
    """Says whether the owner was made in this file."""
    return isinstance(owner, Variable | Layer) or (
        isinstance(owner, Instance) and owner.of.base != "unknown"
    )


def names(values: list[object]) -> tuple[str, ...]:
    """Names of owners, each once."""
    found = [ownership.name_of(value) for value in values]
    return tuple(dict.fromkeys(name for name in found if name))
