"""Clipped gradients that nobody uses, and variables that stand in a list twice."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..framework import parts, tapes
from ..values import Asked, Function, ListValue, Tensor, Value
from . import habits

if TYPE_CHECKING:
    from ..reader import Reader

_CLIPS = frozenset({"clip_by_global_norm", "clip_by_norm", "clip_by_value"})


@dataclass(eq=False, repr=False)
class Clips:
    """What was clipped, and what was applied.

    `clipped`: calls of clipping, by the gradient call whose result they take; `fresh`: tokens
    of clipped tensors; `raw` and `kept`: gradient calls whose raw or clipped results were
    applied; `turned`: those whose results were applied with the other sign, or nobody knows
    with which; `in_vain`: calls of a function that clips what it is given for itself alone.
    """

    clipped: dict[int, tuple[Asked, ast.AST]] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    raw: dict[int, tuple[Asked, ast.AST]] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    turned: set[int] = field(default_factory=set)
    in_vain: dict[int, tuple[Asked, ast.AST, ast.Assign]] = field(default_factory=dict)


def clipped(reader: Reader, short: str, value: Value | None, result: Value, node: ast.AST) -> None:
    """Gradients are clipped."""
    if short not in _CLIPS or value is None or reader.silent:
        return
    clips = reader.facts.clips
    given = [one for one in tapes.entries(value) if isinstance(one, Tensor) and one.gradient]
    for entry in given:
        assert entry.gradient is not None
        clips.clipped[id(entry.gradient.call)] = (entry.gradient.call, node)
    for one in tapes.entries(result):
        if isinstance(one, Tensor):
            clips.fresh |= one.tokens
    if given and short == "clip_by_global_norm" and _is_one_of_many(reader, node):
        habits.remark(reader, "clipped-apart", reader.spot(node), "alone")


def _is_one_of_many(reader: Reader, node: ast.AST) -> bool:
    """`[tf.clip_by_global_norm([g], bound)[0][0] for g in gradients]`, or the same in a loop."""
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if not isinstance(given, ast.List | ast.Tuple) or len(given.elts) != 1:
        return False
    rounds: list[ast.For | ast.comprehension] = []
    for one in reader.around(node):
        rounds += [one] if isinstance(one, ast.For) else getattr(one, "generators", [])
    targets = {ast.unparse(part) for one in rounds for part in ast.walk(one.target)}
    return ast.unparse(given.elts[0]) in targets


def applied(reader: Reader, gradients: Value | None, node: ast.AST) -> None:
    """Gradients reach an optimizer: clipped ones, or those that the tape returned."""
    clips = reader.facts.clips
    for entry in tapes.entries(gradients) if gradients is not None else []:
        if not isinstance(entry, Tensor) or entry.gradient is None:
            continue
        call = entry.gradient.call
        made = entry.made[-1] if entry.made else None
        if entry.sign != 1:
            clips.turned.add(id(call))
        if entry.tokens & clips.fresh or not (made is call.node or _same_values(made)):
            clips.kept.add(id(call))
        else:
            clips.raw[id(call)] = (call, node)


def _same_values(made: ast.AST | None) -> bool:
    """`tf.convert_to_tensor(gradient)`, which makes rows dense."""
    called = ast.unparse(made.func) if isinstance(made, ast.Call) else ""
    return called.rpartition(".")[2] in ("convert_to_tensor", "identity")


def handed(reader: Reader, function: Function, given: dict[str, Value], node: ast.AST) -> None:
    """A function is given gradients, and gives its own name for them to clipped ones in vain."""
    for name, value in given.items():
        items = value.items if isinstance(value, ListValue) else []
        first = items[0] if items else None
        if not isinstance(first, Tensor) or first.gradient is None or reader.silent:
            continue
        dead = _scaled_in_vain(function.node, name)
        if dead is not None:
            call = first.gradient.call
            reader.facts.clips.in_vain[id(call)] = (call, node, dead)


def _scaled_in_vain(function: ast.AST, name: str) -> ast.Assign | None:
    """`grads = [g * factor for g in grads]` in a function that does not read them again."""
    for loop in ast.walk(function):
        if isinstance(loop, ast.For | ast.While | ast.Nonlocal | ast.Global):
            return None
    for one in ast.walk(function):
        made = one.value if isinstance(one, ast.Assign) else None
        if not isinstance(made, ast.ListComp) or len(made.generators) != 1:
            continue
        assert isinstance(one, ast.Assign)
        own = [ast.unparse(target) for target in one.targets] == [name]
        over = ast.unparse(made.generators[0].iter) == name
        product = isinstance(made.elt, ast.BinOp) and isinstance(made.elt.op, ast.Mult | ast.Div)
        if own and over and product and not _is_read_behind(function, name, one):
            return one
    return None


def _is_read_behind(function: ast.AST, name: str, statement: ast.stmt) -> bool:
    end = statement.end_lineno or statement.lineno
    return any(
        isinstance(one, ast.Name)
        and one.id == name
        and isinstance(one.ctx, ast.Load)
        and one.lineno > end
        for one in ast.walk(function)
    )


def repeated(reader: Reader, variables: Value | None, node: ast.Call) -> None:
    """A list of variables that an optimizer is given holds one of them twice."""
    if not isinstance(variables, ListValue) or not variables.exact or reader.silent:
        return
    entries = tapes.entries(variables)
    owners = [tapes.owner_of(entry) for entry in entries]
    known = [owner for owner in owners if owner is not None and tapes.is_known(owner)]
    twice = [tapes.owner_of(entry) for entry in parts.repeated(entries)]
    if twice and len(known) == len(owners):
        where = variables.node if variables.node is not None else node
        if isinstance(where, ast.List) and not where.elts:
            # An empty list that was filled later tells nothing.
            where = node
        names = tapes.names(list(twice))
        others = () if where is node else ((reader.spot(node), "applied twice here"),)
        habits.remark(reader, "duplicate-variable", reader.spot(where), "", names, others)


def finish(reader: Reader) -> None:
    """Clipping whose result went nowhere."""
    clips = reader.facts.clips
    for key, (_, called, dead) in clips.in_vain.items():
        if key in clips.raw and key not in clips.kept:
            others = [
                (reader.spot(dead), "nobody reads these"),
                (reader.spot(clips.raw[key][1]), "applied as they were"),
            ]
            habits.remark(reader, "clipping-dropped", reader.spot(called), "", (), tuple(others))
    for key, (_, node) in clips.raw.items():
        unread = _unread_factors(reader, node) if key not in clips.kept else None
        if unread is not None:
            others = [(reader.spot(node), "applied as they were")]
            habits.remark(reader, "clipping-dropped", reader.spot(unread), "", (), tuple(others))
    for key, (_, node) in clips.clipped.items():
        if key not in clips.raw or key in clips.kept:
            continue
        lost = _thrown_away(reader.home(node).tree, node)
        if lost is None and _is_looked_at(reader.home(node).tree, node):
            continue
        others = [(reader.spot(clips.raw[key][1]), "applied as they were")]
        if lost is not None:
            others.insert(0, (reader.spot(node), "clipped here"))
        spot = reader.spot(lost if lost is not None else node)
        habits.remark(reader, "clipping-dropped", spot, "", (), tuple(others))


def _unread_factors(reader: Reader, node: ast.AST) -> ast.ListComp | None:
    """`small = [g * tf.minimum(1.0, bound / norm) for g in gradients]`, which nobody reads."""
    tree = reader.home(node).tree
    function = next((one for one in reader.around(node)[::-1] if _is_function(one)), tree)
    handed = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    for one in ast.walk(function):
        made = one.value if isinstance(one, ast.Assign) else None
        if not isinstance(made, ast.ListComp) or len(made.generators) != 1:
            continue
        assert isinstance(one, ast.Assign)
        (target, *_), over = one.targets, made.generators[0].iter
        product = isinstance(made.elt, ast.BinOp) and isinstance(made.elt.op, ast.Mult | ast.Div)
        bounds = "minimum(" in ast.unparse(made.elt) or "maximum(" in ast.unparse(made.elt)
        named = isinstance(target, ast.Name) and isinstance(over, ast.Name) and over.id in handed
        if product and bounds and named and not _is_read(tree, {target.id}, one):  # type: ignore[attr-defined]
            return made
    return None


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _thrown_away(tree: ast.AST, node: ast.AST) -> ast.AST | None:
    """The call of a function for its clipping, if no call takes the clipped part of its result."""
    helpers = [
        (one, parts)
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef) and (parts := _returned(one, node))
    ]
    if not helpers:
        return None
    helper, parts = helpers[-1]
    calls = [
        one
        for one in ast.walk(tree)
        if isinstance(one, ast.Call)
        and helper.name in (getattr(one.func, "id", ""), getattr(one.func, "attr", ""))
    ]
    lost = {
        id(one.value)
        for one in ast.walk(tree)
        if isinstance(one, ast.Expr | ast.Assign) and _goes_nowhere(tree, one, parts)
    }
    return calls[0] if calls and all(id(one) in lost for one in calls) else None


def _returned(function: ast.FunctionDef, node: ast.AST) -> set[int | None]:
    """The parts of what a function returns that were clipped there; None is the whole."""
    if not _holds(function, node):
        return set()
    names = {
        first.id
        for one in ast.walk(function)
        if isinstance(one, ast.Assign) and _holds(one.value, node)
        for target in one.targets
        for first in getattr(target, "elts", [target])[:1]
        if isinstance(first, ast.Name)
    }
    found: set[int | None] = set()
    for one in ast.walk(function):
        if not isinstance(one, ast.Return) or one.value is None:
            continue
        parts = one.value.elts if isinstance(one.value, ast.Tuple) else [one.value]
        for index, part in enumerate(parts):
            if _holds(part, node) or (isinstance(part, ast.Name) and part.id in names):
                found.add(index if len(parts) > 1 else None)
    return found


def _goes_nowhere(tree: ast.AST, statement: ast.Expr | ast.Assign, parts: set[int | None]) -> bool:
    """Says whether a statement throws these parts away, or gives them names that nobody reads."""
    if isinstance(statement, ast.Expr):
        return True
    if not isinstance(statement.value, ast.Call) or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    taken: list[ast.expr] = [target]
    if isinstance(target, ast.Tuple):
        places = [part or 0 for part in parts]
        taken = [one for index, one in enumerate(target.elts) if index in places]
    names = {one.id for one in taken if isinstance(one, ast.Name)}
    return len(names) == len(taken) and not _is_read(tree, names, statement)


def _is_looked_at(tree: ast.AST, node: ast.AST) -> bool:
    """Says whether anything of the result is read: the norm for a log, for one."""
    statements = [one for one in ast.walk(tree) if isinstance(one, ast.Expr | ast.Assign)]
    for statement in statements:
        if isinstance(statement, ast.Expr) and statement.value is node:
            return False
        if isinstance(statement, ast.Assign) and _holds(statement.value, node):
            names = [
                one.id
                for target in statement.targets
                for one in ast.walk(target)
                if isinstance(one, ast.Name)
            ]
            # Who gives the clipped ones a name of their own did not ask for the norm alone.
            first = next(iter(getattr(statement.targets[0], "elts", ())), None)
            named = isinstance(first, ast.Name) and not _is_unwanted(first.id)
            if named:
                return _is_read(tree, {*names[:1]}, statement)
            return _is_read(tree, {*names}, statement, measured=True)
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".append"):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and _holds(statement, node):
                return _is_read(tree, {owner.id}, statement)
    # Part of another expression: a comprehension that is thrown away, or used.
    return not any(
        isinstance(one, ast.Expr) and _holds(one.value, node) and _is_bare(one.value)
        for one in ast.walk(tree)
    )


def _is_unwanted(name: str) -> bool:
    return name.startswith(("_", "unused", "dummy", "ignored"))


def _holds(expression: ast.AST, node: ast.AST) -> bool:
    return any(one is node for one in ast.walk(expression))


def _is_bare(node: ast.AST) -> bool:
    return isinstance(node, ast.ListComp | ast.GeneratorExp)


def _is_read(tree: ast.AST, names: set[str], after: ast.stmt, *, measured: bool = False) -> bool:
    """Says whether a name is read in the function in which it was bound.

    `gradient = tf.clip_by_value(gradient, ...)` reads it for itself alone. Who asks how large
    clipped ones are has no use for them; only where they are `measured` is that a use.
    """
    own = {id(one) for one in ast.walk(after)}
    function = next(
        (
            one
            for one in reversed([n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)])
            if _holds(one, after)
        ),
        tree,
    )
    for node in ast.walk(function) if not measured else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _MEASURES:
            own |= {id(one) for one in ast.walk(node)}
    return any(
        isinstance(one, ast.Name)
        and one.id in names
        and isinstance(one.ctx, ast.Load)
        and id(one) not in own
        for one in ast.walk(function)
    )


_MEASURES = frozenset({"global_norm", "norm", "print", "len", "histogram"})
