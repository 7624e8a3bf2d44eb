"""Data that are used up: an iterator that a second round meets empty."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .. import escaping
from ..joining import flow_of
from ..noticing import habits
from ..noticing.rounds import Once, of
from ..values import Dataset, Function, Instance, ListValue, Value, Zip
from . import binding, own_iterators

if TYPE_CHECKING:
    from ..reader import Reader

_Loop = ast.For | ast.While | ast.comprehension


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


def handed_on(reader: Reader, source: Value | None, made: Value, node: ast.AST) -> Value:
    """Data that go through an iterator each time they are looped over; gives them back."""
    known = of(reader).once.get(id(source))
    if known is not None and known.value is source and made is not source:
        out = known.handed_out or node
        of(reader).once[id(made)] = Once(made, known.words, known.made, handed_out=out)
    return made


def generator_made(
    reader: Reader, function: Function, value: Dataset | ListValue, node: ast.AST
) -> None:
    """A generator of the program is called."""
    of(reader).generators[id(value)] = value
    if _goes_round(function.node):
        reader.facts.batches.several[id(value)] = value
    if not _endless(function.node):
        given_once(reader, value, f"the generator `{function.name}`", node)


def _goes_round(function: ast.AST) -> bool:
    """Says whether a generator gives its items in a loop."""
    return any(
        isinstance(one, ast.Yield)
        for loop in ast.walk(function)
        if isinstance(loop, ast.For | ast.While)
        for one in ast.walk(loop)
    )


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
    if isinstance(value, Instance) and own_iterators.ends_once(reader, value):
        rounds.once.setdefault(id(value), Once(value, f"`{value.of.name}`", value.node))
    elif isinstance(value, Instance):
        # `__iter__` may hand out what it keeps, the same one for each loop.
        value = binding.call_method(reader, value, "__iter__", [], node) or value
    known = rounds.once.get(id(value))
    return known if known is not None and known.value is value else None


def loop_begins(reader: Reader, node: ast.For | ast.While, value: Value | None) -> Once | None:
    """A loop is entered; returns the iterator that it runs over."""
    rounds = of(reader)
    rounds.entries += 1
    once = None
    over = _runs_over(node)
    if over is not None and (value is not None or isinstance(node, ast.While)):
        once = _iterated(reader, over, value or reader.evaluate(over))
    rounds.loops.append((node, rounds.entries))
    return once


def loop_ends(
    reader: Reader, node: ast.For | ast.While, once: Once | None, updates: int, left: str | None
) -> None:
    """A loop is left after `updates` more updates than before."""
    of(reader).loops.pop()
    if once is not None:
        _used(reader, node, once, updates, to_the_end=left is None and not _leaves(node))


def _runs_over(node: _Loop) -> ast.expr | None:
    """What a loop takes its items from: `for item in it`, or `next(it)` until there is none."""
    if not isinstance(node, ast.While):
        return node.iter
    asked = _asked(node)
    if asked is not None:
        return asked
    attempt = _attempt(node)
    for one in ast.walk(ast.Module(attempt.body, [])) if attempt is not None else ():
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "next":
            named = len(one.args) == 1 and isinstance(one.args[0], ast.Name | ast.Attribute)
            return one.args[0] if named else None
    return None


def _asked(node: ast.While) -> ast.expr | None:
    """The iterator of a loop that begins `batch = next(it, None)`, `if batch is None: break`."""
    if len(node.body) < 2 or not isinstance(node.body[0], ast.Assign):
        return None
    first, call, ends = node.body[0], node.body[0].value, node.body[1]
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "next" or len(call.args) != 2:
        return None
    named = isinstance(call.args[0], ast.Name | ast.Attribute)
    return call.args[0] if named and _ends_without(ends, first.targets[0]) else None


def _ends_without(statement: ast.stmt, item: ast.expr) -> bool:
    """`if batch is None: break`."""
    if not isinstance(statement, ast.If) or not isinstance(statement.body[-1], ast.Break):
        return False
    return (
        len(statement.body) == 1 and ast.unparse(statement.test) == f"{ast.unparse(item)} is None"
    )


def _attempt(node: ast.While) -> ast.Try | None:
    """The `try` of a loop that ends when there are no items left, as `for` does."""
    for statement in node.body:
        for handler in statement.handlers if isinstance(statement, ast.Try) else ():
            caught = ast.unparse(handler.type).rpartition(".")[2] if handler.type else ""
            ends = isinstance(handler.body[-1], ast.Break | ast.Return)
            # Who makes the iterator anew there begins again.
            anew = any(isinstance(one, ast.Assign) for one in handler.body)
            if caught in ("StopIteration", "OutOfRangeError") and ends and not anew:
                return statement  # type: ignore[return-value]
    return None


def gathering_begins(reader: Reader, node: ast.comprehension, value: Value) -> Once | None:
    """A comprehension is entered; returns the iterator that it runs over."""
    return _iterated(reader, node.iter, value)


def gathering_ends(
    reader: Reader, node: ast.comprehension, once: Once | None, updates: int
) -> None:
    """A comprehension has met all items."""
    if once is not None:
        _used(reader, node, once, updates, to_the_end=True)


def _used(reader: Reader, node: _Loop, once: Once, updates: int, *, to_the_end: bool) -> None:
    """Items of an iterator were met; an earlier loop may have left none."""
    if once.spent is not None and of(reader).updates > updates:
        if _holds_gradients(once.value):
            _pairs_spent(reader, once, _runs_over(node) or once.made)
            return
        others = [(reader.spot(once.made), "made once, here")]
        if once.spent is not node:
            others.append((reader.spot(_runs_over(once.spent) or once.made), "used up here"))
        spot = reader.spot(_runs_over(node) or once.made)
        if once.handed_out is not None:
            others.append((spot, "empty from the second time on"))
            spot = reader.spot(once.handed_out)
        names = ("handed out",) if once.handed_out is not None else ()
        habits.remark(reader, "data-iterator-spent", spot, once.words, names, tuple(others))
    elif once.spent is not None and _follows(reader, once.spent, node):
        _sifted_twice(reader, once, node)
    elif to_the_end:
        once.spent = node


def handed_over(reader: Reader, value: Value, node: ast.AST) -> None:
    """An optimizer is given an iterator of pairs that somebody has met all of."""
    once = of(reader).once.get(id(value))
    if isinstance(value, Zip) or once is None or once.value is not value:
        return
    if once.spent is not None and _holds_gradients(value):
        _pairs_spent(reader, once, node)


def _follows(reader: Reader, first: _Loop, second: _Loop) -> bool:
    """Says whether a loop comes behind another one for sure: in no other branch than that."""
    before, behind = _runs_over(first), _runs_over(second)
    if before is None or behind is None or before is behind:
        return False
    branches = (ast.If, ast.IfExp, ast.Try, ast.FunctionDef, ast.Lambda)
    around = [one for one in reader.around(before) if isinstance(one, branches)]
    there = reader.around(behind)
    together = all(
        isinstance(one, ast.FunctionDef | ast.Lambda) or _side(one, before) == _side(one, behind)
        for one in around
    )
    return together and all(one in there for one in around)


def _side(branch: ast.AST, node: ast.AST) -> str:
    """The part of a branch that a node stands in."""
    for part in ("test", "body", "orelse", "handlers", "finalbody"):
        value = getattr(branch, part, None) or []
        for one in value if isinstance(value, list) else [value]:
            if any(inner is node for inner in ast.walk(one)):
                return part
    return ""


def _sifted_twice(reader: Reader, once: Once, node: _Loop) -> None:
    """`[... for g, v in pairs if a(v)]`, and then `[... for g, v in pairs if not a(v)]`."""
    over = _runs_over(node)
    if over is None or once.spent is None or not _holds_gradients(once.value) or reader.silent:
        return
    spent = _runs_over(once.spent) or once.made
    others = ((reader.spot(once.made), "made once, here"), (reader.spot(spent), "used up here"))
    habits.remark(reader, "spent-zip", reader.spot(over), once.words, ("sifted",), others)


_CHANGES = frozenset({"assign", "assign_add", "assign_sub", "apply_gradients"})


def thrown_away(reader: Reader, value: Value) -> None:
    """An iterator that would change variables is dropped, and nobody has met its items."""
    once = of(reader).once.get(id(value))
    if once is None or once.value is not value or once.spent is not None or reader.silent:
        return
    changes = [
        one
        for one in ast.walk(once.made)
        if isinstance(one, ast.Attribute) and one.attr in _CHANGES
    ]
    if changes and isinstance(once.made, ast.Call | ast.GeneratorExp):
        others = ((reader.spot(changes[0]), "never runs"),)
        spot = reader.spot(once.made)
        habits.remark(reader, "gradients-never-applied", spot, once.words, (), others)


def _pairs_spent(reader: Reader, once: Once, node: ast.AST) -> None:
    """Gradients and their variables were met before, and there is nothing left of them."""
    spent = _runs_over(once.spent) if once.spent is not None else None
    others = [(reader.spot(node), "empty here")]
    if spent is not None and spent is not node:
        others.insert(0, (reader.spot(spent), "used up here"))
    habits.remark(reader, "spent-zip", reader.spot(once.made), once.words, (), tuple(others))


def _holds_gradients(value: Value) -> bool:
    parts = value.columns if isinstance(value, Zip) else [value]
    return any(escaping.gradients_in(flow_of(part)) for part in parts)


def _leaves(node: ast.For | ast.While) -> bool:
    """Says whether a loop may end before its data do."""
    body = node.body
    attempt = _attempt(node) if isinstance(node, ast.While) else None
    if attempt is not None:
        body = [part for one in body for part in (one.body if one is attempt else [one])]
    elif isinstance(node, ast.While) and _asked(node) is not None:
        body = body[2:]
    return any(isinstance(inner, ast.Break | ast.Return) for inner in _statements(body))


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
