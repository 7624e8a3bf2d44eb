"""Data that are used up: an iterator that a second round meets empty."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import habits
from .rounds import Once, of
from .values import Dataset, Function, ListValue, Value, Zip

if TYPE_CHECKING:
    from .reader import Reader


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
