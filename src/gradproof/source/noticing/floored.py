"""Learning rates that a part of all rounds is to scale, and that `//` makes 0."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...evidence.loop import Rate
from ..python.methods import named_once
from . import rates

if TYPE_CHECKING:
    from ..reader import Reader

_RATES = frozenset({"learning_rate", "lr"})
_HOOKS = re.compile(r"on_(train_)?(epoch|batch)_(begin|end)$")
_COUNTS = frozenset({"range", "enumerate"})
_ALL_ROUNDS = re.compile(r"(epochs|steps|updates|iterations|total|max)", re.IGNORECASE)
_WARM_UP = re.compile(r"warm|ramp", re.IGNORECASE)
_ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_RATE = re.compile(r"rate|(^|_)lr(_|$)|sched|warm", re.IGNORECASE)
_FALLS = re.compile(r"anneal|decay|ramp|rate|(^|_)lr(_|$)", re.IGNORECASE)
_WHOLE = re.compile(r"(^|[._])((n|num|total|max|all)_)?(epochs|iterations|rounds)$|_steps$|^steps$")
_COUNTER = re.compile(r"step|epoch|iter|batch|update|round", re.IGNORECASE)
_MANY = 100
"""What stands for a number that the program does not write out."""


def loop_begins(reader: Reader, node: ast.For) -> None:
    """A loop over `range(n)` may set the rate by the part of `n` that is over."""
    counted = node.iter
    ranged = isinstance(counted, ast.Call) and ast.unparse(counted.func) == "range"
    if ranged and counted.args and isinstance(node.target, ast.Name):  # type: ignore[attr-defined]
        end = ast.unparse(counted.args[min(1, len(counted.args) - 1)])  # type: ignore[attr-defined]
        _look(reader, node, node.target.id, re.compile(rf"(?<![\w.]){re.escape(end)}(?!\w)"))
    limited = [one for one in _rates_in(node) if _ends_at_1(one)]
    for counter in _counted_up(node) if limited else ():
        _look(reader, node, counter, _WARM_UP, limited)


def function_made(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """So may a callback, or a function of the rate, by the number that it is given."""
    if _RATE.search(node.name) and _ends_at_1(node):
        for given in node.args.args:
            if _COUNTER.search(given.arg):
                _look(reader, node, given.arg, _WARM_UP, _returned(node))
    floors = any(isinstance(one, ast.FloorDiv) for one in ast.walk(node))
    if floors and _FALLS.search(node.name) and _gives_a_rate(reader, node.name):
        for given in node.args.args:
            if _COUNTER.search(given.arg):
                _look(reader, node, given.arg, _WHOLE, _returned(node))
    if len(node.args.args) < 2:
        return
    counter = node.args.args[1].arg
    if _HOOKS.match(node.name):
        _look(reader, node, counter, _ALL_ROUNDS)
    elif node.name == "__call__" and _of_schedule(reader, node) and _ends_at_1(node):
        _look(reader, node, counter, _WARM_UP, _returned(node), _optimizer_of(reader, node))


def _gives_a_rate(reader: Reader, name: str) -> bool:
    """Says whether what a function returns is given to something that is called a rate."""
    nodes = reader.source.nodes
    functions = {one.name: one for one in nodes if isinstance(one, ast.FunctionDef)}
    for node in nodes:
        if isinstance(node, ast.Assign) and _calls(node.value, name):
            if any(_RATE.search(ast.unparse(one)) for one in node.targets):
                return True
        elif isinstance(node, ast.Call):
            target = functions.get(ast.unparse(node.func).rpartition(".")[2])
            names = [one.arg for one in target.args.args] if target is not None else []
            names = names[1:] if names[:1] == ["self"] else names
            given = [*zip(names, node.args, strict=False)]
            given += [(one.arg or "", one.value) for one in node.keywords]
            if any(_calls(value, name) and _RATE.search(called) for called, value in given):
                return True
            if "rate.assign" in ast.unparse(node.func) and any(
                _calls(one, name) for one in node.args
            ):
                return True
    return False


def _counted_up(loop: ast.For) -> set[str]:
    """Names that a loop adds 1 to, or counts its rounds by."""
    found = {
        one.target.id
        for one in ast.walk(loop)
        if isinstance(one, ast.AugAssign)
        and isinstance(one.target, ast.Name)
        and isinstance(one.value, ast.Constant)
        and one.value.value == 1
    }
    counter = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
    counts = isinstance(loop.iter, ast.Call) and ast.unparse(loop.iter.func) in _COUNTS
    return found | ({counter.id} if counts and isinstance(counter, ast.Name) else set())


def _returned(node: ast.AST) -> list[ast.expr]:
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value]


def _of_schedule(reader: Reader, node: ast.AST) -> bool:
    """Says whether a method belongs to a `LearningRateSchedule`."""
    return any(
        ast.unparse(base).endswith("LearningRateSchedule")
        for one in reader.around(node)
        if isinstance(one, ast.ClassDef)
        for base in one.bases
    )


def _optimizer_of(reader: Reader, node: ast.AST) -> ast.Call | None:
    """The one call that is given an object of the class of this method, or the name of one."""
    around = reader.around(node)
    cls = next((one.name for one in around if isinstance(one, ast.ClassDef)), "")
    nodes = list(ast.walk(reader.source.tree))
    names = {
        ast.unparse(one.targets[0])
        for one in nodes
        if isinstance(one, ast.Assign) and _calls(one.value, cls)
    }
    users = [
        one
        for one in nodes
        if isinstance(one, ast.Call)
        for given in (*one.args, *(keyword.value for keyword in one.keywords))
        if _calls(given, cls) or ast.unparse(given) in names
    ]
    return users[0] if len(users) == 1 else None


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name


def _ends_at_1(node: ast.AST) -> bool:
    """Says whether a share is cut at 1: what climbs by steps goes on beyond."""
    return any(
        isinstance(one, ast.Call)
        and ast.unparse(one.func).rpartition(".")[2] in ("min", "minimum", "clip_by_value")
        and any(isinstance(given, ast.Constant) and given.value == 1 for given in one.args)
        for one in ast.walk(node)
    )


def _look(
    reader: Reader,
    block: ast.AST,
    counter: str,
    whole: re.Pattern[str],
    given: list[ast.expr] | None = None,
    user: ast.Call | None = None,
) -> None:
    if reader.silent:
        return
    named = named_once(block)
    for written in _rates_in(block) if given is None else given:
        for factor in _factors(written, named):
            of_all = whole.search(ast.unparse(factor.right)) is not None
            counts = counter in _names(factor.left) and counter not in _names(factor.right)
            if of_all and counts and _mostly_zero(factor, counter):
                at, used = reader.spot(factor), reader.spot(user or written)
                cut = rates.operator(reader, factor)
                reader.facts.rates[Rate(at, "floored part", used, cut)] = None


def _rates_in(block: ast.AST) -> Iterator[ast.expr]:
    """What is written to the rate of an optimizer."""
    for node in ast.walk(block):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            holder = node.targets[0].value
            if node.targets[0].attr in _RATES and "opt" in ast.unparse(holder).lower():
                yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            rate = node.func.value if node.func.attr == "assign" else node.args[0]
            given = node.args[0] if node.func.attr == "assign" else node.args[-1]
            known = node.func.attr in ("assign", "set_value")
            if known and isinstance(rate, ast.Attribute) and rate.attr in _RATES:
                yield given


def _factors(node: ast.expr, named: dict[str, ast.expr]) -> Iterator[ast.BinOp]:
    """The `//` among the factors of a product."""
    if isinstance(node, ast.Name) and node.id in named:
        rest = {name: value for name, value in named.items() if name != node.id}
        yield from _factors(named[node.id], rest)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left, named)
        yield from _factors(node.right, named)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield from _factors(node.left, named)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        yield node
    elif isinstance(node, ast.Call) and node.args:
        # A share of no more than 1.
        limited = ast.unparse(node.func).rpartition(".")[2] in ("min", "minimum")
        inner = node.args[:1] if _casts(node) else node.args if limited else []
        for one in inner:
            yield from _factors(one, named)


def _casts(call: ast.Call) -> bool:
    """`float(x)`, `tf.cast(x, dtype)`."""
    return ast.unparse(call.func).rpartition(".")[2] in ("float", "int", "cast")


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _mostly_zero(division: ast.BinOp, counter: str) -> bool:
    """Says whether the quotient is 0 in most of the rounds."""
    results = [_number(division, counter, turn) for turn in range(_MANY)]
    return sum(result == 0 for result in results) > _MANY / 2


def _number(node: ast.expr, counter: str, turn: int) -> float | None:
    """The value of plain arithmetic, with a large number for each number but 0 and 1."""
    if isinstance(node, ast.Constant) and node.value in (0, 1):
        return 1.0 if node.value else 0.0
    if isinstance(node, ast.Name) and node.id == counter:
        return float(turn)
    if isinstance(node, ast.Call) and node.args and _casts(node):
        return _number(node.args[0], counter, turn)
    if not isinstance(node, ast.BinOp):
        return float(_MANY)
    left, right = _number(node.left, counter, turn), _number(node.right, counter, turn)
    function = _ARITHMETIC.get(type(node.op))
    if function is None or left is None or right is None:
        return None
    try:
        return function(left, right)
    except (ArithmeticError, TypeError):
        return None
