"""Lists in which gradients add up, and that are handed over without beginning anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import habits, undivided
from .undivided import counts_rounds

if TYPE_CHECKING:
    from ..project import Source
    from ..reader import Reader
    from ..values import Optimizer

_LOOPS = (ast.For, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def applied(reader: Reader, optimizer: Optimizer, node: ast.Call) -> None:
    """`apply_gradients(zip(total, ...))`, where all that ever changes `total` adds to it."""
    total = _handed(node)
    if total is None or reader.silent:
        return
    source = reader.home(node)
    around = source.around(node)
    if undivided.steps_far(optimizer) and _waits(around):
        _not_divided(reader, node, total, around)
    _begun_each_round(reader, node, total, around)
    _gathered_for_ever(reader, node, total, around)
    parts = _repeated(source, around, total)
    changes = [change for part in parts for change in _changes(part, total)]
    if any(_handled(part, ast.unparse(total), node) for part in parts):
        return
    if changes and all(map(_adds, changes)):
        others = ((reader.spot(changes[-1]), "added to here"),)
        habits.remark(reader, "wrong-accumulation", reader.spot(node), "never reset", (), others)


def _not_divided(
    reader: Reader,
    node: ast.Call,
    total: ast.expr,
    around: list[ast.AST],
) -> None:
    """Gradients of means over parts that add up in a list, which is applied in some rounds.

    What a loop over tasks or heads adds up may be a sum that is meant.
    """
    name = ast.unparse(total)
    if not ast.unparse(node.args[0]).startswith((f"zip({name}, ", f"list(zip({name}, ")):
        return
    scope = _scope(reader, node, around)
    changes = list(_changes(scope, total))
    adding = [one for one in changes if any(map(_adds, _ways(one)))]
    scaled = any(
        isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div | ast.Mult)
        for change in changes
        for one in ast.walk(change.value)
    )
    elsewhere = {
        id(part)
        for one in ast.walk(scope)
        if isinstance(one, _FUNCTIONS) and one is not scope
        for part in ast.walk(one)
    }
    if not adding or scaled or len(adding) == len(changes):
        return
    if any(id(one) in elsewhere for one in adding):
        return
    inside = {id(one) for one in ast.walk(scope)}
    asked = [one.asked for one in reader.facts.asked if id(one.asked.node) in inside]
    means = [undivided.mean_behind(reader, one) for one in asked]
    if means and means[0] is not None and all(one is means[0] for one in means):
        spot = reader.spot(node)
        others = (
            (reader.spot(adding[-1]), "added up here"),
            (reader.spot(means[0]), "a mean over one part"),
        )
        habits.remark(reader, "wrong-accumulation", spot, "not divided", (), others)


def _ways(change: ast.Assign | ast.AugAssign) -> Iterator[ast.Assign | ast.AugAssign]:
    """`total = gradients if total is None else [...]` gives either."""
    yield change
    if isinstance(change, ast.Assign) and isinstance(change.value, ast.IfExp):
        for value in (change.value.body, change.value.orelse):
            yield ast.Assign(targets=change.targets, value=value)


def _begun_each_round(
    reader: Reader, node: ast.Call, total: ast.expr, around: list[ast.AST]
) -> None:
    """A loop that makes the list of zeros anew in each round; what is applied is its last one.

    The optimizer is called behind the loop, or in some of its rounds: `if step % parts == 0`.
    """
    held = {id(one) for one in around}
    waits = _waits(around)
    for loop in ast.walk(_scope(reader, node, around)):
        if not isinstance(loop, _LOOPS) or loop.lineno > node.lineno:
            continue
        own = id(loop) in held
        if own and not (waits and _is_innermost(loop, around)):
            continue
        changes = list(_changes(loop, total))
        begun = [one for one in changes if one in loop.body and _is_zeros(one.value)]
        adding = [one for one in changes if _adds(one)]
        if own and any(one not in loop.body for one in adding):
            continue
        name = ast.unparse(total)
        reads = [one for one in ast.walk(loop) if _is_read(one, name)]
        # One read more is that of the call itself, where the loop holds it.
        if len(begun) == 1 and adding and len(changes) == len(reads) - own + 1 == len(adding) + 1:
            others = (
                (reader.spot(adding[-1]), "added to here"),
                (reader.spot(node), "given the sum of the last round"),
            )
            spot = reader.spot(begun[0])
            habits.remark(reader, "wrong-accumulation", spot, "begun each round", (), others)


def _scope(reader: Reader, node: ast.AST, around: list[ast.AST]) -> ast.AST:
    """The function, or the module, in which a call stands."""
    inner = next((one for one in reversed(around) if isinstance(one, _FUNCTIONS)), None)
    return inner or reader.home(node).tree


def _waits(around: list[ast.AST]) -> bool:
    """Says whether a call is made in some rounds: `if step % parts == 0`."""
    return any(isinstance(one, ast.If) and counts_rounds(one) for one in around)


def _is_innermost(loop: ast.AST, around: list[ast.AST]) -> bool:
    """Says whether no other loop stands between this one and what it is asked for."""
    loops = [one for one in around if isinstance(one, _LOOPS)]
    return bool(loops) and loops[-1] is loop


def _gathered_for_ever(
    reader: Reader, node: ast.Call, total: ast.expr, around: list[ast.AST]
) -> None:
    """`parts.append(gradients)`, of which all are summed up for each update, old ones as well."""
    inner: list[ast.AST] = []
    for one in around:
        inner = [] if isinstance(one, _FUNCTIONS) else [*inner, one]
    loop = next((one for one in inner if isinstance(one, _LOOPS)), None)
    made = [one for one in _changes(loop, total) if _sums(one)] if loop is not None else []
    if loop is None or len(made) != 1:
        return
    for name in {one.id for one in ast.walk(made[0].value) if isinstance(one, ast.Name)}:
        adding = [one for one in ast.walk(loop) if _appends(one, name)]
        whole = not any(
            isinstance(one, ast.Subscript) and ast.unparse(one.value) == name
            for one in ast.walk(loop)
        )
        if adding and whole and not _ends(loop, name):
            others = ((reader.spot(adding[0]), "added to here"),)
            spot = reader.spot(node)
            habits.remark(reader, "wrong-accumulation", spot, "never reset", (), others)


def _sums(change: ast.Assign | ast.AugAssign) -> bool:
    """`total = [tf.add_n(group) for group in zip(*parts)]`."""
    made = change.value if isinstance(change, ast.Assign) else None
    over = ast.unparse(made.generators[0].iter) if isinstance(made, ast.ListComp) else ""
    return over.startswith("zip(*")


def _appends(node: ast.AST, name: str) -> bool:
    """`parts.append(gradients)`."""
    called = node.func if isinstance(node, ast.Call) else None
    appends = isinstance(called, ast.Attribute) and called.attr == "append"
    return appends and ast.unparse(called.value) == name  # type: ignore[union-attr]


def _ends(loop: ast.AST, name: str) -> bool:
    """Says whether anything in a loop may empty a list, or give its name to another."""
    for one in ast.walk(loop):
        if isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Load):
            return True
        called = one.func if isinstance(one, ast.Call) else None
        asked = isinstance(called, ast.Attribute) and ast.unparse(called.value) == name
        if asked and called.attr != "append":  # type: ignore[union-attr]
            return True
        given = one.args if isinstance(one, ast.Call) else []
        if name in map(ast.unparse, given) and ast.unparse(called or one) != "len":
            return True
    return False


def _is_read(node: ast.AST, name: str) -> bool:
    named = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
    return named and ast.unparse(node) == name


def _is_zeros(value: ast.expr) -> bool:
    """`[tf.zeros_like(v) for v in variables]`."""
    made = value.elt if isinstance(value, ast.ListComp) else None
    called = ast.unparse(made.func) if isinstance(made, ast.Call) else ""
    return called.rpartition(".")[2] in ("zeros", "zeros_like")


def _repeated(source: Source, around: list[ast.AST], total: ast.expr) -> list[ast.AST]:
    """What runs from one update to the next: a loop, or the methods of a class."""
    if isinstance(total, ast.Attribute):
        owner = next((one for one in reversed(around) if isinstance(one, ast.ClassDef)), None)
        body: list[ast.AST] = [*owner.body] if owner is not None else []
        inherits = owner is not None and any(_is_of_program(base) for base in owner.bases)
        if inherits or total.attr in source.set_from_outside:
            return []
        return [one for one in body if getattr(one, "name", "") != "__init__"]
    inner: list[ast.AST] = []
    for one in around:
        inner = [] if isinstance(one, _FUNCTIONS) else [*inner, one]
    inner.reverse()
    loops: list[ast.AST] = [
        one for one in inner if isinstance(one, _LOOPS) and any(_changes(one, total))
    ]
    return loops[:1]


def _is_of_program(base: ast.expr) -> bool:
    """Says whether a base may have methods that empty a list: libraries know nothing of it."""
    return isinstance(base, ast.Name) and base.id not in ("object", "ABC", "Model", "Module")


def _handed(node: ast.Call) -> ast.Name | ast.Attribute | None:
    """The list whose entries stand at the gradients' place, divided by a number maybe."""
    pairs = node.args[0] if node.args else None
    first = pairs.args[0] if isinstance(pairs, ast.Call) and len(pairs.args) == 2 else None
    named = ast.unparse(pairs.func) if isinstance(pairs, ast.Call) else ""
    if isinstance(first, ast.ListComp) and len(first.generators) == 1:
        first = first.generators[0].iter if isinstance(first.elt, ast.BinOp) else None
    if isinstance(first, ast.Attribute) and ast.unparse(first.value) != "self":
        return None
    return first if named == "zip" and isinstance(first, ast.Name | ast.Attribute) else None


