"""What comes round again: data, gradients, optimizers, the counter of steps.

A loop is followed twice and a function that nobody calls is visited twice, so what one
round leaves behind is met by the next: an iterator that is used up, a gradient that
was applied before, an optimizer that stands at the same place and is another object.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..values import Asked, DictValue, Function, Optimizer, Scope, Tape, Value

if TYPE_CHECKING:
    from ..reader import Reader


Loops = tuple[tuple[ast.AST, int], ...]
"""Loops around a statement, outermost first: each with the number of its entry."""


@dataclass(eq=False, repr=False)
class Once:
    """A value that gives its items once.

    `spent`: the loop that used it up; `handed_out`: the call that hands it out each time.
    """

    value: Value
    words: str
    made: ast.AST
    spent: ast.For | ast.While | ast.comprehension | None = None
    handed_out: ast.AST | None = None


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
    traced: Function | None = None
    part: tuple[int, int | None] | None = None


@dataclass(eq=False, repr=False)
class Rounds:
    """What is kept from round to round."""

    loops: list[tuple[ast.AST, int]] = field(default_factory=list)
    entries: int = 0
    once: dict[int, Once] = field(default_factory=dict)
    generators: dict[int, Value] = field(default_factory=dict)
    updates: int = 0
    compiled: set[int] = field(default_factory=set)
    applied: list[Applied] = field(default_factory=list)
    made: dict[int, tuple[Optimizer, Loops, object]] = field(default_factory=dict)
    asked: dict[int, tuple[Asked, Loops]] = field(default_factory=dict)
    taped: dict[int, Loops] = field(default_factory=dict)
    held: dict[tuple[int, str], tuple[Scope | DictValue, Function, Value, ast.AST]] = field(
        default_factory=dict
    )
    swapped: dict[tuple[int, str], ast.AST] = field(default_factory=dict)
    given: dict[int, list[Value]] = field(default_factory=dict)
    traces: dict[tuple[int, int], list[dict[int, Optimizer]]] = field(default_factory=dict)
    signatures: dict[tuple[int, int], list[list[object]]] = field(default_factory=dict)
    tracing: dict[int, list[dict[int, Optimizer]]] = field(default_factory=dict)
    by_hand: dict[tuple[int, int, int], Asked] = field(default_factory=dict)
    last: list[tuple[Applied, list[Asked], ast.AST]] = field(default_factory=list)


def same_owners(left: Applied, right: Applied) -> bool:
    """Says whether two calls are given the same variables, in the same order."""
    return (
        left.part == right.part
        and len(left.owners) == len(right.owners)
        and all(a is b for a, b in zip(left.owners, right.owners, strict=True))
    )


def of(reader: Reader) -> Rounds:
    """The rounds of this reading."""
    return reader.facts.rounds


def opened(reader: Reader, number: int) -> None:
    """A tape is made."""
    of(reader).taped[number] = tuple(of(reader).loops)


def asked_for(reader: Reader, asked: Asked) -> None:
    """A tape is asked for gradients."""
    of(reader).asked[id(asked)] = (asked, tuple(of(reader).loops))


def left_behind(reader: Reader, tape: Tape) -> ast.For | None:
    """The loop that makes such a tape in each round, and that has ended."""
    now, then = tuple(of(reader).loops), of(reader).taped.get(tape.number, ())
    if then[: len(now)] != now or len(then) != len(now) + 1 or tape.depth != len(reader.frames):
        return None
    loop = then[-1][0]
    makes = isinstance(loop, ast.For) and any(
        isinstance(statement, ast.With)
        and any(item.context_expr is tape.node for item in statement.items)
        for statement in loop.body
    )
    leaves = any(isinstance(one, ast.Break | ast.Return) for one in ast.walk(loop))
    return loop if makes and not leaves else None  # type: ignore[return-value]


def optimizer_made(reader: Reader, optimizer: Optimizer) -> None:
    """An optimizer is made, and not while tracing, which raises."""
    if reader.frame.traced is not None:
        return
    rounds = of(reader)
    rounds.made[id(optimizer)] = (optimizer, tuple(rounds.loops), reader.frame.function)


def updated(reader: Reader) -> None:
    """Something trains here: an optimizer, `fit`, an assignment by hand."""
    of(reader).updates += 1
