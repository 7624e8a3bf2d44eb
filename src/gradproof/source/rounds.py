"""What comes round again: data, gradients, optimizers, the counter of steps.

A loop is followed twice and a function that nobody calls is visited twice, so what one
round leaves behind is met by the next: an iterator that is used up, a gradient that
was applied before, an optimizer that stands at the same place and is another object.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import habits, tapes
from .values import (
    Asked,
    Dataset,
    Function,
    Instance,
    Layer,
    Library,
    ListValue,
    Optimizer,
    Other,
    Scope,
    Tensor,
    Value,
    Variable,
    Zip,
)

if TYPE_CHECKING:
    from .reader import Reader

Loops = tuple[tuple[ast.AST, int], ...]
"""Loops around a statement, outermost first: each with the number of its entry."""


@dataclass(eq=False, repr=False)
class Once:
    """A value that gives its items once.

    `spent`: the loop that used it up.
    """

    value: Value
    words: str
    made: ast.AST
    spent: ast.AST | None = None


@dataclass(eq=False, repr=False)
class Applied:
    """One visit of a call that hands gradients to an optimizer."""

    optimizer: Optimizer
    node: ast.Call
    owners: tuple[object, ...]
    asked: Asked | None
    loops: Loops
    function: object
    guarded: bool
    speculative: bool
    traced: bool = False
    part: tuple[int, int | None] | None = None


@dataclass(eq=False, repr=False)
class Rounds:
    """What is kept from round to round."""

    loops: list[tuple[ast.AST, int]] = field(default_factory=list)
    entries: int = 0
    once: dict[int, Once] = field(default_factory=dict)
    updates: int = 0
    compiled: set[int] = field(default_factory=set)
    applied: list[Applied] = field(default_factory=list)
    made: dict[int, tuple[Optimizer, Loops, object]] = field(default_factory=dict)
    asked: dict[int, tuple[Asked, Loops]] = field(default_factory=dict)
    held: dict[tuple[int, str], tuple[Scope, Function, Value, ast.AST]] = field(
        default_factory=dict
    )
    swapped: dict[tuple[int, str], ast.AST] = field(default_factory=dict)
    given: dict[int, list[Value]] = field(default_factory=dict)


def of(reader: Reader) -> Rounds:
    """The rounds of this reading."""
    return reader.facts.rounds


# Data that are used up


def given_once(reader: Reader, value: Value, words: str, node: ast.AST) -> None:
    """An iterator is made: it gives its items once."""
    of(reader).once[id(value)] = Once(value, words, node)


def iterator(reader: Reader, value: Value, name: str, node: ast.AST) -> Value:
    """The iterator that a function makes of a value; the value stays what it is."""
    if isinstance(value, Dataset):
        made: Value = Dataset(value.element, node)
    elif isinstance(value, ListValue):
        made = ListValue(list(value.items), value.exact, node=node)
    else:
        return value
    given_once(reader, made, f"`{name}`", node)
    return made


def generator_made(reader: Reader, function: Function, value: Dataset, node: ast.AST) -> None:
    """A generator of the program is called."""
    if not _endless(function.node):
        given_once(reader, value, f"the generator `{function.name}`", node)


def _endless(function: ast.AST) -> bool:
    """Says whether a generator may go on for ever."""
    return any(
        isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value
        for node in ast.walk(function)
    )


_WRAPPERS = frozenset({"enumerate", "tqdm", "iter", "trange", "track"})


def _iterated(reader: Reader, node: ast.expr, value: Value) -> Once | None:
    """The iterator behind what a loop runs over."""
    rounds = of(reader)
    while isinstance(node, ast.Call) and node.args:
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        if name not in _WRAPPERS:
            break
        node = node.args[0]
    if isinstance(node, ast.Name | ast.Attribute):
        value = reader.evaluate(node)
    if isinstance(value, Zip) and isinstance(node, ast.Name | ast.Attribute):
        rounds.once.setdefault(id(value), Once(value, "`zip`", value.node))
    known = rounds.once.get(id(value))
    return known if known is not None and known.value is value else None


def loop_begins(reader: Reader, node: ast.For | ast.While, value: Value | None) -> Once | None:
    """A loop is entered; returns the iterator that it runs over."""
    rounds = of(reader)
    rounds.entries += 1
    once = None
    if isinstance(node, ast.For) and value is not None:
        once = _iterated(reader, node.iter, value)
    rounds.loops.append((node, rounds.entries))
    return once


def loop_ends(
    reader: Reader, node: ast.For | ast.While, once: Once | None, updates: int, left: str | None
) -> None:
    """A loop is left after `updates` more updates than before."""
    of(reader).loops.pop()
    if once is not None and isinstance(node, ast.For):
        _used(reader, node, once, updates, to_the_end=left is None and not _leaves(node))


def gathering_begins(reader: Reader, node: ast.comprehension, value: Value) -> Once | None:
    """A comprehension is entered; returns the iterator that it runs over."""
    return _iterated(reader, node.iter, value)


def gathering_ends(
    reader: Reader, node: ast.comprehension, once: Once | None, updates: int
) -> None:
    """A comprehension has met all items."""
    if once is not None:
        _used(reader, node, once, updates, to_the_end=True)


def _used(
    reader: Reader, node: ast.For | ast.comprehension, once: Once, updates: int, *, to_the_end: bool
) -> None:
    """Items of an iterator were met; an earlier loop may have left none."""
    if once.spent is not None and of(reader).updates > updates:
        others = [(reader.spot(once.made), "made once, here")]
        if once.spent is not node:
            others.append((reader.spot(once.spent.iter), "used up here"))  # type: ignore[attr-defined]
        habits.remark(
            reader, "data-iterator-spent", reader.spot(node.iter), once.words, (), tuple(others)
        )
    elif to_the_end:
        once.spent = node


def _leaves(node: ast.For) -> bool:
    """Says whether a loop may end before its data do."""
    return any(isinstance(inner, ast.Break | ast.Return) for inner in _statements(node.body))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a block and its branches; not of loops and functions in it."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(statement, part, [])
            if not isinstance(statement, ast.For | ast.While):
                yield from _statements(inner)
            else:
                yield from (one for one in _statements(inner) if isinstance(one, ast.Return))
        for handler in getattr(statement, "handlers", ()):
            yield from _statements(handler.body)


# Gradients and optimizers


def asked_for(reader: Reader, asked: Asked) -> None:
    """A tape is asked for gradients."""
    of(reader).asked[id(asked)] = (asked, tuple(of(reader).loops))


def optimizer_made(reader: Reader, optimizer: Optimizer) -> None:
    """An optimizer is made."""
    rounds = of(reader)
    rounds.made[id(optimizer)] = (optimizer, tuple(rounds.loops), reader.frame.function)


def updated(reader: Reader) -> None:
    """Something trains here: an optimizer, `fit`, an assignment by hand."""
    of(reader).updates += 1


def applied(
    reader: Reader,
    optimizer: Optimizer,
    gradients: Value | None,
    variables: Value | None,
    node: ast.Call,
    *,
    strange: bool,
) -> None:
    """An optimizer is given gradients."""
    rounds = of(reader)
    entries = tapes.entries(variables) if variables is not None else []
    owners = tuple(tapes.owner_of(entry) for entry in entries)
    calls = {
        id(entry.gradient.call): entry.gradient.call
        for entry in (tapes.entries(gradients) if gradients is not None else [])
        if isinstance(entry, Tensor) and entry.gradient is not None
    }
    asked = next(iter(calls.values())) if len(calls) == 1 else None
    guarded = reader.frame.guarded > 0
    one = Applied(
        optimizer,
        node,
        owners,
        asked,
        tuple(rounds.loops),
        reader.frame.function,
        guarded,
        reader.speculative,
        reader.frame.traced is not None,
        variables.part if isinstance(variables, ListValue) else None,
    )
    if owners and all(owner is not None for owner in owners) and not reader.silent:
        _stale(reader, one)
        _recreated(reader, one)
        if not strange:
            _counted_twice(reader, one)
        rounds.applied.append(one)


def _apart(left: Applied, right: Applied) -> bool:
    """Says whether two calls are given parts of one list that have nothing in common."""
    if left.part is None or right.part is None:
        return False
    (low, high), (after, end) = left.part, right.part
    return (high is not None and after == high) or (end is not None and low == end)


def _same_owners(left: Applied, right: Applied) -> bool:
    return (
        left.part == right.part
        and len(left.owners) == len(right.owners)
        and all(a is b for a, b in zip(left.owners, right.owners, strict=True))
    )


def _stale(reader: Reader, one: Applied) -> None:
    """The same gradients go to the same optimizer in each round of a loop."""
    rounds = of(reader)
    if one.asked is None or id(one.asked) not in rounds.asked or one.guarded:
        return
    loops = rounds.asked[id(one.asked)][1]
    if loops == one.loops or one.loops[: len(loops)] != loops:
        return
    for other in rounds.applied:
        if (
            other.asked is one.asked
            and other.node is one.node
            and other.optimizer is one.optimizer
            and other.loops == one.loops
            and _same_owners(other, one)
        ):
            others = ((reader.spot(one.asked.node), "taken once, before the loop"),)
            spot = reader.spot(one.node)
            habits.remark(reader, "stale-gradient", spot, "", tapes.names(list(one.owners)), others)


def _recreated(reader: Reader, one: Applied) -> None:
    """Another optimizer of the same line moves the same variables."""
    rounds = of(reader)
    optimizer = one.optimizer
    if optimizer.custom is not None or not _has_state(optimizer) or reader.frame.traced is not None:
        return
    if id(optimizer) not in rounds.made:
        return
    _, loops, function = rounds.made[id(optimizer)]
    inner = one.loops[len(loops) :]
    if inner and not (len(inner) == 1 and loops and _is_epoch(loops[-1][0])):
        return
    if _only_shown(function):
        return
    for other in rounds.applied:
        if (
            other.optimizer is not optimizer
            and other.optimizer.node is optimizer.node
            and other.node is one.node
            and _same_owners(other, one)
        ):
            others = ((reader.spot(one.node), "updates with a fresh state each time"),)
            spot = reader.spot(optimizer.node)
            habits.remark(reader, "optimizer-recreated", spot, optimizer.kind, (), others)
            return


def _has_state(optimizer: Optimizer) -> bool:
    """Says whether an optimizer remembers anything from step to step."""
    momentum = optimizer.arguments.get("momentum")
    return optimizer.kind != "SGD" or momentum is not None or scheduled(optimizer)


def _is_epoch(node: ast.AST) -> bool:
    """Says whether a loop counts epochs."""
    return isinstance(node, ast.For) and "epoch" in ast.unparse(node.target).lower()


def _only_shown(function: object) -> bool:
    """Says whether this is a test, or builds a graph of TensorFlow 1."""
    node = function.node if isinstance(function, Function) else None
    name = getattr(node, "name", "")
    return name.startswith("test") or "model_fn" in name


def scheduled(optimizer: Optimizer) -> bool:
    """Says whether the learning rate follows a schedule."""
    rate = optimizer.arguments.get("learning_rate")
    if isinstance(rate, Other):
        return rate.kind == "schedule"
    return isinstance(rate, Instance) and any(
        isinstance(base, Library) and base.name.endswith("LearningRateSchedule")
        for base in rate.of.bases
    )


def _pair_by_pair(reader: Reader, node: ast.Call) -> bool:
    """Says whether a loop over pairs hands each to a call of its own."""
    given = node.args[0] if node.args else None
    if not isinstance(given, ast.List | ast.Tuple) or len(given.elts) != 1:
        return False
    names = {one.id for one in ast.walk(given) if isinstance(one, ast.Name)}
    return any(
        isinstance(loop, ast.For)
        and isinstance(loop.target, ast.Tuple)
        and names <= {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
        and any(inner is node for inner in ast.walk(loop))
        for loop in ast.walk(reader.source.tree)
    )


def _counted_twice(reader: Reader, one: Applied) -> None:
    """Two lists take turns with one optimizer that follows a schedule."""
    if not scheduled(one.optimizer) or one.guarded:
        return
    if _pair_by_pair(reader, one.node):
        name = ast.unparse(one.node.func).rsplit(".", 1)[0]
        habits.remark(reader, "iterations-counter-off", reader.spot(one.node), name)
        return
    mine = [other for other in of(reader).applied if other.optimizer is one.optimizer]
    if len(mine) < 2:
        return
    first, second = mine[-2:]
    between = {id(owner) for owner in second.owners} & {id(owner) for owner in one.owners}
    if (
        _same_owners(first, one)
        and (not between or _apart(second, one))
        and not first.guarded
        and not second.guarded
        and first.loops == second.loops == one.loops
        and first.node is not second.node
    ):
        later = max(first.node, second.node, key=lambda node: (node.lineno, node.col_offset))
        earlier = second.node if later is first.node else first.node
        others = ((reader.spot(earlier), "counts one step"),)
        name = reader.spot(later.func.value).text if isinstance(later.func, ast.Attribute) else ""
        habits.remark(reader, "iterations-counter-off", reader.spot(later), name, (), others)


# Optimizers that a traced function holds

_NEW_TRACE = Variable | Layer | Optimizer | Instance


def _is_optimizer(value: Value | None) -> bool:
    return isinstance(value, Optimizer) or (
        isinstance(value, Instance) and value.of.base == "optimizer"
    )


def state_read(
    reader: Reader, scope: Scope, name: str, function: Function, value: Value, node: ast.AST
) -> None:
    """A traced function looks up an optimizer."""
    if _is_optimizer(value):
        of(reader).held.setdefault((id(scope), name), (scope, function, value, node))


def state_written(reader: Reader, scope: Scope, name: str, value: Value, node: ast.AST) -> None:
    """An optimizer is put in the place of another."""
    rounds = of(reader)
    held = rounds.held.get((id(scope), name))
    if held is None or held[0] is not scope:
        return
    made = getattr(value, "node", None)
    if reader.speculative and made is getattr(held[2], "node", None):
        # The same line again, in a function that the file itself never calls.
        return
    if _is_optimizer(value) and value is not held[2]:
        rounds.swapped[id(scope), name] = node
    else:
        rounds.swapped.pop((id(scope), name), None)


def traced_call(reader: Reader, function: Function, arguments: list[Value]) -> None:
    """A traced function is called; an optimizer it holds may have been replaced."""
    rounds = of(reader)
    objects: list[Value] = [value for value in arguments if isinstance(value, _NEW_TRACE)]
    before = rounds.given.setdefault(id(function), objects)
    if any(all(value is not known for known in before) for value in objects):
        # An object that it has not met: traced again, with what stands there now.
        rounds.given[id(function)] = objects
        return
    for key, node in rounds.swapped.items():
        scope, holder, _, read = rounds.held[key]
        if holder is not function:
            continue
        receiver = arguments[0] if arguments else None
        own = isinstance(receiver, Instance) and receiver.attributes is scope
        if scope is reader.module or own or not isinstance(receiver, Instance):
            others = ((reader.spot(read), "looked up once, when it was traced"),)
            spot = reader.spot(node)
            habits.remark(reader, "optimizer-swapped-under-trace", spot, function.name, (), others)


__all__ = [
    "Rounds",
    "applied",
    "asked_for",
    "generator_made",
    "given_once",
    "loop_begins",
    "loop_ends",
    "optimizer_made",
    "scheduled",
    "state_read",
    "state_written",
    "traced_call",
    "updated",
]