def _changes(part: ast.AST, total: ast.expr) -> Iterator[ast.Assign | ast.AugAssign]:
    """Statements that give a list, or an entry of it, another value."""
    name = ast.unparse(total)
    for one in ast.walk(part):
        targets = one.targets if isinstance(one, ast.Assign) else [getattr(one, "target", None)]
        for target in targets if isinstance(one, ast.Assign | ast.AugAssign) else ():
            whole = target.value if isinstance(target, ast.Subscript) else target
            if whole is not None and ast.unparse(whole) == name:
                yield one  # type: ignore[misc]


def _handled(part: ast.AST, name: str, applying: ast.Call) -> bool:
    """Says whether a method or function may empty a list: `total.clear()`, `empty(total)`."""
    for one in ast.walk(part):
        call = one.value if isinstance(one, ast.Expr) else None
        if isinstance(one, ast.Delete) and name in map(ast.unparse, _wholes(one.targets)):
            return True
        if isinstance(call, ast.Call) and call is not applying:
            owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
            if name in map(ast.unparse, (owner, *call.args)):
                return True
    return False


def _wholes(targets: list[ast.expr]) -> Iterator[ast.expr]:
    """What entries are taken of, or a thing itself."""
    for target in targets:
        yield target.value if isinstance(target, ast.Subscript) else target


