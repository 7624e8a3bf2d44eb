"""Where the result of clipping goes: to an optimizer, to a log, or nowhere."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.methods import name_of, names_read

if TYPE_CHECKING:
    from ..reader import Reader

CLIPS = frozenset({"clip_by_global_norm", "clip_by_norm", "clip_by_value"})
"""Functions that clip what they are given, and give it back."""


def clips_nothing(reader: Reader, node: ast.AST) -> ast.expr | None:
    """`tf.clip_by_norm(gradients[i], 1.0)` as a statement: nobody gets what it returns."""
    handed = names_read(node)
    for one in ast.walk(_home(reader, node)):
        call = one.value if isinstance(one, ast.Expr) else None
        clips = isinstance(call, ast.Call) and name_of(call.func) in CLIPS
        if call is not None and clips and names_read(call) & handed:
            return call
    return None


def _home(reader: Reader, node: ast.AST) -> ast.AST:
    """The function, or the module, that a node stands in."""
    tree = reader.home(node).tree
    return next((one for one in reader.around(node)[::-1] if _is_function(one)), tree)


def unread_factors(reader: Reader, node: ast.AST) -> ast.ListComp | None:
    """`small = [g * tf.minimum(1.0, bound / norm) for g in gradients]`, which nobody reads."""
    tree, function = reader.home(node).tree, _home(reader, node)
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


def thrown_away(tree: ast.AST, node: ast.AST) -> ast.AST | None:
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


def is_looked_at(tree: ast.AST, node: ast.AST) -> bool:
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
    maps = isinstance(node, ast.Call) and name_of(node.func) in ("map", "map_structure")
    return maps or isinstance(node, ast.ListComp | ast.GeneratorExp)


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