def _adds(change: ast.Assign | ast.AugAssign) -> bool:
    """`total[i] += g`, `total = [t + g for t, g in zip(total, gradients)]`."""
    if isinstance(change, ast.AugAssign):
        return isinstance(change.op, ast.Add) and isinstance(change.target, ast.Subscript)
    target, value = ast.unparse(change.targets[0]), change.value
    if isinstance(change.targets[0], ast.Subscript):
        return _is_sum_with(value, target)
    if not isinstance(value, ast.ListComp) or len(value.generators) != 1:
        return False
    loop = value.generators[0]
    columns = loop.iter.args if isinstance(loop.iter, ast.Call) else []
    names = loop.target.elts if isinstance(loop.target, ast.Tuple) else []
    for column, name in zip(columns, names, strict=False):
        if ast.unparse(column) == target:
            return _is_sum_with(value.elt, ast.unparse(name))
    return False


def _is_sum_with(value: ast.expr, term: str) -> bool:
    """`term + ...`, or `tf.add(term, ...)`."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return term in (ast.unparse(value.left), ast.unparse(value.right))
    called = ast.unparse(value.func).rpartition(".")[2] if isinstance(value, ast.Call) else ""
    arguments = value.args if isinstance(value, ast.Call) else []
    return called == "add" and any(ast.unparse(one) == term for one in arguments)
